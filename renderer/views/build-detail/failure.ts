import Anser from 'anser';
import type { Build, Job } from '../../../shared/build.ts';
import { groupFailures } from '../../../shared/failures.ts';
import { formatList, formatPlatform } from '../../../shared/format.ts';
import type { Problem } from '../../../shared/problem.ts';
import { failedStep } from './job-state.ts';
import { shortInstruction } from './progress.ts';

const errorPattern =
  /\b(?:error|err!|fatal|failed|failure|cannot|can't|unable|not found|denied|no such|exception|panic|traceback|undefined reference|killed)\b|^E: |✗/i;

/** A log line as plain text: without ANSI sequences, and with only the last text of a progress line. */
export function plainLine(line: string): string {
  const text = Anser.ansiToText(line);
  // each carriage return overwrites the text before it
  return text.split('\r').findLast((part) => part !== '') ?? '';
}

/**
 * The index of the line that says why a job failed, among the last lines of its log: the first line after the start of the
 * failed step that looks like an error, else the last line that is not blank. Undefined if there is none.
 */
export function failingLineIndex(job: Job): number | undefined {
  const { lastLines = [], lastLinesFrom = 0 } = job;
  const texts = lastLines.map(plainLine);
  const stepStart = (failedStep(job)?.firstLine ?? -1) + 1 - lastLinesFrom;
  const firstError = texts.findIndex((text, index) => index >= stepStart && errorPattern.test(text));
  if (firstError >= 0) {
    return firstError;
  }
  const last = texts.findLastIndex((text) => text.trim() !== '');
  return last < 0 ? undefined : last;
}

/** `linux/arm64 failed at step 5 of 10: npm ci`; without the step if something else failed. */
export function failureTitle(job: Job): string {
  const step = failedStep(job);
  if (!step) {
    return `${job.platform} failed on ${job.node}`;
  }
  const { index, total, name } = step;
  return `${job.platform} failed at step ${index} of ${total}: ${shortInstruction(name)}`;
}

/** Jobs with the same failure, at least one. */
export type FailedJobs = readonly [Job, ...Job[]];

/** What several jobs failed at: their platforms, and the line of the Containerfile. Of a single job, see {@link failureTitle}. */
export function groupTitle([first, ...others]: FailedJobs): string {
  if (others.length === 0) {
    return failureTitle(first);
  }
  const step = failedStep(first);
  const position = step?.line === undefined ? `step ${step?.index} of ${step?.total}` : `line ${step.line}`;
  const names = platformNames([first, ...others]);
  return step
    ? `${names} failed the same way at ${position}: ${shortInstruction(step.name)}`
    : `${names} failed the same way`;
}

/** The failures of a build: of groups of jobs with the same failure, or one common problem that ended all jobs. */
export interface Failures {
  readonly common: Problem | undefined;
  readonly groups: readonly FailedJobs[];
}

export function failuresOf(build: Build): Failures {
  const failed = build.jobs.filter((job) => job.status === 'failed');
  const { problem } = build;
  if (build.status === 'interrupted') {
    return { common: problem, groups: groupsOf(failed) };
  }
  const isCommon = failed.every((job) => job.steps.length === 0 && job.problem?.message === problem?.message);
  if (build.status === 'failed' && problem && isCommon && failed.length !== 1) {
    return { common: problem, groups: [] };
  }
  return { common: undefined, groups: groupsOf(failed) };
}

function groupsOf(failed: readonly Job[]): FailedJobs[] {
  return groupFailures(failed).flatMap(({ platforms }) => {
    const [first, ...others] = failed.filter(({ platform }) => platforms.includes(platform));
    return first ? [[first, ...others]] : [];
  });
}

/** `amd64, arm64 and s390x`; more than four platforms are shortened to `amd64, arm64, s390x and 2 more`. */
export function platformNames(jobs: readonly Job[]): string {
  const names = jobs.map(({ platform }) => formatPlatform(platform));
  return formatList(names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names);
}
