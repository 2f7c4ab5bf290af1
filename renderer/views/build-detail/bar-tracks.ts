import type { Bar } from './step-rows.ts';

/** Bars that overlap by no more than this are one after the other: clocks and rounding differ. In milliseconds. */
const toleranceMs = 50;

/** The track of each bar by its key, counted from 0, and how many there are, at least 1. Bars that ran at once are on different ones. */
export interface BarTracks {
  readonly of: ReadonlyMap<string, number>;
  readonly count: number;
}

export function packTracks(bars: readonly Pick<Bar, 'key' | 'startMs' | 'endMs'>[]): BarTracks {
  const tracks = new Map<string, number>();
  /** When the last bar of each track ends. */
  const ends: number[] = [];
  for (const { key, startMs, endMs = Number.POSITIVE_INFINITY } of [...bars].sort((a, b) => a.startMs - b.startMs)) {
    const free = ends.findIndex((end) => end - toleranceMs <= startMs);
    const track = free < 0 ? ends.length : free;
    ends[track] = Math.max(endMs, ends[track] ?? 0);
    tracks.set(key, track);
  }
  return { of: tracks, count: Math.max(1, ends.length) };
}
