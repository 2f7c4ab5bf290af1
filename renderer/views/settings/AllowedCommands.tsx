import { useCallback, useState } from 'react';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import type { AllowedCommand } from '../../../shared/question.ts';
import { escapeHiddenCharacters, sanitizeLine } from '../../../shared/untrusted-text.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { FixText, ProblemNote } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { useQuestions } from '../../stores/questions.ts';
import styles from './Settings.module.css';
import { SettingsGroup, SettingsRow } from './SettingsGroup.tsx';
import { useFocusOnRemoval, useReloadedList } from './use-reloaded-list.ts';

/** Lists the commands of the SSH configuration that run without asking, with buttons to remove them. */
export function AllowedCommands() {
  const { commands, problem, remove } = useAllowedCommands();
  const [removalProblem, setRemovalProblem] = useState<Problem>();
  const heading = useFocusOnRemoval(commands?.length);

  // needs no confirmation: Barnraiser asks again before it runs the command
  function removeCommand(command: AllowedCommand): void {
    setRemovalProblem(undefined);
    remove(command).catch((error: unknown) => setRemovalProblem(problemOf(error)));
  }

  return (
    <SettingsGroup ref={heading} title="Allowed commands">
      {problem ? (
        <SettingsRow
          title="Could not load allowed commands"
          hint={
            <>
              {problem.message} <FixText text={problem.fix} />
            </>
          }
        />
      ) : commands === undefined ? (
        <div className={styles.row}>
          <Waiting>Loading allowed commands</Waiting>
        </div>
      ) : commands.length === 0 ? (
        <SettingsRow
          title="No allowed commands"
          hint="Barnraiser asks before it runs a ProxyCommand of your SSH configuration. Commands that you always allow are listed here."
        />
      ) : (
        <ul>
          {commands.map((allowed) => (
            <li key={`${allowed.host}\n${allowed.command}`} className={styles.row}>
              <Icon name="play" className={styles.icon} />
              <div className={styles.secret}>
                <code className={styles.subject}>{escapeHiddenCharacters(allowed.command)}</code>
                <p className={styles.hint}>
                  To reach <bdi>{sanitizeLine(allowed.host)}</bdi>
                </p>
              </div>
              <Button onClick={() => removeCommand(allowed)}>
                Remove<span className="visually-hidden"> the command for {sanitizeLine(allowed.host)}</span>
              </Button>
            </li>
          ))}
        </ul>
      )}
      {removalProblem && <ProblemNote problem={removalProblem} />}
    </SettingsGroup>
  );
}

const listCommands = () => call('commands.list', {});

/** Loads the allowed commands, and again whenever the open questions change, because answering one may allow a command. */
function useAllowedCommands() {
  const open = useQuestions((state) => state.open);
  const { list: commands, problem, load } = useReloadedList(listCommands, open);
  /** @throws Failure */
  const remove = useCallback(
    async (command: AllowedCommand) => {
      await call('commands.forget', command);
      await load();
    },
    [load],
  );
  return { commands, problem, remove };
}
