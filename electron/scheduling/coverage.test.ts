import { expect, test } from 'vitest';
import type { NodeStatus } from '../../shared/node.ts';
import { type Platform, parsePlatform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { coveredWithout } from './coverage.ts';

const platformOf = (text: string): Platform => parsePlatform(text) ?? expect.fail(`${text} is no platform`);
const amd64 = platformOf('linux/amd64');
const arm64 = platformOf('linux/arm64');

function up(connection: string, platform: Platform, emulated: Platform[] = []): NodeStatus {
  const space = { total: 1, free: 1 };
  const machine = { hostname: connection, rootless: true, cpus: 4, memory: space, disk: space, latencyMs: 1 };
  const node = { connection, engine: 'podman', version: '5', apiVersion: '5', platform, emulated, ...machine } as const;
  return { state: 'up', connection, node };
}

const common = { emulate: true };

test('a platform that was asked for and runs natively on a node that has answered is covered', () => {
  const nodes = [up('big', amd64)];
  expect(coveredWithout(['late'], { ...common, platforms: [amd64], nodes }, [])).toBe(true);
  expect(coveredWithout(['late'], { ...common, platforms: [amd64, arm64], nodes }, [])).toBe(false);
});

test('a platform that could only be emulated is worth waiting for a node that may run it, unless it is pinned there', () => {
  const nodes = [up('big', amd64, [arm64])];
  expect(coveredWithout(['late'], { ...common, platforms: [arm64], nodes }, [])).toBe(false);
  expect(coveredWithout(['late'], { ...common, platforms: [arm64], pins: { [arm64]: 'big' }, nodes }, [])).toBe(true);
});

test('a node that somebody has pinned a platform to is waited for', () => {
  const nodes = [up('big', amd64)];
  const pins = { [amd64]: 'late' };
  expect(coveredWithout(['late'], { ...common, platforms: [amd64], pins, nodes }, [])).toBe(false);
});

test('where no platforms were asked for, a node is waited for that may add one of its own', () => {
  const nodes = [up('big', amd64)];
  const { problem } = fail('ssh.timeout', 'It was silent.', 'Wake it.');
  expect(coveredWithout(['late'], { ...common, nodes }, [])).toBe(false);
  expect(coveredWithout(['late'], { ...common, nodes }, [up('late', arm64)])).toBe(false);
  expect(coveredWithout(['late'], { ...common, nodes }, [{ state: 'down', connection: 'late', problem }])).toBe(false);
  expect(coveredWithout(['late'], { ...common, nodes }, [up('late', amd64)])).toBe(true);
});

test('nothing is covered while nobody is up', () => {
  expect(coveredWithout(['late'], { ...common, platforms: [amd64], nodes: [] }, [])).toBe(false);
});
