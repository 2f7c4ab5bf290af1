import { type Build, isEnd, type Job } from '../../../shared/build.ts';
import type { MenuItem } from '../../parts/Menu.tsx';
import { startBuild, useBuilds } from '../../stores/builds.ts';
import { navigate, openLog, openLogWindow, openSheet } from '../../stores/navigation.ts';
import { toast, toastProblem } from '../../stores/toasts.ts';

/**
 * Builds all platforms of a build once more with the same settings: a list is only whole with all of them, and what was built
 * before is in the caches of its nodes.
 */
export function retry(id: string): void {
  const build = useBuilds.getState().byId[id];
  if (build) {
    const platforms = build.jobs.map(({ platform }) => platform);
    startBuild({ ...build.request, platforms }).then((next) => navigate({ view: 'build', id: next.id }), toastProblem);
  }
}

export function rebuild(id: string): void {
  openSheet({ sheet: 'new-build', from: id });
}

export function copy(text: string, what: string): void {
  navigator.clipboard.writeText(text).then(() => toast({ title: `Copied the ${what}.`, kind: 'done' }), toastProblem);
}

/** Everything that can be done with one platform of a build. */
export function jobMenu(build: Build, job: Job, cancel: (job: Job) => void): MenuItem[] {
  const { platform, digest } = job;
  const isOver = isEnd(job.status);
  return [
    { label: 'Open log', icon: 'log', run: () => openLog({ id: build.id, platform }) },
    { label: 'Open log in a window', icon: 'window', run: () => openLogWindow({ id: build.id, platform }) },
    ...(digest ? [{ label: 'Copy digest', icon: 'copy' as const, run: () => copy(digest, 'digest') }] : []),
    'separator',
    isOver
      ? {
          label: job.status === 'done' ? 'Build again' : 'Retry',
          icon: 'refresh',
          run: () => retry(build.id),
        }
      : { label: `Cancel ${platform}`, icon: 'stop', danger: true, run: () => cancel(job) },
  ];
}
