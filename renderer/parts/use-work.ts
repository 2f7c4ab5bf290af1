import { useState } from 'react';
import { type Problem, problemOf } from '../../shared/failure.ts';

export interface Work {
  /** Whether something that a person has started is under way. */
  readonly busy: boolean;
  /** Why the last one has failed. */
  readonly problem: Problem | undefined;
  /** Runs it. Never rejects: what it throws is the problem. */
  readonly run: (work: () => Promise<unknown>) => Promise<void>;
}

/** What a form or dialog has started: whether it still runs, and why it failed. */
export function useWork(): Work {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  return {
    busy,
    problem,
    run: async (work) => {
      setBusy(true);
      setProblem(undefined);
      try {
        await work();
      } catch (error) {
        setProblem(problemOf(error));
      } finally {
        setBusy(false);
      }
    },
  };
}
