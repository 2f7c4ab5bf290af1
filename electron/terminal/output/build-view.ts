import type { Build, Job } from '../../../shared/build.ts';
import type { AppEvent } from '../../../shared/contract.ts';

/** Shows one build while it runs. */
export interface BuildView {
  onEvent(event: AppEvent): void;
  /** Called once, after the last event. */
  finish(): void;
}

/** The state of a build, from events. Follows the first build that starts and ignores other builds. */
export class BuildProgress {
  #build: Build | undefined;
  #context: { readonly files: number; readonly bytes: number; readonly done: boolean } | undefined;

  /** The build with its current jobs. Undefined until a build has started. */
  get build(): Build | undefined {
    return this.#build;
  }

  /** The part of the context that is packed. */
  get context(): { readonly files: number; readonly bytes: number; readonly done: boolean } | undefined {
    return this.#context;
  }

  /** @returns the previous state of the job, if the event changes a job */
  apply(event: AppEvent): Job | undefined {
    if (event.event === 'build.started') {
      this.#build ??= event.build;
      return undefined;
    }
    const build = this.#build;
    if (!build) {
      return undefined;
    }
    if (event.event === 'build.finished' && event.build.id === build.id) {
      this.#build = event.build;
    }
    if (event.event === 'build.context' && event.buildId === build.id) {
      const { files, bytes, done } = event;
      this.#context = { files, bytes, done };
    }
    if (event.event === 'job.changed' && event.buildId === build.id) {
      const previous = build.jobs.find(({ platform }) => platform === event.job.platform);
      const jobs = build.jobs.map((job) => (job === previous ? event.job : job));
      this.#build = { ...build, jobs };
      return previous;
    }
    return undefined;
  }
}
