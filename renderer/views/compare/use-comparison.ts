import { useEffect, useState } from 'react';
import type { Comparison } from '../../../shared/compare.ts';
import { type Problem, problemOf } from '../../../shared/failure.ts';
import { call } from '../../api.ts';

export interface ComparisonState {
  readonly comparison: Comparison | undefined;
  readonly problem: Problem | undefined;
  readonly isRunning: boolean;
  /** Compares again, with layers that are only in a registry. */
  readonly fetch: () => void;
  /** Compares again without verified TLS. */
  readonly retryInsecure: () => void;
}

/** Compares two images while it is shown. Nothing is asked while one of them is not given. */
export function useComparison(a: string | undefined, b: string | undefined): ComparisonState {
  const [state, setState] = useState<{
    readonly comparison?: Comparison;
    readonly problem?: Problem;
    readonly isRunning: boolean;
  }>({
    isRunning: false,
  });
  const [options, setOptions] = useState({ of: '', fetches: false, insecure: false });
  const key = `${a} ${b}`;
  const { fetches, insecure } = options.of === key ? options : { fetches: false, insecure: false };
  useEffect(() => {
    if (!a || !b) {
      setState({ isRunning: false });
      return undefined;
    }
    const controller = new AbortController();
    setState(({ comparison }) => ({ ...(fetches && comparison ? { comparison } : {}), isRunning: true }));
    const request = { a, b, files: fetches ? 'fetch' : 'here', tlsVerify: !insecure } as const;
    call('images.compare', request, { signal: controller.signal }).then(
      (comparison) => setState({ comparison, isRunning: false }),
      (error: unknown) => controller.signal.aborted || setState({ problem: problemOf(error), isRunning: false }),
    );
    return () => controller.abort();
  }, [a, b, fetches, insecure]);
  return {
    comparison: state.comparison,
    problem: state.problem,
    isRunning: state.isRunning,
    fetch: () => setOptions({ of: key, fetches: true, insecure }),
    retryInsecure: () => setOptions({ of: key, fetches, insecure: true }),
  };
}
