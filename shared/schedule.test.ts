import { expect, it } from 'vitest';
import { type Node, nodeSchema } from './node.ts';
import { platformSchema } from './platform.ts';
import { modeOf, modesOf } from './schedule.ts';

function node(platform: string, ...emulated: string[]) {
  return nodeWith({}, platform, ...emulated);
}

function nodeWith(processor: Node['processor'], platform: string, ...emulated: string[]) {
  return nodeSchema.parse({
    processor,
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
    capabilities: { exportFormats: [] },
  });
}

it.each([
  ['linux/amd64', 'its own platform', 'native', node('linux/amd64', 'linux/s390x')],
  ['linux/386', 'which every 64-bit PC runs', 'native', node('linux/amd64', 'linux/386')],
  ['linux/s390x', 'which it emulates', 'emulated', node('linux/amd64', 'linux/s390x')],
  ['linux/amd64/v3', 'a newer processor', undefined, node('linux/amd64')],
  ['linux/arm/v7', 'which a 64-bit ARM node emulates', 'emulated', node('linux/arm64', 'linux/arm/v7')],
  ['linux/arm/v6', 'a lower variant of which', 'emulated', node('linux/arm64', 'linux/arm/v7')],
  ['linux/arm/v7', 'a higher variant', undefined, node('linux/amd64', 'linux/arm/v6')],
  ['linux/arm/v5', 'a lower variant', 'native', node('linux/arm/v7')],
  ['linux/arm/v7', 'a newer processor', undefined, node('linux/arm/v6')],
  ['linux/arm64', 'a larger processor', undefined, node('linux/arm/v7')],
  ['linux/amd64/v2', 'which its processor runs', 'native', nodeWith({ variant: 'v3' }, 'linux/amd64')],
  ['linux/amd64/v4', 'a newer processor', undefined, nodeWith({ variant: 'v3' }, 'linux/amd64')],
  ['linux/arm/v6', 'which its processor runs', 'native', nodeWith({ runs32Bit: true }, 'linux/arm64', 'linux/arm/v7')],
  ['linux/386', 'which its kernel does not run', undefined, nodeWith({ runs32Bit: false }, 'linux/amd64')],
  ['linux/amd64', 'a larger processor', undefined, node('linux/386')],
])('the mode of a node for %s, %s, is %s', (platform, _why, mode, on) => {
  expect(modeOf(on, platformSchema.parse(platform))).toBe(mode);
});

it('lists the platforms of a node: its own, what else its processor runs, what it emulates', () => {
  const modes = modesOf(nodeWith({ variant: 'v2' }, 'linux/amd64', 'linux/arm/v6', 'linux/386'));
  expect([...modes].map(([platform, mode]) => `${platform} ${mode}`)).toEqual([
    'linux/amd64 native',
    'linux/386 native',
    'linux/amd64/v2 native',
    'linux/arm/v6 emulated',
    'linux/arm/v5 emulated',
  ]);
});
