import type { CheckStep, Fix } from '../../../shared/check.ts';
import type { Destination } from '../../../shared/connection.ts';
import type { Problem } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { Copyable } from '../../parts/Copyable.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { runFix, useChecks, useIsCheckRunning } from '../../stores/checks.ts';
import styles from './CheckSteps.module.css';
import { describeLocation } from './check-steps.ts';

export interface StepProblemProps {
  readonly name: string;
  readonly kind: Destination['kind'];
  readonly step: CheckStep;
  readonly problem: Problem;
  readonly onEdit: () => void;
}

/** The problem of a step with its suggested fixes: a command to copy, and a button if Barnraiser can apply the fix. */
export function StepProblem({ name, kind, step, problem, onEdit }: StepProblemProps) {
  const { state, hop } = step;
  // ProblemNote already shows the commands in its text, each with a copy button
  const fixes = step.fixes.filter(({ fix, command }) => fix !== undefined || !containsCommand(problem.fix, command));
  return (
    <div className={styles.problem}>
      <ProblemNote
        problem={problem}
        warning={state === 'warned'}
        actions={
          <>
            {fixes.length > 0 && (
              <ul aria-label="Suggested fixes" className={styles.fixes}>
                {fixes.map((suggestion) => (
                  <FixItem
                    key={suggestion.label}
                    name={name}
                    location={describeLocation(suggestion.where, hop ?? name, kind)}
                    suggestion={suggestion}
                    isCommandShown={containsCommand(problem.fix, suggestion.command)}
                  />
                ))}
              </ul>
            )}
            {state === 'failed' && hop === undefined && (
              <Button size="small" icon="edit" onClick={onEdit}>
                Edit connection
              </Button>
            )}
          </>
        }
      />
    </div>
  );
}

function containsCommand(sentence: string, command: string | undefined): boolean {
  return command !== undefined && sentence.includes(`\`${command}\``);
}

interface FixItemProps {
  readonly name: string;
  /** Where its command must be run: `on pi4`. */
  readonly location: string;
  readonly suggestion: Fix;
  /** True if ProblemNote shows its command. */
  readonly isCommandShown: boolean;
}

function FixItem({ name, location, suggestion, isCommandShown }: FixItemProps) {
  const { label, command, fix } = suggestion;
  const run = useChecks(({ fixes }) => fixes[name]);
  const isChecking = useIsCheckRunning(name);
  const isBusy = run?.status === 'running';
  return (
    <li className={styles.fixItem}>
      {fix !== undefined && (
        <div className={styles.fixButton}>
          <Button
            size="small"
            icon="play"
            busy={isBusy && run.fix === fix}
            disabled={isChecking || isBusy}
            onClick={() => void runFix(name, fix, suggestion)}
          >
            {label}
          </Button>
          {command !== undefined && !isCommandShown && <span className={styles.where}>or run {location}:</span>}
        </div>
      )}
      {command !== undefined && !isCommandShown && (
        <>
          {fix === undefined && (
            <span className={styles.where}>
              {label} ({location}):
            </span>
          )}
          <Copyable text={command} what="command" block />
        </>
      )}
      {run?.status === 'failed' && run.fix === fix && run.problem && <ProblemNote problem={run.problem} />}
    </li>
  );
}
