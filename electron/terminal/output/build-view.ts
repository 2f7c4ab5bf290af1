import type { Build, Job } from '../../../shared/build.ts';
import type { AppEvent } from '../../../shared/contract.ts';
import { LiveBuild } from '../../../shared/live-build.ts';
import type { Pausable } from '../prompt.ts';

/** Shows one build while it runs. */
export interface BuildView {
  onEvent(event: AppEvent): void;
  /** Called once, after the last event. */
  finish(): void;
}

export function isPausable(view: BuildView): view is BuildView & Pausable {
  return 'pause' in view;
}

/** The state of a build, from events. Follows the first build that starts and ignores other builds. */
export class BuildProgress {
  #live: LiveBuild | undefined;
  #context: { readonly files: number; readonly bytes: number; readonly done: boolean } | undefined;

  /** The build with its current jobs. Undefined until a build has started. */
  get build(): Build | undefined {
    return this.#live?.build;
  }

  /** The part of the context that is packed. */
  get context(): { readonly files: number; readonly bytes: number; readonly done: boolean } | undefined {
    return this.#context;
  }

  /** @returns the previous state of the job, if the event changes the state of a job */
  apply(event: AppEvent): Job | undefined {
    if (event.event === 'build.started') {
      this.#live ??= new LiveBuild(event.build);
      return undefined;
    }
    const live = this.#live;
    if (event.event === 'build.context' && event.buildId === live?.id) {
      const { files, bytes, done } = event;
      this.#context = { files, bytes, done };
    }
    const previous =
      event.event === 'job.changed' && event.buildId === live?.id
        ? live.build.jobs.find(({ platform }) => platform === event.job.platform)
        : undefined;
    live?.apply(event);
    return previous;
  }
}
