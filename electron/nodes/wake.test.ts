import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchClock } from './wake.ts';

const onJump = vi.fn();
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  onJump.mockReset();
  stop = watchClock(onJump);
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

test('a clock that goes on as it should means nothing, for hours', () => {
  vi.advanceTimersByTime(3 * 60 * 60 * 1000);
  expect(onJump).not.toHaveBeenCalled();
});

test('a clock that has jumped ahead means that the computer has slept, and is told once', () => {
  vi.advanceTimersByTime(7_000);
  vi.setSystemTime(Date.now() + 60 * 60 * 1000);
  vi.advanceTimersByTime(60_000);
  expect(onJump).toHaveBeenCalledTimes(1);
});

test('a tick that is a little late, and a clock that is set back, mean nothing', () => {
  vi.setSystemTime(Date.now() + 8_000);
  vi.advanceTimersByTime(10_000);
  vi.setSystemTime(Date.now() - 60 * 60 * 1000);
  vi.advanceTimersByTime(60_000);
  expect(onJump).not.toHaveBeenCalled();
});

test('nothing is told after the end', () => {
  stop();
  vi.setSystemTime(Date.now() + 60 * 60 * 1000);
  vi.advanceTimersByTime(60_000);
  expect(onJump).not.toHaveBeenCalled();
});
