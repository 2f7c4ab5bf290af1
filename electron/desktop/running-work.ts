import { type Build, isEnd, type Job } from '../../shared/build.ts';
import type { AppEvent } from '../../shared/contract.ts';
import { formatCount, formatList, pluralText } from '../../shared/format.ts';
import { LiveBuild } from '../../shared/live-build.ts';
import type { OutputState } from '../../shared/output-state.ts';
import type { Push } from '../../shared/push.ts';
import { endedShare } from '../../shared/step.ts';

/** The progress of a job when a phase starts, from 0 to 1. The build phase takes most of the time. */
const phaseStart = { queued: 0, context: 0.02, building: 0.1, transferring: 0.85 } as const;

/** The running builds, pushes and exports that end when the app is closed, from events. */
export class RunningWork {
  readonly #builds = new Map<string, LiveBuild>();
  readonly #pushes = new Map<string, Push>();
  /** Those of builds are part of their builds. */
  readonly #exports = new Map<string, OutputState>();

  update(event: AppEvent): void {
    switch (event.event) {
      case 'build.started':
        if (!event.ofOtherProcess) {
          this.#builds.set(event.build.id, new LiveBuild(event.build));
        }
        break;
      case 'job.changed':
      case 'step.changed':
        this.#builds.get(event.buildId)?.apply(event);
        break;
      case 'build.finished':
        this.#builds.delete(event.build.id);
        break;
      case 'push.progress':
        if (event.push.status === 'running') {
          this.#pushes.set(event.push.id, event.push);
        }
        break;
      case 'push.finished':
        this.#pushes.delete(event.push.id);
        break;
      case 'output.changed':
        if (event.output.status !== 'running') {
          this.#exports.delete(event.output.id);
        } else if (!this.#builds.has(event.output.buildId ?? '')) {
          this.#exports.set(event.output.id, event.output);
        }
        break;
    }
  }

  /** The running builds as they are now. */
  get builds(): Build[] {
    return [...this.#builds.values()].map(({ build }) => build);
  }

  /** The average progress of all jobs, pushes and exports, from 0 to 1, or undefined if nothing runs. */
  get progress(): number | undefined {
    const parts = [
      ...[...this.#builds.values()].flatMap(({ build }) => build.jobs.map(jobProgress)),
      ...[...this.#pushes.values()].map(pushProgress),
      ...[...this.#exports.values()].map(({ doneBytes, totalBytes }) =>
        totalBytes === 0 ? 0 : doneBytes / totalBytes,
      ),
    ];
    return parts.length === 0 ? undefined : parts.reduce((sum, part) => sum + part, 0) / parts.length;
  }

  /** The question to ask before quitting, or undefined if nothing runs. The first button quits. */
  get quitQuestion(): { readonly message: string; readonly buttons: string[] } | undefined {
    const [builds, pushes, exports] = [this.#builds.size, this.#pushes.size, this.#exports.size];
    const running = [
      ...(builds > 0 ? [formatCount(builds, 'build')] : []),
      ...(pushes > 0 ? [formatCount(pushes, 'push', 'pushes')] : []),
      ...(exports > 0 ? [formatCount(exports, 'export')] : []),
    ];
    if (running.length === 0) {
      return undefined;
    }
    const count = builds + pushes + exports;
    const works = formatList(running);
    return {
      message: pluralText(
        count,
        `${works} is running. Quit and cancel it?`,
        `${works} are running. Quit and cancel them?`,
      ),
      buttons: ['Quit and cancel', pluralText(count, 'Keep it running', 'Keep them running')],
    };
  }
}

/** The progress of a build, from 0 to 1. */
export function buildProgress({ jobs }: Pick<Build, 'jobs'>): number {
  return jobs.length === 0 ? 0 : jobs.reduce((sum, job) => sum + jobProgress(job), 0) / jobs.length;
}

function jobProgress(job: Job): number {
  const { status } = job;
  if (isEnd(status)) {
    return 1;
  }
  // a job that is being cancelled has the share of what it did
  const start = phaseStart[status === 'cancelling' ? 'building' : status];
  if (status !== 'building' && status !== 'cancelling') {
    return start;
  }
  return start + endedShare(job) * (phaseStart.transferring - start);
}

function pushProgress({ totalBytes, uploadedBytes, skippedBytes }: Push): number {
  return totalBytes === 0 ? 0 : Math.min(1, (uploadedBytes + skippedBytes) / totalBytes);
}
