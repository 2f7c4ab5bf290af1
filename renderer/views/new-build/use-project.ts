import { useEffect, useState } from 'react';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import type { Project } from '../../../shared/project.ts';
import { call } from '../../api.ts';
import { type BuildDraft, toProjectRequest } from './draft.ts';

export interface ProjectState {
  /** The last result. It stays while the folder is read again. */
  readonly project: Project | undefined;
  /** The Containerfiles in the order in which they were first found, so that the list keeps its order. */
  readonly containerfiles: readonly string[];
  readonly problem: Problem | undefined;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

interface LoadedProject {
  readonly context: string;
  readonly project?: Project;
  readonly containerfiles: readonly string[];
  readonly problem?: Problem;
}

/** Inspects a project folder, and again when the folder, the Containerfile or an option that decides what is found changes. */
export function useProject(draft: BuildDraft): ProjectState {
  const { context } = draft;
  const key = context === undefined ? undefined : JSON.stringify(toProjectRequest(draft, context));
  const [loaded, setLoaded] = useState<LoadedProject>();
  const [isLoading, setIsLoading] = useState(false);
  const [attempt, setAttempt] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new `attempt` loads it again
  useEffect(() => {
    if (context === undefined || key === undefined) {
      return undefined;
    }
    const superseded = new AbortController();
    const { signal } = superseded;
    setIsLoading(true);
    call('projects.inspect', JSON.parse(key), { signal })
      .then(
        (project) => {
          if (!signal.aborted) {
            setLoaded((before) => ({
              context,
              project,
              containerfiles: mergeFiles(
                before?.context === context ? before.containerfiles : [],
                project.containerfiles,
              ),
            }));
          }
        },
        (error: unknown) => {
          if (!signal.aborted) {
            setLoaded((before) => ({
              context,
              containerfiles: before?.context === context ? before.containerfiles : [],
              problem: problemOf(error),
            }));
          }
        },
      )
      .finally(() => {
        if (!signal.aborted) {
          setIsLoading(false);
        }
      });
    return () => {
      superseded.abort();
    };
  }, [context, key, attempt]);

  const current = loaded?.context === context ? loaded : undefined;
  return {
    project: current?.project,
    containerfiles: current?.containerfiles ?? [],
    problem: current?.problem,
    isLoading,
    reload: () => setAttempt((before) => before + 1),
  };
}

function mergeFiles(before: readonly string[], latest: readonly string[]): string[] {
  return [...new Set([...before, ...latest])];
}
