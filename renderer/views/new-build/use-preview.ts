import { useEffect, useState } from 'react';
import { isRequestOption } from '../../../shared/build-options.ts';
import type { CallInput } from '../../../shared/contract.ts';
import { decidesSchedule } from '../../../shared/option-support.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import type { Schedule } from '../../../shared/schedule.ts';
import { call } from '../../api.ts';

/** How long the request must be unchanged before a preview is requested, in milliseconds. */
const debounceMs = 250;

export interface Preview {
  /** The last schedule. It stays while the next one is loading. */
  readonly schedule: Schedule | undefined;
  readonly problem: Problem | undefined;
  /** True until `schedule` or `problem` belongs to the current request. */
  readonly isLoading: boolean;
  readonly reload: () => void;
}

/** Loads the schedule that a build request would get. Does nothing while there is no request. */
export function usePreview(request: CallInput<'builds.preview'> | undefined): Preview {
  const [result, setResult] = useState<{ readonly schedule?: Schedule; readonly problem?: Problem }>({});
  const [resultKey, setResultKey] = useState<string>();
  const [attempt, setAttempt] = useState(0);
  const key = request && `${attempt} ${JSON.stringify(withoutDetails(request))}`;

  useEffect(() => {
    if (key === undefined) {
      return undefined;
    }
    const superseded = new AbortController();
    const { signal } = superseded;
    const input: CallInput<'builds.preview'> = JSON.parse(key.slice(key.indexOf(' ')));
    const timer = setTimeout(() => {
      call('builds.preview', input, { signal })
        .then(
          (schedule) => ({ schedule }),
          (error: unknown) => ({ problem: problemOf(error) }),
        )
        .then((next) => {
          if (!signal.aborted) {
            setResult(next);
            setResultKey(key);
          }
        });
    }, debounceMs);
    return () => {
      superseded.abort();
      clearTimeout(timer);
    };
  }, [key]);

  return {
    schedule: result.schedule,
    problem: result.problem,
    isLoading: key !== undefined && key !== resultKey,
    reload: () => setAttempt((before) => before + 1),
  };
}

/** The same request for all that have the same schedule: nodes are not probed again for what does not affect it. */
function withoutDetails(request: CallInput<'builds.preview'>): CallInput<'builds.preview'> {
  const isKept = (name: string): boolean => !isRequestOption(name) || decidesSchedule(name);
  const kept = Object.fromEntries(Object.entries(request).filter(([name]) => isKept(name)));
  return { ...kept, context: request.context, reference: 'preview:latest', push: undefined, automatic: undefined };
}
