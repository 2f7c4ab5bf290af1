import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { handleTermination } from './termination.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

function start() {
  const calls: string[] = [];
  const emitter = new EventEmitter();
  handleTermination(
    { onFirst: () => void calls.push('first'), onSecond: () => void calls.push('second') },
    emitter,
    (code) => void calls.push(`exit ${code}`),
  );
  return { calls, signal: (name: string) => emitter.emit(name) };
}

test('copies of a signal are ignored, a second one later ends the process', () => {
  const { calls, signal } = start();
  signal('SIGINT');
  vi.advanceTimersByTime(8);
  signal('SIGINT');
  signal('SIGHUP');
  expect(calls).toEqual(['first']);
  vi.advanceTimersByTime(2_000);
  signal('SIGINT');
  expect(calls).toEqual(['first', 'second', 'exit 130']);
});
