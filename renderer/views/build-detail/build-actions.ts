import { type Build, isEnd, type Job } from '../../../shared/build.ts';
import type { MenuItem } from '../../parts/Menu.tsx';
import { startBuild, useBuilds } from '../../stores/builds.ts';
import { navigate, openLog, openLogWindow, openSheet } from '../../stores/navigation.ts';
import { toast, toastProblem } from '../../stores/toasts.ts';

/**
 * Builds all platforms of a build again with the same settings, since a manifest list needs all of them. Platforms that were
 * built before come from the build cache of their nodes.
 */
export function retryBuild(id: string): void {
  const build = useBuilds.getState().byId[id];
  if (build) {
    const platforms = build.jobs.map(({ platform }) => platform);
    startBuild({ ...build.request, platforms }).then((next) => navigate({ view: 'build', id: next.id }), toastProblem);
  }
}

export function openRebuildSheet(id: string): void {
  openSheet({ sheet: 'new-build', from: id });
}

export function copyToClipboard(text: string, what: string): void {
  navigator.clipboard.writeText(text).then(() => toast({ title: `Copied ${what}`, kind: 'done' }), toastProblem);
}

/** The menu of one platform of a build. */
export function jobMenuItems(build: Build, job: Job, cancel: (job: Job) => void): MenuItem[] {
  const { platform, digest } = job;
  return [
    { label: 'Open log', icon: 'log', run: () => openLog({ id: build.id, platform }) },
    { label: 'Open log in a new window', icon: 'window', run: () => openLogWindow({ id: build.id, platform }) },
    ...(digest ? [{ label: 'Copy digest', icon: 'copy' as const, run: () => copyToClipboard(digest, 'digest') }] : []),
    'separator',
    isEnd(job.status)
      ? {
          label: job.status === 'done' ? 'Build again' : 'Retry',
          icon: 'refresh',
          run: () => retryBuild(build.id),
        }
      : { label: `Cancel ${platform}`, icon: 'stop', danger: true, run: () => cancel(job) },
  ];
}
