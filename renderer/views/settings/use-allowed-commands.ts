import { useCallback } from 'react';
import type { AllowedCommand } from '../../../shared/question.ts';
import { call } from '../../api.ts';
import { useQuestions } from '../../stores/questions.ts';
import { useKeptList } from './use-kept-list.ts';

const ask = () => call('commands.list', {});

/** The commands that may be run without a question. Asked for again when a question was settled. */
export function useAllowedCommands() {
  const open = useQuestions((state) => state.open);
  const { list: commands, problem, load } = useKeptList(ask, open);
  /** @throws Failure */
  const forget = useCallback(
    async (command: AllowedCommand) => {
      await call('commands.forget', command);
      await load();
    },
    [load],
  );
  return { commands, problem, forget };
}
