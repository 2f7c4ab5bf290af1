import { setTimeout as delay } from 'node:timers/promises';
import type { BuildRequest } from '../../shared/build.ts';
import { Failure } from '../../shared/problem.ts';
import type { Builder } from '../engines/engine.ts';
import { isPassingPullFailure } from '../engines/problem-causes.ts';

/** Seconds between two attempts, as podman and buildah have it. */
const defaultDelay = 2;

/**
 * A builder that repeats builds whose base image could not be pulled, as often as the request says: engines do so differently,
 * or not at all.
 */
export function repeatingPulls(
  builder: Builder,
  { retry = 0, retryDelay = defaultDelay }: Pick<BuildRequest, 'retry' | 'retryDelay'>,
  onLogLine: (text: string) => void,
): Builder {
  return {
    build: async (build, onOutput, signal) => {
      for (let repetitions = 0; ; repetitions += 1) {
        try {
          // what was sent before counts once
          const isSeen = (kind: string): boolean => repetitions > 0 && /^context-/.test(kind);
          return await builder.build(build, (output) => isSeen(output.kind) || onOutput(output), signal);
        } catch (error) {
          if (!(error instanceof Failure) || signal.aborted || repetitions >= retry || !isPassingPullFailure(error)) {
            throw error;
          }
          onLogLine(
            `${error.problem.message} Trying again in ${retryDelay} s (attempt ${repetitions + 2} of ${retry + 1}).`,
          );
          await delay(retryDelay * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
        }
      }
    },
  };
}
