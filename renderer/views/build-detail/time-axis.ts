import { formatClock } from '../../../shared/format.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
/** Tick distances that are round on a clock, in milliseconds. */
const tickDistancesMs: readonly number[] = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30].map((seconds) => seconds * second),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * minute),
  ...[1, 2, 3, 6, 12, 24, 48].map((hours) => hours * hour),
];
const maxTicks = 6;
/** The share of the axis that stays free at its right, for the caption of the last bar. */
const rightMarginShare = 0.12;

export interface TimeAxis {
  /** The time at the right edge, in milliseconds since the left edge. */
  readonly endMs: number;
  readonly ticks: readonly { readonly ms: number; readonly label: string }[];
}

/**
 * The axis for a span of time in milliseconds. The axis of a running build ends at a tick in the future, so that its scale
 * changes only occasionally instead of every second.
 */
export function createAxis(spanMs: number, isLive: boolean): TimeAxis {
  const span = Math.max(spanMs, isLive ? 5 * second : 100);
  const distance = tickDistancesMs.find((each) => span / each <= maxTicks) ?? Math.ceil(span / maxTicks / hour) * hour;
  const minEndMs = span / (1 - rightMarginShare);
  const endMs = isLive ? Math.ceil(minEndMs / distance) * distance : minEndMs;
  const ticks = Array.from({ length: Math.floor(endMs / distance) + 1 }, (_, index) => index * distance).filter((ms) =>
    // the label of a tick at the edge would be cut off; the label of a tick near the total would overlap it
    isLive ? ms < endMs : ms < span - distance / 3,
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

/** The position of a time on an axis, in percent of its width. */
export function percentOf({ endMs }: TimeAxis, ms: number): number {
  return Math.min(100, Math.max(0, (ms / endMs) * 100));
}
