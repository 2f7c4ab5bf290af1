import type { NodeQueueState, QueueJob } from '../../../shared/queue.ts';

/** A job on the time axis of its node. Times in milliseconds since 1970. */
export interface Bar {
  readonly job: QueueJob;
  readonly from: number;
  /** Undefined if it is not known. */
  readonly to: number | undefined;
}

export interface Lane {
  /** One row for each slot. */
  readonly rows: readonly (readonly Bar[])[];
  /** Jobs whose start is not known, in their order. */
  readonly later: readonly QueueJob[];
}

/** Puts the jobs of a node into rows in which none overlaps another. */
export function laneOf({ jobs }: Pick<NodeQueueState, 'jobs'>, now: number): Lane {
  const rows: Bar[][] = [];
  const later: QueueJob[] = [];
  for (const job of jobs) {
    const from = job.state === 'running' ? now : timeOf(job.startsAt);
    if (from === undefined) {
      later.push(job);
      continue;
    }
    const end = timeOf(job.endsAt);
    const bar = { job, from: Math.max(now, from), to: end === undefined ? undefined : Math.max(now, end) };
    // times are rounded to a second
    const row = rows.find((each) => (each.at(-1)?.to ?? Number.POSITIVE_INFINITY) <= bar.from + 1_000);
    if (row && job.state === 'waiting') {
      row.push(bar);
    } else {
      rows.push([bar]);
    }
  }
  return { rows, later };
}

/** The last time that is shown: a little after the last end. */
export function horizonOf(lanes: readonly Lane[], now: number): number {
  const times = lanes.flatMap(({ rows }) => rows.flat().map(({ from, to }) => to ?? from));
  return Math.max(now + minSpanMs, ...times.map((time) => now + (time - now) * 1.05));
}

const minSpanMs = 60_000;

const minuteMs = 60_000;
const stepsMs = [
  15_000,
  30_000,
  minuteMs,
  2 * minuteMs,
  5 * minuteMs,
  10 * minuteMs,
  15 * minuteMs,
  30 * minuteMs,
  60 * minuteMs,
];

/** Marks of the axis, in milliseconds from now: at most eight. */
export function ticksOf(spanMs: number): number[] {
  const step = stepsMs.find((ms) => spanMs / ms <= 8) ?? Math.ceil(spanMs / 8 / (60 * minuteMs)) * 60 * minuteMs;
  return Array.from({ length: Math.floor(spanMs / step) }, (_, index) => (index + 1) * step);
}

function timeOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time);
}
