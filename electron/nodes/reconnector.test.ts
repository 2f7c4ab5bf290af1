import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fail, type Problem, type ProblemCode } from '../../shared/problem.ts';
import { Reconnector } from './reconnector.ts';

const problem = (code: ProblemCode): Problem => fail(code, 'Node pi4 is off.', 'Switch it on.').problem;
const unreachable = problem('ssh.unreachable');

let tried: string[];
let keeper: Reconnector;

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-01-01T00:00:00Z') });
  tried = [];
  keeper = new Reconnector(
    (name) => tried.push(name),
    () => 1,
  );
});
afterEach(() => {
  keeper.close();
  vi.useRealTimers();
});

test('a node that is down is tried again after ever longer waits, and each is said before', () => {
  const waits: [number | undefined, string | undefined][] = [];
  for (let round = 0; round < 4; round++) {
    const retry = keeper.plan('pi4', unreachable);
    waits.push([retry?.attempt, retry?.at.slice(17, 19)]);
    vi.advanceTimersToNextTimer();
  }
  expect(waits).toEqual([
    [1, '01'],
    [2, '03'],
    [3, '07'],
    [4, '15'],
  ]);
  expect(tried).toEqual(['pi4', 'pi4', 'pi4', 'pi4']);
});

test.each<ProblemCode>(['ssh.unreachable', 'ssh.timeout', 'ssh.lost', 'engine.unreachable'])(
  'time may heal %s',
  (code) => {
    expect(keeper.plan('pi4', problem(code))).toMatchObject({ attempt: 1 });
  },
);

test.each<ProblemCode>([
  'ssh.authentication',
  'ssh.identity',
  'ssh.cancelled',
  'ssh.host-key-unknown',
  'ssh.host-key-changed',
  'ssh.config',
  'engine.no-socket',
  'engine.unsupported',
  'bug',
])('time does not heal %s, and ends what was tried before it', (code) => {
  keeper.plan('pi4', unreachable);
  expect(keeper.plan('pi4', problem(code))).toBeUndefined();
  vi.runAllTimers();
  expect(tried).toEqual([]);
});

test('what is told twice of one trouble is one attempt', () => {
  const first = keeper.plan('pi4', unreachable);
  expect(keeper.plan('pi4', problem('ssh.lost'))).toEqual(first);
  vi.advanceTimersByTime(60_000);
  expect(tried).toEqual(['pi4']);
});

test('a node that is settled is not tried, and begins with the shortest wait when it is down again', () => {
  keeper.plan('pi4', unreachable);
  vi.advanceTimersToNextTimer();
  keeper.plan('pi4', unreachable);
  keeper.settle('pi4');
  expect(keeper.retry('pi4')).toBeUndefined();
  vi.runAllTimers();
  expect(tried).toEqual(['pi4']);
  expect(keeper.plan('pi4', unreachable)?.attempt).toBe(1);
});

test('waking tries all that wait at once, and begins anew with those that are still down', () => {
  for (let round = 0; round < 6; round++) {
    keeper.plan('pi4', unreachable);
    vi.advanceTimersToNextTimer();
  }
  expect(keeper.plan('pi4', unreachable)?.attempt).toBe(7);
  keeper.plan('big', unreachable);
  tried = [];
  keeper.wake();
  expect(tried).toEqual(['pi4', 'big']);
  // one that is being tried already is not tried twice
  keeper.wake();
  expect(tried).toEqual(['pi4', 'big']);
  expect(keeper.plan('pi4', unreachable)?.attempt).toBe(1);
});

test('closing ends everything, also what is told late', () => {
  keeper.plan('pi4', unreachable);
  keeper.close();
  expect(keeper.plan('big', unreachable)).toBeUndefined();
  vi.runAllTimers();
  expect(tried).toEqual([]);
});
