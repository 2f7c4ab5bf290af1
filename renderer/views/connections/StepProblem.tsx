import type { CheckStep, Fix } from '../../../shared/check.ts';
import type { Destination } from '../../../shared/connection.ts';
import type { Problem } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { Copyable } from '../../parts/Copyable.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { runFix, useChecks, useIsChecked } from '../../stores/checks.ts';
import styles from './CheckSteps.module.css';
import { whereWords } from './check-steps.ts';

export interface RungProblemProps {
  readonly name: string;
  readonly kind: Destination['kind'];
  readonly rung: CheckStep;
  readonly problem: Problem;
  readonly onEdit: () => void;
}

/** What is wrong with a rung, what to do about it, and each way out: a command to copy, and a button where we can do it. */
export function RungProblem({ name, kind, rung, problem, onEdit }: RungProblemProps) {
  const { state, hop } = rung;
  // the sentence has its commands already, each with its copy button
  const fixes = rung.fixes.filter(({ fix, command }) => fix !== undefined || !isIn(problem.fix, command));
  return (
    <div className={styles.problem}>
      <ProblemNote
        problem={problem}
        warning={state === 'warned'}
        actions={
          <>
            {fixes.length > 0 && (
              <ul aria-label="Ways out" className={styles.fixes}>
                {fixes.map((remedy) => (
                  <RemedyItem
                    key={remedy.label}
                    name={name}
                    place={whereWords(remedy.where, hop ?? name, kind)}
                    remedy={remedy}
                    isSaid={isIn(problem.fix, remedy.command)}
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

function isIn(sentence: string, command: string | undefined): boolean {
  return command !== undefined && sentence.includes(`\`${command}\``);
}

interface RemedyItemProps {
  readonly name: string;
  /** Where its command is to be typed: `on pi4`. */
  readonly place: string;
  readonly remedy: Fix;
  /** Its command stands in the sentence above. */
  readonly isSaid: boolean;
}

function RemedyItem({ name, place, remedy, isSaid }: RemedyItemProps) {
  const { label, command, fix } = remedy;
  const run = useChecks(({ fixes }) => fixes[name]);
  const isChecked = useIsChecked(name);
  const isBusy = run?.status === 'running';
  return (
    <li className={styles.remedy}>
      {fix !== undefined && (
        <div className={styles.fix}>
          <Button
            size="small"
            icon="play"
            busy={isBusy && run.fix === fix}
            disabled={isChecked || isBusy}
            onClick={() => void runFix(name, fix, remedy)}
          >
            {label}
          </Button>
          {command !== undefined && !isSaid && <span className={styles.where}>or type {place}:</span>}
        </div>
      )}
      {command !== undefined && !isSaid && (
        <>
          {fix === undefined && (
            <span className={styles.where}>
              {label}, {place}:
            </span>
          )}
          <Copyable text={command} what="command" block />
        </>
      )}
      {run?.status === 'failed' && run.fix === fix && run.problem && <ProblemNote problem={run.problem} />}
    </li>
  );
}
