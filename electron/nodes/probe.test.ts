import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Connection } from '../../shared/connection.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { fail } from '../../shared/problem.ts';
import { ConnectionPool } from './connection-pool.ts';
import { probeAll } from './probe.ts';

/** Makes the connection of a node fail: these tests only need to know when a node answers, not how. */
let answer: Map<string, () => void>;
let pool: ConnectionPool;
let reported: string[];
const onStatus = ({ connection }: NodeStatus): void => void reported.push(connection);
const connections: Connection[] = ['a', 'b', 'late'].map((name) => ({ name, uri: `ssh://${name}` }));

beforeEach(() => {
  answer = new Map();
  reported = [];
  pool = new ConnectionPool(
    ({ name }, signal) =>
      new Promise((_, reject) => {
        answer.set(name, () => reject(fail('ssh.unreachable', `${name} is off.`, 'Switch it on.')));
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
  );
});
afterEach(() => pool.close());

const codes = (statuses: readonly NodeStatus[]) =>
  statuses.map((status) => [status.connection, status.state === 'down' ? status.problem.code : 'up']);

test('a probe without a quorum waits for every node', async () => {
  const probe = probeAll(connections, pool, { onStatus, stragglerMs: 1 });
  for (const name of ['late', 'a', 'b']) {
    answer.get(name)?.();
  }
  expect(codes(await probe)).toEqual([
    ['a', 'ssh.unreachable'],
    ['b', 'ssh.unreachable'],
    ['late', 'ssh.unreachable'],
  ]);
  expect(reported.sort()).toEqual(['a', 'b', 'late']);
});

test('a node that answered a moment ago is not asked again', async () => {
  const recent: NodeStatus = {
    state: 'down',
    connection: 'a',
    problem: fail('ssh.lost', 'Lost.', 'Try again.').problem,
  };
  const probe = probeAll(connections, pool, { onStatus, recent: [recent] });
  expect([...answer.keys()].sort()).toEqual(['b', 'late']);
  answer.get('b')?.();
  answer.get('late')?.();
  expect((await probe)[0]).toBe(recent);
  expect(reported.sort()).toEqual(['b', 'late']);
});

test('a straggler is left out when the others are a quorum, and reported when it answers later', async () => {
  const probe = probeAll(connections, pool, {
    onStatus,
    hasQuorum: (answered, missing) => answered.length === 2 && missing.join() === 'late',
    stragglerMs: 1,
  });
  answer.get('a')?.();
  answer.get('b')?.();
  const statuses = await probe;
  expect(codes(statuses)[2]).toEqual(['late', 'ssh.timeout']);
  expect(JSON.stringify(statuses[2])).toContain('late has not answered yet');
  expect(reported).toEqual(['a', 'b']);
  answer.get('late')?.();
  await expect.poll(() => reported).toEqual(['a', 'b', 'late']);
});

test('a node that answers before the straggler limit is not left out', async () => {
  const probe = probeAll(connections, pool, {
    onStatus,
    hasQuorum: (answered) => answered.length === 2,
    stragglerMs: 60_000,
  });
  for (const name of ['a', 'b', 'late']) {
    answer.get(name)?.();
  }
  expect(codes(await probe)[2]).toEqual(['late', 'ssh.unreachable']);
});

test('the quorum is evaluated again at the straggler limit', async () => {
  let evaluations = 0;
  const probe = probeAll(connections, pool, {
    onStatus,
    hasQuorum: (answered) => {
      evaluations += answered.length === 2 ? 1 : 0;
      return evaluations === 1;
    },
    stragglerMs: 1,
  });
  answer.get('a')?.();
  answer.get('b')?.();
  await expect.poll(() => evaluations).toBeGreaterThan(1);
  answer.get('late')?.();
  expect(codes(await probe)[2]).toEqual(['late', 'ssh.unreachable']);
});

test('a probe of no connections resolves at once', async () => {
  expect(await probeAll([], pool, { onStatus })).toEqual([]);
});

test('a cancelled probe rejects at once and reports nothing about nodes that have not answered', async () => {
  const cancel = new AbortController();
  const probe = probeAll(connections, pool, { onStatus, signal: cancel.signal });
  answer.get('a')?.();
  await expect.poll(() => reported).toEqual(['a']);
  cancel.abort(new Error('cancelled'));
  await expect(probe).rejects.toThrow('cancelled');
  answer.get('b')?.();
  answer.get('late')?.();
  await new Promise((resolve) => setImmediate(resolve));
  expect(reported).toEqual(['a']);
});
