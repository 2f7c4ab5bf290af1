import { type Build, isEnd } from '../../../shared/build.ts';
import { formatCount, formatDuration, formatPlatform } from '../../../shared/format.ts';
import { failedPlatforms, failuresOf, failureTitle } from './failure.ts';
import { isInterrupted } from './progress.ts';
import type { Source } from './source.ts';

/** What there is to say of a build in one sentence, and in a few words more. */
export interface Headline {
  readonly text: string;
  readonly more?: string;
}

export function headlineOf(build: Build, source: Source | undefined): Headline {
  const { jobs, durationMs = 0 } = build;
  const built = jobs.filter(({ status }) => status === 'done').length;
  const platforms = jobs.length === 1 ? formatPlatform(jobs[0]?.platform ?? '') : formatCount(jobs.length, 'platform');
  switch (build.status) {
    case 'running':
      return { text: `Building ${platforms}`, ...(jobs.length > 1 ? { more: tally(build) } : {}) };
    case 'done':
      return { text: `Built ${platforms} in ${formatDuration(durationMs)}.` };
    case 'cancelled':
      return { text: `Cancelled after ${formatDuration(durationMs)}.`, more: leftovers(built, jobs.length) };
    case 'failed':
      return failedHeadline(build, built, source);
  }
}

function failedHeadline(build: Build, built: number, source: Source | undefined): Headline {
  const { whole, jobs } = failuresOf(build);
  const more = leftovers(built, build.jobs.length);
  if (isInterrupted(build)) {
    return { text: 'Interrupted: Barnraiser ended during this build.', more };
  }
  if (whole) {
    return { text: 'The build failed before it began to build.', more };
  }
  const [first] = jobs;
  if (!first) {
    const cancelled = build.jobs.filter(({ status }) => status === 'cancelled');
    return { text: `Not whole: ${failedPlatforms(cancelled)} cancelled.`, more };
  }
  return jobs.length === 1
    ? { text: failureTitle(first, source), more }
    : { text: `${jobs.length} of ${build.jobs.length} platforms failed: ${failedPlatforms(jobs)}`, more };
}

/** Only a whole build makes a list: say so where a part of it was built. */
function leftovers(built: number, total: number): string | undefined {
  return built === 0 ? undefined : `${built} of ${total} built; no list was written.`;
}

/** `1 done · 2 building · 1 waiting`, in the order of their lives, without those that are none. */
function tally({ jobs }: Build): string {
  const groups: readonly [string, number][] = [
    ['failed', count((status) => status === 'failed')],
    ['cancelled', count((status) => status === 'cancelled')],
    ['done', count((status) => status === 'done')],
    ['at work', count((status) => !isEnd(status) && status !== 'queued')],
    ['waiting', count((status) => status === 'queued')],
  ];
  function count(is: (status: (typeof jobs)[number]['status']) => boolean): number {
    return jobs.filter(({ status }) => is(status)).length;
  }
  return groups.flatMap(([word, number]) => (number > 0 ? `${number} ${word}` : [])).join(' · ');
}
