import { useCallback, useEffect, useState } from 'react';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import type { Statistics } from '../../../shared/statistics.ts';
import { call } from '../../api.ts';
import { useRunningIds } from '../../stores/builds.ts';

/** The statistics of a farm, or of all builds. They are read again when a build has ended. */
export function useStatistics(farm: string | undefined): {
  readonly statistics: Statistics | undefined;
  readonly problem: Problem | undefined;
  readonly reload: () => void;
} {
  const [loaded, setLoaded] = useState<{ readonly farm: string | undefined; readonly statistics: Statistics }>();
  const [problem, setProblem] = useState<Problem>();
  const [round, setRound] = useState(0);
  const running = useRunningIds().join(' ');
  // biome-ignore lint/correctness/useExhaustiveDependencies: another round, or other running builds, read them again
  useEffect(() => {
    const canceller = new AbortController();
    call('statistics.get', farm === undefined ? {} : { farm }, { signal: canceller.signal })
      .then((statistics) => {
        setLoaded({ farm, statistics });
        setProblem(undefined);
      })
      .catch((error: unknown) => {
        if (!canceller.signal.aborted) {
          setProblem(problemOf(error));
        }
      });
    return () => canceller.abort();
  }, [farm, round, running]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  return { statistics: loaded && loaded.farm === farm ? loaded.statistics : undefined, problem, reload };
}
