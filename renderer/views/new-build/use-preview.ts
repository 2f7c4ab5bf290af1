import { useEffect, useState } from 'react';
import type { CallInput } from '../../../shared/contract.ts';
import type { Schedule } from '../../../shared/farm.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { call } from '../../api.ts';

/** How long a person must have stopped changing things before nodes are asked, in milliseconds. */
const quietMs = 250;

export interface Preview {
  /** The last plan; it stays while the next one is asked for. */
  readonly schedule: Schedule | undefined;
  readonly problem: Problem | undefined;
  /** A plan for what is shown now is on its way. */
  readonly busy: boolean;
  readonly askAgain: () => void;
}

/** Who would build what. Nothing is asked while there is no request. */
export function usePreview(request: CallInput<'builds.preview'> | undefined): Preview {
  const [answer, setAnswer] = useState<{ readonly schedule?: Schedule; readonly problem?: Problem }>({});
  const [answered, setAnswered] = useState<string>();
  const [round, setRound] = useState(0);
  // what does not decide who builds is the same in all previews
  const key =
    request && `${round} ${JSON.stringify({ ...request, reference: 'preview:latest', buildArgs: {}, labels: {} })}`;

  useEffect(() => {
    if (key === undefined) {
      return undefined;
    }
    let isStale = false;
    const asked: CallInput<'builds.preview'> = JSON.parse(key.slice(key.indexOf(' ')));
    const timer = setTimeout(() => {
      call('builds.preview', asked)
        .then(
          (schedule) => ({ schedule }),
          (error: unknown) => ({ problem: problemOf(error) }),
        )
        .then((next) => {
          if (!isStale) {
            setAnswer(next);
            setAnswered(key);
          }
        });
    }, quietMs);
    return () => {
      isStale = true;
      clearTimeout(timer);
    };
  }, [key]);

  return {
    schedule: answer.schedule,
    problem: answer.problem,
    busy: key !== undefined && key !== answered,
    askAgain: () => setRound((before) => before + 1),
  };
}
