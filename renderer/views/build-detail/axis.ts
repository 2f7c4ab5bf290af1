import { formatClock } from '../../../shared/format.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
/** Distances between ticks that read well on a clock, in milliseconds. */
const distances: readonly number[] = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30].map((seconds) => seconds * second),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * minute),
  ...[1, 2, 3, 6, 12, 24, 48].map((hours) => hours * hour),
];
const mostTicks = 6;
/** The part of the axis that stays free at its right: what ends last has its words there. */
const room = 0.12;

export interface Axis {
  /** The time at the right edge, in milliseconds since the left one. */
  readonly endMs: number;
  readonly ticks: readonly { readonly ms: number; readonly label: string }[];
}

/**
 * The axis for a span of time in milliseconds. While work goes on it ends at a tick beyond the present, so that it changes
 * its scale now and then and not every second.
 */
export function axisOf(spanMs: number, live: boolean): Axis {
  const span = Math.max(spanMs, live ? 5 * second : 100);
  const distance = distances.find((each) => span / each <= mostTicks) ?? Math.ceil(span / mostTicks / hour) * hour;
  const least = span / (1 - room);
  const endMs = live ? Math.ceil(least / distance) * distance : least;
  const ticks = Array.from({ length: Math.floor(endMs / distance) + 1 }, (_, index) => index * distance).filter((ms) =>
    // a tick at the very end would have its label cut; one at the end of the work would stand in the way of its label
    live ? ms < endMs : ms < span - distance / 3,
  );
  return { endMs, ticks: ticks.map((ms) => ({ ms, label: tickLabel(ms, distance) })) };
}

function tickLabel(ms: number, distance: number): string {
  if (ms === 0) {
    return '0';
  }
  if (ms < minute) {
    return `${(ms / second).toFixed(distance < second ? 1 : 0)} s`;
  }
  return formatClock(ms);
}

/** Where a time lies on an axis, in percent of its width. */
export function percentOf({ endMs }: Axis, ms: number): number {
  return Math.min(100, Math.max(0, (ms / endMs) * 100));
}
