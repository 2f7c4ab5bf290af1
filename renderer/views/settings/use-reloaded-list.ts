import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';
import { type Problem, problemOf } from '../../../shared/problem.ts';

interface LoadResult<T> {
  /** Undefined until it has been loaded. */
  readonly list: readonly T[] | undefined;
  /** Why it could not be loaded. */
  readonly problem: Problem | undefined;
}

export interface ReloadedList<T> extends LoadResult<T> {
  readonly load: () => Promise<void>;
}

/**
 * A list for which the app emits no events.
 * @param fetchList loads it; must be a stable function
 * @param triggers the list is loaded again when one of these changes
 */
export function useReloadedList<T>(
  fetchList: () => Promise<readonly T[]>,
  ...triggers: readonly unknown[]
): ReloadedList<T> {
  const [result, setResult] = useState<LoadResult<T>>({ list: undefined, problem: undefined });
  // if several requests are pending, only the latest one counts
  const latestRequest = useRef(0);

  const load = useCallback(async () => {
    latestRequest.current += 1;
    const request = latestRequest.current;
    const loaded = await fetchList().then(
      (list) => ({ list, problem: undefined }),
      (error: unknown) => ({ list: undefined, problem: problemOf(error) }),
    );
    if (request === latestRequest.current) {
      setResult(loaded);
    }
  }, [fetchList]);

  useEffect(() => {
    void load();
  }, [load, ...triggers]);

  return { ...result, load };
}

/** @returns a ref for a heading that receives the focus when an entry is removed, because the button that had the focus is gone */
export function useFocusOnRemoval(count: number | undefined): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null);
  const previousCount = useRef(count);
  useEffect(() => {
    if (count !== undefined && previousCount.current !== undefined && count < previousCount.current) {
      heading.current?.focus();
    }
    previousCount.current = count;
  }, [count]);
  return heading;
}
