import Anser from 'anser';
import type { Build, Job } from '../../../shared/build.ts';
import { formatList, formatPlatform } from '../../../shared/format.ts';
import type { Problem } from '../../../shared/problem.ts';
import { call } from '../../api.ts';
import { openLog } from '../../stores/navigation.ts';
import { failedStep, isInterrupted, progressOf, spoken } from './progress.ts';
import type { Source } from './source.ts';

const stepLine = /^(?:\[\d+\/\d+\] )?STEP \d+\/\d+: /;
const complaint =
  /\b(?:error|err!|fatal|failed|failure|cannot|can't|unable|not found|denied|no such|exception|panic|traceback|undefined reference|killed)\b|^E: |✗/i;

/** A line of a log as it reads: without colours and what moves the cursor. */
export function plain(line: string): string {
  const text = Anser.ansiToText(line);
  // progress is written over itself: what was there last is what stood there
  return text.split('\r').findLast((part) => part !== '') ?? '';
}

/**
 * Which of the last lines of a log says what went wrong: the first that complains since the step began, else the last one.
 * Undefined where there are none.
 */
export function failingLine(lines: readonly string[]): number | undefined {
  const texts = lines.map(plain);
  const begin = texts.findLastIndex((text) => stepLine.test(text)) + 1;
  const complains = texts.findIndex((text, index) => index >= begin && complaint.test(text));
  if (complains >= 0) {
    return complains;
  }
  const last = texts.findLastIndex((text) => text.trim() !== '');
  return last < 0 ? undefined : last;
}

/** Shows the log of a failed job at the line that says why. The last lines it kept are the end of its log. */
export async function openLogAtFailure(id: string, { platform, lastLines = [] }: Job): Promise<void> {
  const failing = failingLine(lastLines);
  if (failing === undefined) {
    openLog({ id, platform });
    return;
  }
  const { total } = await call('builds.log', { id, platform, from: 0, count: 1 });
  openLog({ id, platform, line: Math.max(0, total - lastLines.length + failing) });
}

/** `linux/arm64 failed at step 5 of 10: npm ci`, or what failed instead of a step. */
export function failureTitle(job: Job, source: Source | undefined): string {
  const step = failedStep(job);
  if (!step) {
    return `${job.platform} failed on ${job.node}`;
  }
  const { index, total, text } = progressOf(job, step, source);
  return `${job.platform} failed at step ${index} of ${total}: ${spoken(text)}`;
}

/** What failed: jobs by themselves, or the whole build by one problem that ended all of them. */
export interface Failures {
  readonly whole: Problem | undefined;
  readonly jobs: readonly Job[];
}

export function failuresOf(build: Build): Failures {
  const failed = build.jobs.filter((job) => job.status === 'failed');
  const { problem } = build;
  if (isInterrupted(build)) {
    return { whole: problem, jobs: failed.filter((job) => !isInterrupted(job)) };
  }
  const isCommon = failed.every((job) => job.steps.length === 0 && job.problem?.message === problem?.message);
  if (build.status === 'failed' && problem && isCommon && failed.length !== 1) {
    return { whole: problem, jobs: [] };
  }
  return { whole: undefined, jobs: failed };
}

/** `arm64 and s390x failed`, with a comma where there are more; cut where there are many. */
export function failedPlatforms(jobs: readonly Job[]): string {
  const names = jobs.map(({ platform }) => formatPlatform(platform));
  return formatList(names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names);
}
