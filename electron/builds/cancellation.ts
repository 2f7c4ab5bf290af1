import type { Platform } from '../../shared/platform.ts';
import { type Failure, fail } from '../../shared/problem.ts';

/** Cancels a build, or single platforms of it. */
export class Cancellation {
  readonly #reference: string;
  readonly #build = new AbortController();
  readonly #platforms = new Map<Platform, AbortController>();

  /** @param reference the reference of the build, for the message. */
  constructor(reference: string) {
    this.#reference = reference;
  }

  /** Aborts when the whole build is cancelled. */
  get signal(): AbortSignal {
    return this.#build.signal;
  }

  /** Aborts when the whole build or the platform is cancelled. */
  signalOf(platform: Platform): AbortSignal {
    return AbortSignal.any([this.#build.signal, this.#controllerOf(platform).signal]);
  }

  /** Cancels one platform, or the whole build. */
  cancel(platform?: Platform): void {
    const controller = platform === undefined ? this.#build : this.#controllerOf(platform);
    controller.abort(buildCancelled(this.#reference));
  }

  /** Forgets that a platform was cancelled. */
  renew(platform: Platform): void {
    this.#platforms.delete(platform);
  }

  /** Creates the controller on first use: a platform may be cancelled before its job has started. */
  #controllerOf(platform: Platform): AbortController {
    const controller = this.#platforms.get(platform) ?? new AbortController();
    this.#platforms.set(platform, controller);
    return controller;
  }
}

export function buildCancelled(reference: string): Failure {
  return fail('build.cancelled', `The build of ${reference} was cancelled.`, 'Start the build again.');
}
