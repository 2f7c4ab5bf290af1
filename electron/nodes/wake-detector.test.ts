import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { detectWake } from './wake-detector.ts';

const onWake = vi.fn();
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  onWake.mockReset();
  stop = detectWake(onWake);
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

test('a clock that runs normally for hours is not a wake-up', () => {
  vi.advanceTimersByTime(3 * 60 * 60 * 1000);
  expect(onWake).not.toHaveBeenCalled();
});

test('a clock that jumps ahead is one wake-up', () => {
  vi.advanceTimersByTime(7_000);
  vi.setSystemTime(Date.now() + 60 * 60 * 1000);
  vi.advanceTimersByTime(60_000);
  expect(onWake).toHaveBeenCalledTimes(1);
});

test('a slightly late tick and a clock that is set back are not wake-ups', () => {
  vi.setSystemTime(Date.now() + 8_000);
  vi.advanceTimersByTime(10_000);
  vi.setSystemTime(Date.now() - 60 * 60 * 1000);
  vi.advanceTimersByTime(60_000);
  expect(onWake).not.toHaveBeenCalled();
});

test('a stopped detector does not call back', () => {
  stop();
  vi.setSystemTime(Date.now() + 60 * 60 * 1000);
  vi.advanceTimersByTime(60_000);
  expect(onWake).not.toHaveBeenCalled();
});
