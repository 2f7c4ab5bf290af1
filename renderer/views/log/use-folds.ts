import { useCallback, useMemo, useRef, useState } from 'react';
import { FoldMap } from './fold-map.ts';
import type { LoggedStep } from './logged-steps.ts';

export interface Folds {
  /** The lines at which folded steps start. */
  readonly folded: ReadonlySet<number>;
  readonly map: FoldMap;
  /** Folds or unfolds the step that starts at a line. */
  readonly toggle: (line: number) => void;
  /** Unfolds all steps if any is folded, else folds all. */
  readonly toggleAll: () => void;
  /** Unfolds the step that hides a line, if any. */
  readonly reveal: (line: number) => void;
}

/** Which steps of a log are folded. `toggle` and `reveal` are stable. */
export function useFolds(steps: readonly LoggedStep[], total: number): Folds {
  const latest = useRef({ steps, total });
  latest.current = { steps, total };
  const [folded, setFolded] = useState<ReadonlySet<number>>(new Set());
  const map = useMemo(() => new FoldMap(steps, folded, total), [steps, folded, total]);
  const toggle = useCallback((line: number) => {
    setFolded((previous) => {
      const next = new Set(previous);
      if (!next.delete(line)) {
        next.add(line);
      }
      return next;
    });
  }, []);
  const reveal = useCallback((line: number) => {
    setFolded((previous) => {
      const fold = new FoldMap(latest.current.steps, previous, latest.current.total).foldHiding(line);
      return fold === undefined ? previous : new Set([...previous].filter((each) => each !== fold));
    });
  }, []);
  const toggleAll = (): void => {
    setFolded(folded.size > 0 ? new Set() : new Set(steps.map(({ firstLine }) => firstLine)));
  };
  return { folded, map, toggle, toggleAll, reveal };
}
