import { type Build, isEnd, type Job } from '../../shared/build.ts';
import type { AppEvent, Push } from '../../shared/contract.ts';

/** How far a job is when a phase begins, as a part of the whole; building takes most of it. */
const phaseStart = { queued: 0, context: 0.02, building: 0.1, pulling: 0.85 } as const;

/** The builds and pushes that run now, as events tell of them. */
export class Work {
  readonly #builds = new Map<string, Build>();
  readonly #pushes = new Map<string, Push>();

  hear(event: AppEvent): void {
    switch (event.event) {
      case 'build.started':
        this.#builds.set(event.build.id, event.build);
        break;
      case 'job.changed': {
        const build = this.#builds.get(event.buildId);
        if (build) {
          const jobs = build.jobs.map((job) => (job.platform === event.job.platform ? event.job : job));
          this.#builds.set(build.id, { ...build, jobs });
        }
        break;
      }
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
    }
  }

  get builds(): number {
    return this.#builds.size;
  }

  get pushes(): number {
    return this.#pushes.size;
  }

  /** How much of all that runs is done, from 0 to 1, or undefined where nothing runs. */
  get progress(): number | undefined {
    const parts = [
      ...[...this.#builds.values()].flatMap(({ jobs }) => jobs.map(jobProgress)),
      ...[...this.#pushes.values()].map(pushProgress),
    ];
    return parts.length === 0 ? undefined : parts.reduce((sum, part) => sum + part, 0) / parts.length;
  }
}

function jobProgress({ status, steps }: Job): number {
  if (isEnd(status)) {
    return 1;
  }
  const start = status in phaseStart ? phaseStart[status as keyof typeof phaseStart] : 0;
  if (status !== 'building') {
    return start;
  }
  const total = steps.at(-1)?.total ?? 0;
  const done = steps.filter(({ durationMs }) => durationMs !== undefined).length;
  return start + (total === 0 ? 0 : Math.min(1, done / total) * (phaseStart.pulling - start));
}

function pushProgress({ totalBytes, uploadedBytes, skippedBytes }: Push): number {
  return totalBytes === 0 ? 0 : Math.min(1, (uploadedBytes + skippedBytes) / totalBytes);
}
