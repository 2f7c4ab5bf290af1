import { useEffect, useState } from 'react';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { pruneOrder } from '../../../shared/storage-kinds.ts';
import type { PrunePreview, PruneRules } from '../../../shared/storage-use.ts';
import { call } from '../../api.ts';

export type Rules = Pick<PruneRules, 'parts' | 'olderThanMs' | 'keepBytes'>;

interface PreviewState {
  /** What nothing uses, of all parts. */
  readonly all: PrunePreview | undefined;
  /** What the rules select of that. */
  readonly chosen: PrunePreview | undefined;
  readonly problem: Problem | undefined;
  /** `chosen` is that of the rules. */
  readonly isCurrent: boolean;
}

/** Asks the nodes once, and selects from what they answered whenever the rules change. */
export function usePrunePreview(nodes: readonly string[], rules: Rules): PreviewState {
  const [all, setAll] = useState<PrunePreview>();
  const [chosen, setChosen] = useState<{ readonly key: string; readonly preview: PrunePreview }>();
  const [problem, setProblem] = useState<Problem>();
  const key = JSON.stringify(rules);

  useEffect(() => {
    const ended = new AbortController();
    const request = { connections: [...nodes], rules: { parts: [...pruneOrder] } };
    call('storage.preview', request, { signal: ended.signal }).then(setAll, (error: unknown) => {
      if (!ended.signal.aborted) {
        setProblem(problemOf(error));
      }
    });
    return () => ended.abort();
  }, [nodes]);

  useEffect(() => {
    const { parts, ...limits }: Rules = JSON.parse(key);
    if (!all || parts.length === 0) {
      return;
    }
    const ended = new AbortController();
    const request = { connections: [...nodes], rules: { parts: [...parts], ...limits }, from: all.id };
    call('storage.preview', request, { signal: ended.signal }).then(
      (preview) => setChosen({ key, preview }),
      (error: unknown) => {
        if (!ended.signal.aborted) {
          setProblem(problemOf(error));
        }
      },
    );
    return () => ended.abort();
  }, [all, key, nodes]);

  const isCurrent = chosen?.key === key;
  const isEmpty = rules.parts.length === 0;
  return {
    all,
    chosen: isEmpty ? undefined : chosen?.preview,
    problem,
    isCurrent: isCurrent || (isEmpty && all !== undefined),
  };
}
