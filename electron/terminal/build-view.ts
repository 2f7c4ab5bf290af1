import type { Build, Job } from '../../shared/build.ts';
import type { AppEvent } from '../../shared/contract.ts';

/** Shows one build while it runs. */
export interface BuildView {
  onEvent(event: AppEvent): void;
  /** Called once, when the build has ended and all its events were told. */
  finish(): void;
}

/** What has been told of one build so far: that of the first that was started. */
export class BuildProgress {
  #build: Build | undefined;
  #context: { readonly files: number; readonly bytes: number; readonly done: boolean } | undefined;

  /** The build with its jobs as they are now. */
  get build(): Build | undefined {
    return this.#build;
  }

  /** The context as far as it is packed. */
  get context(): { readonly files: number; readonly bytes: number; readonly done: boolean } | undefined {
    return this.#context;
  }

  /** Takes in an event. Gives the job as it was before, where the event changes one. */
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
      const before = build.jobs.find(({ platform }) => platform === event.job.platform);
      const jobs = build.jobs.map((job) => (job === before ? event.job : job));
      this.#build = { ...build, jobs };
      return before;
    }
    return undefined;
  }
}
