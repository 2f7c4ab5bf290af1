/** What is said of estimates: rounded, and only while they can still be true. */
import { type Build, isEnd, type Job } from './build.ts';
import { formatTime } from './emulation.ts';
import type { Assignment, Estimate, Schedule } from './schedule.ts';

/** An estimate is a range if its ends are further apart than this. */
const maxRatio = 2.5;
/** What is left of a job is not said below this, in milliseconds. */
const minLeftMs = 3000;

/** Rounded as one would say it: to 5 seconds, from 2 minutes on to half minutes, from 10 on to minutes. */
export function roughTime(ms: number): string {
  const seconds = ms / 1000;
  const unit = seconds < 10 ? 1 : seconds < 120 ? 5 : seconds < 600 ? 30 : seconds < 3600 ? 60 : 300;
  return formatTime(Math.max(1, Math.round(seconds / unit) * unit) * 1000);
}

/** `about 40 s`, or `15 s to 2 min` if little is known. */
export function estimateText({ ms, low, high }: Estimate): string {
  return high > low * maxRatio ? `${roughTime(low)} to ${roughTime(high)}` : `about ${roughTime(ms)}`;
}

/** `linux/arm64 on pi4 (native, idle; about 40 s)`. */
export function assignmentText({ platform, node, reason, estimate }: Assignment): string {
  return `${platform} on ${node} (${[reason, ...(estimate ? [estimateText(estimate)] : [])].join('; ')})`;
}

/** `Expected to be done in about 2 min.` Undefined if it is not known of a platform. */
export function finishText({ finish }: Pick<Schedule, 'finish'>): string | undefined {
  return finish && `Expected to be done in ${estimateText(finish)}.`;
}

type EstimatedJob = Pick<Job, 'status' | 'estimate' | 'startedAt' | 'wait' | 'platform'> & {
  readonly lost: readonly { readonly at?: string | undefined }[];
};

/** How long a job will still take, in milliseconds, also while it waits. Undefined if that is unknown, or it takes longer than estimated. */
export function remainingMs(job: EstimatedJob, now: number): number | undefined {
  const { status, estimate, startedAt, wait, lost } = job;
  if (!estimate || isEnd(status) || status === 'cancelling') {
    return undefined;
  }
  if (status === 'queued') {
    const waitMs = wait ? (wait.startsAt === undefined ? undefined : Date.parse(wait.startsAt) - now) : 0;
    return waitMs === undefined ? undefined : Math.max(0, waitMs) + estimate.ms;
  }
  // a job that has moved began again on its node
  const since = lost.at(-1)?.at ?? startedAt;
  if (since === undefined) {
    return undefined;
  }
  const left = estimate.ms - (now - Date.parse(since));
  return left > 0 ? left : undefined;
}

/** `about 40 s left`. Undefined if it is unknown, or hardly anything. */
export function remainingText(job: EstimatedJob, now: number): string | undefined {
  return leftText(remainingMs(job, now));
}

/** The same for a build: until its last platform is done. */
export function buildRemainingText({ status, jobs }: Pick<Build, 'status' | 'jobs'>, now: number): string | undefined {
  const running = jobs.filter((job) => !isEnd(job.status));
  if (status !== 'running' || running.length === 0) {
    return undefined;
  }
  const all = running.map((job) => remainingMs(job, now));
  return all.some((ms) => ms === undefined) ? undefined : leftText(Math.max(...all.map((ms) => ms ?? 0)));
}

function leftText(ms: number | undefined): string | undefined {
  return ms === undefined || ms < minLeftMs ? undefined : `about ${roughTime(ms)} left`;
}
