import { useEffect, useState } from 'react';
import { type Problem, problemOf } from '../../../shared/failure.ts';
import type { RawList } from '../../../shared/list-edit.ts';
import { call } from '../../api.ts';

export interface ListState {
  readonly list: RawList | undefined;
  readonly problem: Problem | undefined;
  readonly isReading: boolean;
  /** Whether TLS is verified. */
  readonly tlsVerify: boolean;
  /** What the list is after a change. */
  readonly show: (list: RawList) => void;
  readonly reload: () => void;
  readonly reloadInsecure: () => void;
}

/** Reads a list while it is shown. Nothing is read while there is no name. */
export function useList(image: string | undefined): ListState {
  const [state, setState] = useState<{ readonly list?: RawList; readonly problem?: Problem; readonly of?: string }>({});
  const [attempt, setAttempt] = useState(0);
  const [insecureOf, setInsecureOf] = useState<string>();
  const tlsVerify = insecureOf !== image;
  const key = `${image} ${tlsVerify} ${attempt}`;
  useEffect(() => {
    if (image === undefined) {
      return undefined;
    }
    const controller = new AbortController();
    call('lists.inspect', { image, tlsVerify }, { signal: controller.signal }).then(
      (list) => setState({ list, of: key }),
      (error: unknown) => controller.signal.aborted || setState({ problem: problemOf(error), of: key }),
    );
    return () => controller.abort();
  }, [image, tlsVerify, key]);
  const isReading = image !== undefined && state.of !== key;
  const isShown = state.of?.startsWith(`${image} `) === true;
  return {
    list: isShown ? state.list : undefined,
    problem: isReading ? undefined : state.problem,
    isReading,
    tlsVerify,
    show: (list) => setState({ list, of: key }),
    reload: () => setAttempt(attempt + 1),
    reloadInsecure: () => setInsecureOf(image),
  };
}
