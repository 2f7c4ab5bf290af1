import { useEffect, useState } from 'react';
import type { Project } from '../../../shared/contract.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { call } from '../../api.ts';
import { absoluteIn } from './draft.ts';

export interface ProjectState {
  /** What the folder holds; what was found last stays while it is looked at again. */
  readonly project: Project | undefined;
  /** The Containerfiles in the order in which they were found first, so that they keep their places. */
  readonly containerfiles: readonly string[];
  readonly problem: Problem | undefined;
  readonly busy: boolean;
  readonly lookAgain: () => void;
}

interface Found {
  readonly context: string;
  readonly project?: Project;
  readonly containerfiles: readonly string[];
  readonly problem?: Problem;
}

/** What a project folder holds for a build, asked anew for another folder or Containerfile. */
export function useProject(context: string | undefined, file: string | undefined): ProjectState {
  const [found, setFound] = useState<Found>();
  const [busy, setBusy] = useState(false);
  const [round, setRound] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `round` asks again
  useEffect(() => {
    if (context === undefined) {
      return undefined;
    }
    let isStale = false;
    setBusy(true);
    call('projects.inspect', { context, ...(file === undefined ? {} : { file: absoluteIn(context, file) }) })
      .then(
        (project) => {
          if (!isStale) {
            setFound((before) => ({
              context,
              project,
              containerfiles: merged(before?.context === context ? before.containerfiles : [], project.containerfiles),
            }));
          }
        },
        (error: unknown) => {
          if (!isStale) {
            setFound((before) => ({
              context,
              containerfiles: before?.context === context ? before.containerfiles : [],
              problem: problemOf(error),
            }));
          }
        },
      )
      .finally(() => {
        if (!isStale) {
          setBusy(false);
        }
      });
    return () => {
      isStale = true;
    };
  }, [context, file, round]);

  const known = found?.context === context ? found : undefined;
  return {
    project: known?.project,
    containerfiles: known?.containerfiles ?? [],
    problem: known?.problem,
    busy,
    lookAgain: () => setRound((before) => before + 1),
  };
}

function merged(before: readonly string[], now: readonly string[]): string[] {
  return [...new Set([...before, ...now])];
}
