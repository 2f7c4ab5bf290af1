import { type Build, isEnd, type Job } from '../../../shared/build.ts';
import { formatCount, formatList, formatPlatform } from '../../../shared/format.ts';
import type { Platform } from '../../../shared/platform.ts';
import type { ProblemAction } from '../../../shared/problem-action.ts';
import type { MenuItem } from '../../parts/Menu.tsx';
import type { ActionHandlers } from '../../parts/problem-actions.ts';
import { startWatch } from '../../stores/automation.ts';
import { retryBuild } from '../../stores/builds.ts';
import { navigate, openLog, openLogWindow, openSheet } from '../../stores/navigation.ts';
import { resumeAndOpen } from '../../stores/resume.ts';
import { toast, toastProblem } from '../../stores/toasts.ts';

/**
 * Builds the platforms that a build lacks, and those that are named, and opens the new build. It has the finished images of
 * the other platforms.
 */
export function retryAndOpen(id: string, platforms?: readonly Platform[]): void {
  retryBuild(id, platforms).then((next) => navigate({ view: 'build', id: next.id }), toastProblem);
}

/** The jobs that a retry builds. */
export function unfinishedJobs({ jobs }: Build): readonly Job[] {
  return jobs.filter(({ status }) => status !== 'done');
}

/** Whether only some platforms of an ended build were built, so that their images are kept. */
export function isIncomplete(build: Build): boolean {
  const unfinished = unfinishedJobs(build).length;
  return build.status !== 'running' && unfinished > 0 && unfinished < build.jobs.length;
}

/** `Retry arm64`, `Retry arm64 and s390x`, `Retry 5 platforms`. */
export function retryLabel(build: Build): string {
  const platforms = unfinishedJobs(build).map(({ platform }) => formatPlatform(platform));
  return `Retry ${platforms.length > 2 ? formatCount(platforms.length, 'platform') : formatList(platforms)}`;
}

export function openRebuildSheet(id: string, apply?: 'pull-newer'): void {
  openSheet({ sheet: 'new-build', from: id, ...(apply ? { apply } : {}) });
}

/** The request of a build that a person makes again: of no bake, and started by nothing else. */
export function ownRequest({ request: { bake: _, trigger: __, ...request } }: Build): Build['request'] {
  return request;
}

/** Builds the project of a build now and on every change. */
export function watchAndShow(build: Build): void {
  startWatch(ownRequest(build)).then(() => navigate({ view: 'schedules' }), toastProblem);
}

export function copyToClipboard(text: string, what: string): void {
  navigator.clipboard.writeText(text).then(() => toast({ title: `Copied ${what}`, kind: 'done' }), toastProblem);
}

/** What the buttons of a build's problems do: they open the sheet of a rebuild, changed by the action. */
export function actionHandlers({ id, status }: Build): ActionHandlers {
  const rebuild = ({ id: apply }: ProblemAction): void => openSheet({ sheet: 'new-build', from: id, apply });
  return status === 'running'
    ? {}
    : {
        'choose-containerfile': rebuild,
        'allow-emulation': rebuild,
        'use-docker-format': rebuild,
        'allow-platform-mismatch': rebuild,
      };
}

/** The menu of one platform of a build. */
export function jobMenuItems(build: Build, job: Job, cancel: (job: Job) => void): MenuItem[] {
  const { platform, digest } = job;
  return [
    { label: 'Open log', icon: 'log', run: () => openLog({ id: build.id, platform }) },
    { label: 'Open log in a new window', icon: 'window', run: () => openLogWindow({ id: build.id, platform }) },
    ...(digest ? [{ label: 'Copy digest', icon: 'copy' as const, run: () => copyToClipboard(digest, 'digest') }] : []),
    'separator',
    job.status === 'interrupted'
      ? { label: 'Resume build', icon: 'play', run: () => resumeAndOpen(build.id) }
      : isEnd(job.status)
        ? {
            label:
              job.status === 'done'
                ? `Build ${formatPlatform(platform)} again`
                : build.status === 'running'
                  ? `Retry ${formatPlatform(platform)}`
                  : retryLabel(build),
            icon: 'refresh',
            disabled: build.status === 'running' && job.status === 'done',
            ...(build.status === 'running' && job.status === 'done' ? { hint: 'The build is still running' } : {}),
            run: () =>
              retryAndOpen(build.id, job.status === 'done' || build.status === 'running' ? [platform] : undefined),
          }
        : {
            label: job.status === 'cancelling' ? 'Cancelling…' : `Cancel ${platform}`,
            icon: 'stop',
            danger: true,
            disabled: job.status === 'cancelling',
            run: () => cancel(job),
          },
  ];
}
