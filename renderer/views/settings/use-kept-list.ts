import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';
import { type Problem, problemOf } from '../../../shared/problem.ts';

interface Known<T> {
  /** Undefined until it is known. */
  readonly list: readonly T[] | undefined;
  /** Why it is not known. */
  readonly problem: Problem | undefined;
}

export interface KeptList<T> extends Known<T> {
  readonly load: () => Promise<void>;
}

/**
 * Something that the app keeps and tells of no change.
 * @param ask asks the app for it; the same function each time it is drawn.
 * @param whens it is asked for again whenever one of these has changed.
 */
export function useKeptList<T>(ask: () => Promise<readonly T[]>, ...whens: readonly unknown[]): KeptList<T> {
  const [known, setKnown] = useState<Known<T>>({ list: undefined, problem: undefined });
  // of several that are under way the last one that was asked counts
  const asked = useRef(0);

  const load = useCallback(async () => {
    asked.current += 1;
    const mine = asked.current;
    const found = await ask().then(
      (list) => ({ list, problem: undefined }),
      (error: unknown) => ({ list: undefined, problem: problemOf(error) }),
    );
    if (mine === asked.current) {
      setKnown(found);
    }
  }, [ask]);

  useEffect(() => {
    void load();
  }, [load, ...whens]);

  return { ...known, load };
}

/** A heading that gets the focus when its list becomes shorter: the button that had it went away with its row. */
export function useFocusWhenShorter(count: number | undefined): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef(count);
  useEffect(() => {
    if (count !== undefined && before.current !== undefined && count < before.current) {
      heading.current?.focus();
    }
    before.current = count;
  }, [count]);
  return heading;
}
