import { useEffect, useState } from 'react';
import type { CallInput } from '../../../shared/contract.ts';
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
  // values that do not affect the schedule are left out of the key
  const key =
    request && `${attempt} ${JSON.stringify({ ...request, reference: 'preview:latest', buildArgs: {}, labels: {} })}`;

  useEffect(() => {
    if (key === undefined) {
      return undefined;
    }
    let isStale = false;
    const input: CallInput<'builds.preview'> = JSON.parse(key.slice(key.indexOf(' ')));
    const timer = setTimeout(() => {
      call('builds.preview', input)
        .then(
          (schedule) => ({ schedule }),
          (error: unknown) => ({ problem: problemOf(error) }),
        )
        .then((next) => {
          if (!isStale) {
            setResult(next);
            setResultKey(key);
          }
        });
    }, debounceMs);
    return () => {
      isStale = true;
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
