import { expect, test } from 'vitest';
import type { NodeStatus } from '../../shared/node.ts';
import { type Platform, parsePlatform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { isCoveredWithout } from './coverage.ts';

const platformOf = (text: string): Platform => parsePlatform(text) ?? expect.fail(`${text} is not a platform`);
const amd64 = platformOf('linux/amd64');
const arm64 = platformOf('linux/arm64');

function up(connection: string, platform: Platform, emulated: Platform[] = []): NodeStatus {
  const space = { total: 1, free: 1 };
  const machine = { hostname: connection, rootless: true, cpus: 4, memory: space, disk: space, latencyMs: 1 };
  const node = { connection, engine: 'podman', version: '5', apiVersion: '5', platform, emulated, ...machine } as const;
  return { state: 'up', connection, node: { ...node, capabilities: { exportFormats: [] } } };
}

const common = { emulate: true };

test('a requested platform is covered by a native node that has answered', () => {
  const nodes = [up('big', amd64)];
  expect(isCoveredWithout(['late'], { ...common, platforms: [amd64], nodes }, [])).toBe(true);
  expect(isCoveredWithout(['late'], { ...common, platforms: [amd64, arm64], nodes }, [])).toBe(false);
});

test('a platform that would be emulated is not covered, unless it is pinned', () => {
  const nodes = [up('big', amd64, [arm64])];
  expect(isCoveredWithout(['late'], { ...common, platforms: [arm64], nodes }, [])).toBe(false);
  expect(isCoveredWithout(['late'], { ...common, platforms: [arm64], pins: { [arm64]: 'big' }, nodes }, [])).toBe(true);
});

test('a platform that is pinned to a missing node is not covered', () => {
  const nodes = [up('big', amd64)];
  const pins = { [amd64]: 'late' };
  expect(isCoveredWithout(['late'], { ...common, platforms: [amd64], pins, nodes }, [])).toBe(false);
});

test('without requested platforms, a missing node must be known not to add one', () => {
  const nodes = [up('big', amd64)];
  const { problem } = fail('ssh.timeout', 'It did not answer.', 'Switch it on.');
  expect(isCoveredWithout(['late'], { ...common, nodes }, [])).toBe(false);
  expect(isCoveredWithout(['late'], { ...common, nodes }, [up('late', arm64)])).toBe(false);
  expect(isCoveredWithout(['late'], { ...common, nodes }, [{ state: 'down', connection: 'late', problem }])).toBe(
    false,
  );
  expect(isCoveredWithout(['late'], { ...common, nodes }, [up('late', amd64)])).toBe(true);
});

test('nothing is covered while no node is up', () => {
  expect(isCoveredWithout(['late'], { ...common, platforms: [amd64], nodes: [] }, [])).toBe(false);
});
