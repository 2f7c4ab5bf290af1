import type { BuildEntry } from '../../../shared/build-entry.ts';
import { formatCount, formatDuration } from '../../../shared/format.ts';

/** A trend covers this many builds at most. */
const maxBuilds = 20;

export interface Trend {
  /** The durations of the last successful builds in milliseconds, oldest first. */
  readonly durationsMs: readonly number[];
  /** The median duration in milliseconds. */
  readonly medianMs: number;
  /** The trend as a sentence. */
  readonly text: string;
}

/** The duration trend of each project with at least two successful builds, by context folder. @param builds newest first */
export function trendsOf(builds: readonly BuildEntry[]): ReadonlyMap<string, Trend> {
  const durationsByContext = new Map<string, number[]>();
  for (const { status, durationMs, project, jobs } of builds) {
    // a build that has images of an earlier one takes less time
    const isWhole = jobs.every(({ reusedFrom, skipped, foundIn }) => reusedFrom === undefined && !skipped && !foundIn);
    if (status === 'done' && durationMs !== undefined && isWhole) {
      const durationsMs = durationsByContext.get(project) ?? [];
      if (durationsMs.length < maxBuilds) {
        durationsByContext.set(project, [durationMs, ...durationsMs]);
      }
    }
  }
  const trends = new Map<string, Trend>();
  for (const [context, durationsMs] of durationsByContext) {
    if (durationsMs.length > 1) {
      trends.set(context, trendOf(durationsMs));
    }
  }
  return trends;
}

function trendOf(durationsMs: readonly number[]): Trend {
  const sorted = [...durationsMs].sort((a, b) => a - b);
  const medianMs = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  const shortest = formatDuration(sorted[0] ?? 0);
  const longest = formatDuration(sorted.at(-1) ?? 0);
  const span = shortest === longest ? shortest : `${shortest} to ${longest}`;
  return {
    durationsMs,
    medianMs,
    text: `The last ${formatCount(durationsMs.length, 'successful build')} took ${span}, usually ${formatDuration(medianMs)}`,
  };
}
