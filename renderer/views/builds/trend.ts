import type { Build } from '../../../shared/build.ts';
import { formatCount, formatDuration } from '../../../shared/format.ts';

/** How many builds make a trend. */
const most = 20;

export interface Trend {
  /** Durations in milliseconds of the last builds that went well, oldest first. */
  readonly durations: readonly number[];
  /** How long a build usually takes: the middle of the durations, in milliseconds. */
  readonly usually: number;
  /** The same in words. */
  readonly words: string;
}

/** How long the builds of each project took, by context, where at least two went well. @param builds newest first */
export function trendsOf(builds: readonly Build[]): ReadonlyMap<string, Trend> {
  const durations = new Map<string, number[]>();
  for (const { status, durationMs, request } of builds) {
    if (status === 'done' && durationMs !== undefined) {
      const known = durations.get(request.context) ?? [];
      if (known.length < most) {
        durations.set(request.context, [durationMs, ...known]);
      }
    }
  }
  const trends = new Map<string, Trend>();
  for (const [context, all] of durations) {
    if (all.length > 1) {
      trends.set(context, trendOf(all));
    }
  }
  return trends;
}

function trendOf(durations: readonly number[]): Trend {
  const sorted = [...durations].sort((a, b) => a - b);
  const usually = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  const least = formatDuration(sorted[0] ?? 0);
  const longest = formatDuration(sorted.at(-1) ?? 0);
  const span = least === longest ? least : `${least} to ${longest}`;
  return {
    durations,
    usually,
    words: `The last ${formatCount(durations.length, 'build')} that went well took ${span}, usually ${formatDuration(usually)}`,
  };
}
