import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Connection } from '../../shared/connection.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { fail } from '../../shared/problem.ts';
import { ConnectionPool } from './connection-pool.ts';
import { probeAll } from './probe.ts';

/** Ways to nodes of which each fails when the test says so: what a node is does not matter to whoever waits for it. */
let answer: Map<string, () => void>;
let lines: ConnectionPool;
let told: string[];
const onStatus = ({ connection }: NodeStatus): void => void told.push(connection);
const connections: Connection[] = ['a', 'b', 'late'].map((name) => ({ name, uri: `ssh://${name}` }));

beforeEach(() => {
  answer = new Map();
  told = [];
  lines = new ConnectionPool(
    ({ name }, signal) =>
      new Promise((_, reject) => {
        answer.set(name, () => reject(fail('ssh.unreachable', `${name} is off.`, 'Switch it on.')));
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
  );
});
afterEach(() => lines.close());

const codes = (statuses: readonly NodeStatus[]) =>
  statuses.map((status) => [status.connection, status.state === 'down' ? status.problem.code : 'up']);

test('every node is waited for where nobody says that some are enough', async () => {
  const probe = probeAll(connections, lines, { onStatus, stragglerMs: 1 });
  for (const name of ['late', 'a', 'b']) {
    answer.get(name)?.();
  }
  expect(codes(await probe)).toEqual([
    ['a', 'ssh.unreachable'],
    ['b', 'ssh.unreachable'],
    ['late', 'ssh.unreachable'],
  ]);
  expect(told.sort()).toEqual(['a', 'b', 'late']);
});

test('a straggler is left out when the others are enough, and told of when it answers after all', async () => {
  const probe = probeAll(connections, lines, {
    onStatus,
    enough: (answered, missing) => answered.length === 2 && missing.join() === 'late',
    stragglerMs: 1,
  });
  answer.get('a')?.();
  answer.get('b')?.();
  const statuses = await probe;
  expect(codes(statuses)[2]).toEqual(['late', 'ssh.timeout']);
  expect(JSON.stringify(statuses[2])).toContain('late has not answered yet');
  expect(told).toEqual(['a', 'b']);
  answer.get('late')?.();
  await expect.poll(() => told).toEqual(['a', 'b', 'late']);
});

test('a straggler that answers in time is no straggler', async () => {
  const probe = probeAll(connections, lines, {
    onStatus,
    enough: (answered) => answered.length === 2,
    stragglerMs: 60_000,
  });
  for (const name of ['a', 'b', 'late']) {
    answer.get(name)?.();
  }
  expect(codes(await probe)[2]).toEqual(['late', 'ssh.unreachable']);
});

test('whether the others are enough is asked again when the time is up: a person may be busy with the last one', async () => {
  let asked = 0;
  const probe = probeAll(connections, lines, {
    onStatus,
    enough: (answered) => {
      asked += answered.length === 2 ? 1 : 0;
      return asked === 1;
    },
    stragglerMs: 1,
  });
  answer.get('a')?.();
  answer.get('b')?.();
  await expect.poll(() => asked).toBeGreaterThan(1);
  answer.get('late')?.();
  expect(codes(await probe)[2]).toEqual(['late', 'ssh.unreachable']);
});

test('of no connections there is nothing to wait for', async () => {
  expect(await probeAll([], lines, { onStatus })).toEqual([]);
});
