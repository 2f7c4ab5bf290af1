import { useState } from 'react';
import { foreignCommand, foreignLine } from '../../../shared/foreign-text.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import type { AllowedCommand } from '../../../shared/question.ts';
import { Button } from '../../parts/Button.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { FixText, ProblemNote } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { Group, Row } from './rows.tsx';
import styles from './Settings.module.css';
import { useAllowedCommands } from './use-allowed-commands.ts';
import { useFocusWhenShorter } from './use-kept-list.ts';

/** The commands of the SSH configuration that are run without a question, until they are forgotten here. */
export function AllowedCommands() {
  const { commands, problem, forget } = useAllowedCommands();
  const [failed, setFailed] = useState<Problem>();
  const heading = useFocusWhenShorter(commands?.length);

  /** At once: whoever has forgotten too much is asked again. */
  function take(command: AllowedCommand): void {
    setFailed(undefined);
    forget(command).catch((error: unknown) => setFailed(problemOf(error)));
  }

  return (
    <Group ref={heading} title="Allowed commands">
      {problem ? (
        <Row
          title="What is allowed is not known"
          hint={
            <>
              {problem.message} <FixText text={problem.fix} />
            </>
          }
        />
      ) : commands === undefined ? (
        <div className={styles.row}>
          <Waiting>Asking what is allowed</Waiting>
        </div>
      ) : commands.length === 0 ? (
        <Row
          title="No command is allowed"
          hint="Where the SSH configuration reaches a host by a ProxyCommand, you are asked before it is run."
        />
      ) : (
        <ul>
          {commands.map((allowed) => (
            <li key={`${allowed.host}\n${allowed.command}`} className={styles.row}>
              <Icon name="play" className={styles.sign} />
              <div className={styles.secret}>
                <code className={styles.subject}>{foreignCommand(allowed.command)}</code>
                <p className={styles.hint}>
                  To reach <bdi>{foreignLine(allowed.host)}</bdi>
                </p>
              </div>
              <Button onClick={() => take(allowed)}>
                Forget<span className="visually-hidden"> the command for {foreignLine(allowed.host)}</span>
              </Button>
            </li>
          ))}
        </ul>
      )}
      {failed && <ProblemNote problem={failed} />}
    </Group>
  );
}
