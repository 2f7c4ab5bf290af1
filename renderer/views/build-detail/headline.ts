import { type Build, isEnd, type Phase } from '../../../shared/build.ts';
import { formatCount, formatDuration, formatPlatform } from '../../../shared/format.ts';
import { failuresOf, failureTitle, platformNames } from './failure.ts';
import { isInterrupted } from './job-state.ts';

/** The state of a build in one sentence, with an optional detail. */
export interface Headline {
  readonly text: string;
  readonly detail?: string;
}

export function headlineOf(build: Build): Headline {
  const { jobs, durationMs = 0 } = build;
  const built = jobs.filter(({ status }) => status === 'done').length;
  const platforms = jobs.length === 1 ? formatPlatform(jobs[0]?.platform ?? '') : formatCount(jobs.length, 'platform');
  switch (build.status) {
    case 'running':
      return { text: `Building ${platforms}`, ...(jobs.length > 1 ? { detail: jobCounts(build) } : {}) };
    case 'done':
      return { text: `Built ${platforms} in ${formatDuration(durationMs)}.` };
    case 'cancelled':
      return { text: `Cancelled after ${formatDuration(durationMs)}.`, detail: partialResult(build, built) };
    case 'failed':
      return failedHeadline(build, built);
  }
}

function failedHeadline(build: Build, built: number): Headline {
  const { common, jobs } = failuresOf(build);
  const detail = partialResult(build, built);
  if (isInterrupted(build)) {
    return { text: 'Interrupted: Barnraiser stopped during this build.', detail };
  }
  if (common) {
    return { text: 'The build failed before it started.', detail };
  }
  const [first] = jobs;
  if (!first) {
    const cancelled = build.jobs.filter(({ status }) => status === 'cancelled');
    const verb = cancelled.length === 1 ? 'was' : 'were';
    return { text: `Incomplete: ${platformNames(cancelled)} ${verb} cancelled.`, detail };
  }
  return jobs.length === 1
    ? { text: failureTitle(first), detail }
    : { text: `${jobs.length} of ${build.jobs.length} platforms failed: ${platformNames(jobs)}`, detail };
}

/** A manifest list needs all platforms: says so if only some were built. */
function partialResult({ jobs, list }: Build, built: number): string | undefined {
  const count = `${built} of ${jobs.length} built`;
  return built === 0
    ? undefined
    : list
      ? `${count} and stored as an incomplete image.`
      : `${count} and kept for a retry.`;
}

/** `1 done · 2 running · 1 waiting`, without groups that are empty. */
function jobCounts({ jobs }: Build): string {
  const count = (matches: (status: Phase) => boolean): number => jobs.filter(({ status }) => matches(status)).length;
  const groups: readonly [string, number][] = [
    ['failed', count((status) => status === 'failed')],
    ['cancelled', count((status) => status === 'cancelled')],
    ['done', count((status) => status === 'done')],
    ['running', count((status) => !isEnd(status) && status !== 'queued')],
    ['waiting', count((status) => status === 'queued')],
  ];
  return groups.flatMap(([word, number]) => (number > 0 ? `${number} ${word}` : [])).join(' · ');
}
