import { useCallback } from 'react';
import { call } from '../../api.ts';
import { useNodes } from '../../stores/nodes.ts';
import { useQuestions } from '../../stores/questions.ts';
import { useKeptList } from './use-kept-list.ts';

const ask = () => call('secrets.list', {});

/**
 * What is remembered for sign-ins. Asked for again when a question was settled and when a node has changed: a secret is
 * kept once the sign-in with it went well.
 */
export function useRemembered() {
  const open = useQuestions((state) => state.open);
  const nodes = useNodes((state) => state.byName);
  const { list: secrets, problem, load } = useKeptList(ask, open, nodes);
  /** @throws Failure */
  const forget = useCallback(
    async (id: string) => {
      await call('secrets.forget', { id });
      await load();
    },
    [load],
  );
  return { secrets, problem, forget };
}
