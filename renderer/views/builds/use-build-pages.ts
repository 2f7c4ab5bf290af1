import { useEffect, useMemo, useRef, useState } from 'react';
import type { BuildEntry, BuildFilter } from '../../../shared/build-entry.ts';
import { findBuilds, loadOlderBuilds, useBuilds } from '../../stores/builds.ts';
import { toastProblem } from '../../stores/toasts.ts';

export interface BuildPages {
  /**
   * The loaded builds, newest first; with a filter also older ones that match it. The array changes when builds start, end
   * or are deleted, not while they make progress.
   */
  readonly builds: readonly BuildEntry[];
  /** Whether there may be older builds. */
  readonly hasOlder: boolean;
  readonly isLoading: boolean;
  /** Loads the next page. */
  readonly loadOlder: () => void;
}

/** What was found beyond the loaded pages. */
interface Found {
  readonly filter: BuildFilter;
  readonly ids: readonly string[];
  /** Where the search goes on. Undefined if it has ended. */
  readonly next: string | undefined;
}

/** The builds of the history that a view shows. @param filter must be stable */
export function useBuildPages(filter: BuildFilter): BuildPages {
  const order = useBuilds((state) => state.order);
  const entries = useBuilds((state) => state.entries);
  const next = useBuilds((state) => state.next);
  const [found, setFound] = useState<Found>();
  const [isLoading, setLoading] = useState(false);
  const loading = useRef<AbortController>(undefined);
  const isFiltered = Object.values(filter).some((value) => value !== undefined && value !== '');
  const foundNow = found?.filter === filter ? found : undefined;

  async function load(): Promise<void> {
    if (!loading.current || loading.current.signal.aborted) {
      loading.current = new AbortController();
    }
    const { signal } = loading.current;
    setLoading(true);
    try {
      if (isFiltered) {
        // the loaded pages are filtered here
        const page = await findBuilds(filter, foundNow ? foundNow.next : next, signal);
        setFound({ filter, ids: [...(foundNow?.ids ?? []), ...page.ids], next: page.next });
      } else {
        await loadOlderBuilds(signal);
      }
    } catch (error) {
      if (!signal.aborted) {
        toastProblem(error);
      }
    } finally {
      if (!signal.aborted) {
        setLoading(false);
      }
    }
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new filter ends the search before
  useEffect(
    () => () => {
      loading.current?.abort();
      setLoading(false);
    },
    [filter],
  );

  const builds = useMemo(
    () => [...new Set([...order, ...(foundNow?.ids ?? [])])].flatMap((id) => entries[id] ?? []),
    [order, entries, foundNow],
  );
  return {
    builds,
    hasOlder: isFiltered && foundNow ? foundNow.next !== undefined : next !== undefined,
    isLoading,
    loadOlder: () => {
      if (!isLoading) {
        void load();
      }
    },
  };
}
