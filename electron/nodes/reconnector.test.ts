import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fail, type Problem, type ProblemCode } from '../../shared/problem.ts';
import { Reconnector } from './reconnector.ts';

const problem = (code: ProblemCode): Problem => fail(code, 'Node pi4 is off.', 'Switch it on.').problem;
const unreachable = problem('ssh.unreachable');

let attempts: string[];
let reconnector: Reconnector;

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-01-01T00:00:00Z') });
  attempts = [];
  reconnector = new Reconnector(
    (name) => attempts.push(name),
    () => 1,
  );
});
afterEach(() => {
  reconnector.close();
  vi.useRealTimers();
});

test('a node that is down is retried with back-off, and each retry is known in advance', () => {
  const waits: [number | undefined, string | undefined][] = [];
  for (let round = 0; round < 4; round++) {
    const retry = reconnector.nodeDown('pi4', unreachable);
    waits.push([retry?.attempt, retry?.at.slice(17, 19)]);
    vi.advanceTimersToNextTimer();
  }
  expect(waits).toEqual([
    [1, '01'],
    [2, '03'],
    [3, '07'],
    [4, '15'],
  ]);
  expect(attempts).toEqual(['pi4', 'pi4', 'pi4', 'pi4']);
});

test.each<ProblemCode>(['ssh.unreachable', 'ssh.timeout', 'ssh.lost', 'engine.unreachable'])(
  '%s is retried',
  (code) => {
    expect(reconnector.nodeDown('pi4', problem(code))).toMatchObject({ attempt: 1 });
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
])('%s is not retried and cancels planned retries', (code) => {
  reconnector.nodeDown('pi4', unreachable);
  expect(reconnector.nodeDown('pi4', problem(code))).toBeUndefined();
  vi.runAllTimers();
  expect(attempts).toEqual([]);
});

test('a problem that is reported twice is one attempt', () => {
  const first = reconnector.nodeDown('pi4', unreachable);
  expect(reconnector.nodeDown('pi4', problem('ssh.lost'))).toEqual(first);
  vi.advanceTimersByTime(60_000);
  expect(attempts).toEqual(['pi4']);
});

test('a cancelled retry is not made, and the next one has the shortest delay again', () => {
  reconnector.nodeDown('pi4', unreachable);
  vi.advanceTimersToNextTimer();
  reconnector.nodeDown('pi4', unreachable);
  reconnector.cancel('pi4');
  expect(reconnector.nextRetry('pi4')).toBeUndefined();
  vi.runAllTimers();
  expect(attempts).toEqual(['pi4']);
  expect(reconnector.nodeDown('pi4', unreachable)?.attempt).toBe(1);
});

test('retryNow makes all planned retries at once and restarts their back-off', () => {
  for (let round = 0; round < 6; round++) {
    reconnector.nodeDown('pi4', unreachable);
    vi.advanceTimersToNextTimer();
  }
  expect(reconnector.nodeDown('pi4', unreachable)?.attempt).toBe(7);
  reconnector.nodeDown('big', unreachable);
  attempts = [];
  reconnector.retryNow();
  expect(attempts).toEqual(['pi4', 'big']);
  // an attempt that is already running is not repeated
  reconnector.retryNow();
  expect(attempts).toEqual(['pi4', 'big']);
  expect(reconnector.nodeDown('pi4', unreachable)?.attempt).toBe(1);
});

test('a closed reconnector makes no attempts, even for problems reported later', () => {
  reconnector.nodeDown('pi4', unreachable);
  reconnector.close();
  expect(reconnector.nodeDown('big', unreachable)).toBeUndefined();
  vi.runAllTimers();
  expect(attempts).toEqual([]);
});
