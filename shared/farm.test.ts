import { expect, it } from 'vitest';
import { modeOf } from './farm.ts';
import { nodeSchema } from './node.ts';
import { platformSchema } from './platform.ts';

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
  });
}

it.each([
  ['linux/amd64', 'what it is', 'native', node('linux/amd64', 'linux/s390x')],
  ['linux/386', 'what every 64-bit PC runs, emulated or not', 'native', node('linux/amd64', 'linux/386')],
  ['linux/s390x', 'what it says it emulates', 'emulated', node('linux/amd64', 'linux/s390x')],
  ['linux/amd64/v3', 'a newer processor than it says it has', undefined, node('linux/amd64')],
  ['linux/arm/v7', '32 bits on a 64-bit ARM that emulates them', 'emulated', node('linux/arm64', 'linux/arm/v7')],
  ['linux/arm/v6', '32 bits on a 64-bit ARM that does not', undefined, node('linux/arm64', 'linux/arm/v7')],
  ['linux/amd64', 'a larger processor than its own', undefined, node('linux/386')],
])('a node builds %s, %s: %s', (platform, _why, mode, on) => {
  expect(modeOf(on, platformSchema.parse(platform))).toBe(mode);
});
