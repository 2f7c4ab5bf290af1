import { useEffect, useState } from 'react';
import type { Candidate } from '../../../shared/contract.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { discoverConnections } from '../../stores/connections.ts';

export interface Candidates {
  /** Engines that this computer knows of and that were no connections when the view was opened. */
  readonly candidates: readonly Candidate[];
  readonly problem: Problem | undefined;
}

/** Looks once what this computer knows of engines. Those that are added stay, so that the list does not jump. */
export function useCandidates(): Candidates {
  const [found, setFound] = useState<Candidates>({ candidates: [], problem: undefined });
  useEffect(() => {
    let isOver = false;
    discoverConnections().then(
      (candidates) => {
        if (!isOver) {
          const unknown = candidates.filter(({ connection }) => connection === undefined);
          setFound({ candidates: unknown, problem: undefined });
        }
      },
      (error: unknown) => {
        if (!isOver) {
          setFound({ candidates: [], problem: problemOf(error) });
        }
      },
    );
    return () => {
      isOver = true;
    };
  }, []);
  return found;
}
