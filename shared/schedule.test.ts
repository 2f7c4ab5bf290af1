import { expect, it } from 'vitest';
import { nodeSchema } from './node.ts';
import { platformSchema } from './platform.ts';
import { modeOf } from './schedule.ts';

function node(platform: string, ...emulated: string[]) {
  return nodeSchema.parse({
    connection: 'one',
    engine: 'podman',
    version: '5.4.2',
    apiVersion: '5.4.2',
    hostname: 'one',
    rootless: true,
    platform,
    emulated,
    cpus: 4,
    memory: { total: 8e9, free: 1e9 },
    disk: { total: 1e11, free: 5e10 },
    latencyMs: 1,
    capabilities: { exportFormats: [], limits: [] },
  });
}

it.each([
  ['linux/amd64', 'its own platform', 'native', node('linux/amd64', 'linux/s390x')],
  ['linux/386', 'which every 64-bit PC runs', 'native', node('linux/amd64', 'linux/386')],
  ['linux/s390x', 'which it emulates', 'emulated', node('linux/amd64', 'linux/s390x')],
  ['linux/amd64/v3', 'a newer processor', undefined, node('linux/amd64')],
  ['linux/arm/v7', 'which a 64-bit ARM node emulates', 'emulated', node('linux/arm64', 'linux/arm/v7')],
  ['linux/arm/v6', 'which a 64-bit ARM node does not emulate', undefined, node('linux/arm64', 'linux/arm/v7')],
  ['linux/amd64', 'a larger processor', undefined, node('linux/386')],
])('the mode of a node for %s, %s, is %s', (platform, _why, mode, on) => {
  expect(modeOf(on, platformSchema.parse(platform))).toBe(mode);
});
