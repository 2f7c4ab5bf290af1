import { describe, expect, it } from 'vitest';
import { createAxis, percentOf } from './time-axis.ts';

describe('the time axis', () => {
  it('has at most six ticks, at round times', () => {
    expect(createAxis(100_000, true).ticks.map(({ label }) => label)).toEqual(['0', '30 s', '1:00', '1:30']);
    for (const seconds of [1, 7, 42, 61, 359, 4_000, 90_000]) {
      expect(createAxis(seconds * 1_000, false).ticks.length).toBeLessThanOrEqual(7);
    }
  });

  it('keeps its scale while a build runs, until the end of the axis is near', () => {
    const ends = [91, 96, 100, 105].map((seconds) => createAxis(seconds * 1_000, true).endMs);
    expect(new Set(ends)).toEqual(new Set([120_000]));
    expect(createAxis(110_000, true).endMs).toBe(150_000);
  });

  it('leaves a margin at its right for the caption of the last bar', () => {
    for (const span of [300, 5_000, 61_000, 3_700_000]) {
      expect(percentOf(createAxis(span, false), span)).toBeLessThan(89);
      expect(percentOf(createAxis(span, true), span)).toBeLessThan(89);
    }
  });

  it('labels ticks with fractions of a second for short builds', () => {
    expect(createAxis(900, false).ticks.map(({ label }) => label)).toEqual(['0', '0.2 s', '0.4 s', '0.6 s', '0.8 s']);
  });

  it('clamps times outside the axis to its edges', () => {
    const axis = createAxis(10_000, false);
    expect(percentOf(axis, -5)).toBe(0);
    expect(percentOf(axis, 1e9)).toBe(100);
  });
});
