import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fail } from '../../shared/problem.ts';
import { CircuitBreaker } from './circuit-breaker.ts';

const minute = 60_000;
const pi4 = { uri: 'ssh://pi4' };

let folder: string;
let now: number;
let reports: number;
let breakers: CircuitBreaker[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-circuits-'));
  now = Date.parse('2026-01-02T03:04:05Z');
  reports = 0;
  breakers = [];
});
afterEach(async () => {
  for (const breaker of breakers) {
    breaker.close();
  }
  await rm(folder, { recursive: true });
});

/** The breaker of one process. */
function open(): CircuitBreaker {
  const breaker = new CircuitBreaker({ folder, connections: async () => [pi4], now: () => now });
  breaker.onChange(() => reports++);
  breakers.push(breaker);
  return breaker;
}

const failsIn = (breaker: CircuitBreaker, key: string, wasLost = false): Promise<void> =>
  breaker.addFailure(pi4, { key, problem: fail('disk.full', `It failed in ${key}.`, 'Free space.').problem, wasLost });

async function setAside(breaker: CircuitBreaker, wasLost = false): Promise<void> {
  for (const key of ['one', 'two', 'three']) {
    await failsIn(breaker, key, wasLost);
  }
}

test('a node is set aside after three failures, for all processes, and is tried with one job when the pause is over', async () => {
  const breaker = open();
  await failsIn(breaker, 'one');
  await failsIn(breaker, 'one');
  await failsIn(breaker, 'two');
  expect(breaker.stateOf(pi4)).toBeUndefined();
  await failsIn(breaker, 'three');
  const until = new Date(now + 5 * minute).toISOString();
  expect(breaker.stateOf(pi4)).toMatchObject({ until, failures: 3, problem: { message: 'It failed in three.' } });
  expect(breaker.isSetAside(pi4)).toBe(true);
  expect(reports).toBe(3);
  const other = open();
  await other.refresh();
  expect(other.isSetAside(pi4)).toBe(true);
  expect((await stat(join(folder, 'circuits.json'))).mode & 0o777).toBe(0o600);

  now += 5 * minute;
  expect(other.isSetAside(pi4)).toBe(false);
  await other.begin(pi4);
  await breaker.refresh();
  expect(breaker.isSetAside(pi4)).toBe(true);
  await other.reset(pi4);
  await breaker.refresh();
  expect(breaker.stateOf(pi4)).toBeUndefined();
});

test('each trial that fails doubles the pause, up to an hour, and a success starts again', async () => {
  const breaker = open();
  await setAside(breaker);
  const pauses: number[] = [];
  for (let trial = 0; trial < 5; trial++) {
    now = Date.parse(breaker.stateOf(pi4)?.until ?? '');
    await breaker.begin(pi4);
    await failsIn(breaker, `trial ${trial}`);
    pauses.push((Date.parse(breaker.stateOf(pi4)?.until ?? '') - now) / minute);
  }
  expect(pauses).toEqual([10, 20, 40, 60, 60]);
  await breaker.reset(pi4);
  await setAside(breaker);
  expect(Date.parse(breaker.stateOf(pi4)?.until ?? '') - now).toBe(5 * minute);
});

test('failures that are far apart do not add up', async () => {
  const breaker = open();
  await failsIn(breaker, 'one');
  await failsIn(breaker, 'two');
  now += 31 * minute;
  await failsIn(breaker, 'three');
  expect(breaker.isSetAside(pi4)).toBe(false);
});

test('a node that answers again is used after its pause only if it was not reachable', async () => {
  const breaker = open();
  await setAside(breaker, true);
  await breaker.answered(pi4);
  expect(breaker.isSetAside(pi4)).toBe(true);
  now += 5 * minute;
  await breaker.answered(pi4);
  expect(breaker.stateOf(pi4)).toBeUndefined();

  await setAside(breaker, false);
  now += 5 * minute;
  await breaker.answered(pi4);
  expect(breaker.stateOf(pi4)).toBeDefined();
});

test('a trial whose process was killed does not keep the node from being tried', async () => {
  const breaker = open();
  await setAside(breaker);
  now += 5 * minute;
  await breaker.begin(pi4);
  now += 15 * minute;
  expect(breaker.isSetAside(pi4)).toBe(false);
});
