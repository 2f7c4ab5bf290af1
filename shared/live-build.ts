import { type Build, withState } from './build.ts';
import type { AppEvent } from './contract.ts';
import { withOutput } from './output-list.ts';
import type { Platform } from './platform.ts';
import type { Push } from './push.ts';
import { type Step, withSteps } from './step.ts';

/** Follows a build by its events. Changes of steps are collected and applied together when the build is read. */
export class LiveBuild {
  #build: Build;
  readonly #changes = new Map<Platform, Step[]>();

  constructor(build: Build) {
    this.#build = build;
  }

  get id(): string {
    return this.#build.id;
  }

  /** The build as it is now. Jobs that did not change are the same objects as before. */
  get build(): Build {
    if (this.#changes.size > 0) {
      const jobs = this.#build.jobs.map((job) => {
        const changes = this.#changes.get(job.platform);
        return changes ? { ...job, steps: withSteps(job.steps, changes) } : job;
      });
      this.#build = { ...this.#build, jobs };
      this.#changes.clear();
    }
    return this.#build;
  }

  /** Applies an event. Events of other builds change nothing. */
  apply(event: AppEvent): void {
    if (event.event === 'build.finished' && event.build.id === this.id) {
      this.#build = event.build;
      this.#changes.clear();
    } else if ('push' in event && event.push.buildId === this.id) {
      this.#build = withPush(this.#build, event.push);
    } else if (event.event === 'output.changed' && event.output.buildId === this.id) {
      this.#build = { ...this.#build, outputs: withOutput(this.#build.outputs, event.output) };
    } else if (event.event === 'step.changed' && event.buildId === this.id) {
      const changes = this.#changes.get(event.platform) ?? [];
      changes.push(event.step);
      this.#changes.set(event.platform, changes);
    } else if (event.event === 'job.changed' && event.buildId === this.id) {
      const { job: state } = event;
      const jobs = this.#build.jobs.map((job) => {
        if (job.platform !== state.platform) {
          return job;
        }
        const changes = this.#changes.get(job.platform);
        if (changes && job.lost.length !== state.lost.length) {
          // steps of the lost node
          this.#changes.delete(job.platform);
          return withState({ ...job, steps: withSteps(job.steps, changes) }, state);
        }
        return withState(job, state);
      });
      this.#build = { ...this.#build, jobs };
    }
  }
}

function withPush(build: Build, push: Push): Build {
  if (!push.isFurther) {
    return { ...build, push };
  }
  const { furtherPushes = [] } = build;
  const isKnown = furtherPushes.some(({ id }) => id === push.id);
  return {
    ...build,
    furtherPushes: isKnown
      ? furtherPushes.map((each) => (each.id === push.id ? push : each))
      : [...furtherPushes, push],
  };
}
