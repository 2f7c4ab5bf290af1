import { describe, expect, it } from 'vitest';
import { axisOf, percentOf } from './axis.ts';

describe('the axis of time', () => {
  it('has ticks at round times, six at most', () => {
    expect(axisOf(100_000, true).ticks.map(({ label }) => label)).toEqual(['0', '30 s', '1:00', '1:30']);
    for (const seconds of [1, 7, 42, 61, 359, 4_000, 90_000]) {
      expect(axisOf(seconds * 1_000, false).ticks.length).toBeLessThanOrEqual(7);
    }
  });

  it('stands still while work goes on, until its end comes near', () => {
    const ends = [91, 96, 100, 105].map((seconds) => axisOf(seconds * 1_000, true).endMs);
    expect(new Set(ends)).toEqual(new Set([120_000]));
    expect(axisOf(110_000, true).endMs).toBe(150_000);
  });

  it('leaves room at its right for the words of what ends last', () => {
    for (const span of [300, 5_000, 61_000, 3_700_000]) {
      expect(percentOf(axisOf(span, false), span)).toBeLessThan(89);
      expect(percentOf(axisOf(span, true), span)).toBeLessThan(89);
    }
  });

  it('writes parts of seconds for what was quick', () => {
    expect(axisOf(900, false).ticks.map(({ label }) => label)).toEqual(['0', '0.2 s', '0.4 s', '0.6 s', '0.8 s']);
  });

  it('keeps what lies outside at its edges', () => {
    const axis = axisOf(10_000, false);
    expect(percentOf(axis, -5)).toBe(0);
    expect(percentOf(axis, 1e9)).toBe(100);
  });
});
