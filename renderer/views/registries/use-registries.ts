import { useCallback, useEffect, useRef, useState } from 'react';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import type { Registry } from '../../../shared/registry.ts';
import { call, subscribe } from '../../api.ts';

interface Registries {
  /** Undefined until they have been loaded. */
  readonly registries: readonly Registry[] | undefined;
  readonly problem: Problem | undefined;
  readonly load: () => void;
}

/** The registries. They are loaded while a view shows them: logins of credential helpers take a while to list. */
export function useRegistries(): Registries {
  const [registries, setRegistries] = useState<readonly Registry[]>();
  const [problem, setProblem] = useState<Problem>();
  const latest = useRef(0);
  const load = useCallback(() => {
    latest.current += 1;
    const request = latest.current;
    call('registries.list', {}).then(
      (list) => {
        if (request === latest.current) {
          setRegistries(list);
          setProblem(undefined);
        }
      },
      (error: unknown) => {
        if (request === latest.current) {
          setProblem(problemOf(error));
        }
      },
    );
  }, []);
  useEffect(() => {
    load();
    return subscribe((event) => {
      if (event.event === 'registries.changed' || event.event === 'pushes.changed') {
        load();
      }
    });
  }, [load]);
  return { registries, problem, load };
}
