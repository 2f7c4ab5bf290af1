import { useCallback, useEffect, useRef, useState } from 'react';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import type { Remembered } from '../../../shared/question.ts';
import { call } from '../../api.ts';
import { useNodes } from '../../stores/nodes.ts';
import { useQuestions } from '../../stores/questions.ts';

interface RememberedSecrets {
  /** Undefined until they are known. */
  readonly secrets: readonly Remembered[] | undefined;
  /** Why they are not known. */
  readonly problem: Problem | undefined;
  /** @throws Failure */
  readonly forget: (id: string) => Promise<void>;
}

/**
 * What is remembered for sign-ins. Asked for again when a question was settled and when a node has changed: a secret is
 * kept once the sign-in with it went well.
 */
export function useRemembered(): RememberedSecrets {
  const [known, setKnown] = useState<Omit<RememberedSecrets, 'forget'>>({ secrets: undefined, problem: undefined });
  const open = useQuestions((state) => state.open);
  const nodes = useNodes((state) => state.byName);
  // of several that are under way the last one that was asked counts
  const asked = useRef(0);

  const load = useCallback(async () => {
    asked.current += 1;
    const mine = asked.current;
    const found = await call('secrets.list', {}).then(
      (secrets) => ({ secrets, problem: undefined }),
      (error: unknown) => ({ secrets: undefined, problem: problemOf(error) }),
    );
    if (mine === asked.current) {
      setKnown(found);
    }
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: they say when to look again
  useEffect(() => {
    void load();
  }, [load, open, nodes]);

  const forget = useCallback(
    async (id: string) => {
      await call('secrets.forget', { id });
      await load();
    },
    [load],
  );
  return { ...known, forget };
}
