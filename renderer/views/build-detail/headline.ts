import { type Build, isCancelling, isEnd, type Job, type Phase } from '../../../shared/build.ts';
import { formatBytes, formatCount, formatDuration, formatPlatform, pluralText } from '../../../shared/format.ts';
import { foundInTexts } from '../../../shared/found-in.ts';
import { wordOf } from '../../../shared/words.ts';
import { failuresOf, failureTitle, platformNames } from './failure.ts';

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
      if (build.push && isPushing(build)) {
        const { destination, totalBytes, uploadedBytes, skippedBytes } = build.push;
        return {
          text: `Pushing to ${destination}`,
          detail: `${formatBytes(uploadedBytes + skippedBytes)} of ${formatBytes(totalBytes)}`,
        };
      }
      if (isWriting(build)) {
        return { text: 'Writing outputs' };
      }
      return {
        text: `${isCancelling(build) ? 'Cancelling' : 'Building'} ${platforms}`,
        ...(jobs.length > 1 ? { detail: jobCounts(build) } : {}),
      };
    case 'done': {
      const mismatch = jobs.find((job) => job.mismatch !== undefined)?.mismatch;
      const found = jobs.filter(({ foundIn }) => foundIn);
      if (found.length > 0) {
        return foundHeadline(build, found);
      }
      return {
        text: `Built ${platforms} in ${formatDuration(durationMs)}${missingText(build)}.`,
        ...(mismatch === undefined ? {} : { detail: mismatch }),
      };
    }
    case 'cancelled':
      return { text: `Cancelled after ${formatDuration(durationMs)}.`, detail: partialResult(build, built) };
    case 'interrupted':
      return build.list
        ? { text: 'Interrupted: Barnraiser was closed before the image was pushed.' }
        : {
            text: 'Interrupted: Barnraiser was closed during this build.',
            detail: interruptedDetail(jobs.length, built),
          };
    case 'failed':
      return failedHeadline(build, built);
  }
}

/** Of a build that did not have to make all images. */
function foundHeadline(build: Build, found: readonly Job[]): Headline {
  const { jobs, durationMs = 0 } = build;
  const missing = isPushMissing(build) ? ', but did not push it' : '';
  const detail = [...new Set(found.flatMap(({ foundIn }) => (foundIn ? foundInTexts[foundIn] : [])))].join(', ');
  const built = jobs.length - found.length;
  return built === 0
    ? { text: `Nothing to build: skipped ${formatCount(found.length, 'platform')}${missing}.`, detail }
    : {
        text: `Built ${formatCount(built, 'platform')} in ${formatDuration(durationMs)}, skipped ${found.length}${missing}.`,
        detail,
      };
}

/** Whether nodes have pushed all images of a build that has failed without the list, so that only a retry of the push is missing. */
export function isListMissing({ status, push, jobs }: Build): boolean {
  return status === 'failed' && push?.direct === true && jobs.every((job) => job.status === 'done');
}

/** Whether all platforms are built and only the push goes on. */
export function isPushing({ status, push, jobs }: Build): boolean {
  return status === 'running' && push?.status === 'running' && jobs.every((job) => job.status === 'done');
}

/** Whether all platforms are built and only outputs are still written. */
function isWriting({ status, outputs = [] }: Build): boolean {
  return status === 'running' && outputs.some((output) => output.status === 'running');
}

/** What of the build is missing although its image is there. */
function missingText(build: Build): string {
  const failed = (build.outputs ?? []).filter(({ status }) => status === 'failed').length;
  const missing = [
    ...(isPushMissing(build) ? ['did not push it'] : []),
    ...(failed > 0 ? [`could not write ${formatCount(failed, 'output')}`] : []),
  ];
  return missing.length === 0 ? '' : `, but ${missing.join(' and ')}`;
}

/** Whether the build was to be pushed, and only that has failed or was cancelled. */
export function isPushMissing({ status, push, furtherPushes = [] }: Build): boolean {
  return status === 'done' && [push, ...furtherPushes].some((each) => each !== undefined && each.status !== 'done');
}

function failedHeadline(build: Build, built: number): Headline {
  const { common, groups } = failuresOf(build);
  const detail = partialResult(build, built);
  if (isListMissing(build)) {
    return { text: 'All platforms are built, but the image was not pushed.' };
  }
  if (common) {
    return { text: 'The build failed before it started.', detail };
  }
  const [first] = groups;
  if (!first) {
    const cancelled = build.jobs.filter(({ status }) => status === 'cancelled');
    const names = platformNames(cancelled);
    const text = pluralText(
      cancelled.length,
      `Incomplete: ${names} was cancelled.`,
      `Incomplete: ${names} were cancelled.`,
    );
    return { text, detail };
  }
  const failed = groups.flat();
  return failed.length === 1
    ? { text: failureTitle(first[0]), detail }
    : { text: `${failed.length} of ${build.jobs.length} platforms failed: ${platformNames(failed)}`, detail };
}

function interruptedDetail(count: number, built: number): string {
  return built === 0 ? 'Finished steps are cached on the nodes.' : `${built} of ${count} built and kept.`;
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
    ['interrupted', count((status) => status === 'interrupted')],
    ['done', count((status) => status === 'done')],
    ['cancelling', count((status) => status === 'cancelling')],
    ['running', count((status) => !isEnd(status) && status !== 'queued' && status !== 'cancelling')],
    ['waiting', count((status) => status === 'queued')],
  ];
  return groups.flatMap(([word, number]) => (number > 0 ? `${number} ${wordOf(word)}` : [])).join(' · ');
}
