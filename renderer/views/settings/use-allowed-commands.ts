import { useCallback, useEffect, useRef, useState } from 'react';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import type { AllowedCommand } from '../../../shared/question.ts';
import { call } from '../../api.ts';
import { useQuestions } from '../../stores/questions.ts';

interface AllowedCommands {
  /** Undefined until they are known. */
  readonly commands: readonly AllowedCommand[] | undefined;
  /** Why they are not known. */
  readonly problem: Problem | undefined;
  /** @throws Failure */
  readonly forget: (command: AllowedCommand) => Promise<void>;
}

/** The commands that may be run without a question. Asked for again when a question was settled. */
export function useAllowedCommands(): AllowedCommands {
  const [known, setKnown] = useState<Omit<AllowedCommands, 'forget'>>({ commands: undefined, problem: undefined });
  const open = useQuestions((state) => state.open);
  // of several that are under way the last one that was asked counts
  const asked = useRef(0);

  const load = useCallback(async () => {
    asked.current += 1;
    const mine = asked.current;
    const found = await call('commands.list', {}).then(
      (commands) => ({ commands, problem: undefined }),
      (error: unknown) => ({ commands: undefined, problem: problemOf(error) }),
    );
    if (mine === asked.current) {
      setKnown(found);
    }
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: it says when to look again
  useEffect(() => {
    void load();
  }, [load, open]);

  const forget = useCallback(
    async (command: AllowedCommand) => {
      await call('commands.forget', command);
      await load();
    },
    [load],
  );
  return { ...known, forget };
}
