import { memo } from 'react';
import type { Step } from '../../../shared/build.ts';
import { Icon } from '../../parts/Icon.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Menu, type MenuItem } from '../../parts/Menu.tsx';
import { Clock } from '../../parts/Quantity.tsx';
import styles from './Log.module.css';
import type { StepStart } from './step-index.ts';

/** A menu with more is no help: those around the present step are in it. */
const mostInMenu = 120;

export interface StepBarProps {
  readonly steps: readonly StepStart[];
  readonly runs: ReadonlyMap<number, Step>;
  /** The position of the step whose lines are at the top, -1 before the first. */
  readonly current: number;
  /** The job works on it now: the clock of the last step ticks. */
  readonly live: boolean;
  readonly isFolded: boolean;
  readonly onStep: (by: 1 | -1) => void;
  readonly onGo: (line: number) => void;
  readonly onToggle: (line: number) => void;
}

/** Where one is in the log: the step at the top, and the ways to others. It stays as it is while lines come. */
export const StepBar = memo(function StepBar({
  steps,
  runs,
  current,
  live,
  isFolded,
  onStep,
  onGo,
  onToggle,
}: StepBarProps) {
  const step = steps[current];
  const run = step && runs.get(step.line);
  if (steps.length === 0) {
    return null;
  }
  return (
    <>
      <IconButton
        icon="up"
        label="Previous step"
        shortcut="["
        size="small"
        disabled={current < 0}
        onClick={() => onStep(-1)}
      />
      <IconButton
        icon="down"
        label="Next step"
        shortcut="]"
        size="small"
        disabled={current >= steps.length - 1}
        onClick={() => onStep(1)}
      />
      {step && (
        <IconButton
          icon={isFolded ? 'chevron-right' : 'chevron-down'}
          label={isFolded ? 'Unfold this step' : 'Fold this step'}
          size="small"
          onClick={() => onToggle(step.line)}
        />
      )}
      <Menu
        align="start"
        items={itemsOf(steps, current, onGo)}
        trigger={
          <button type="button" className={styles.stepName}>
            {step ? (
              <>
                <span className={styles.stepCount}>
                  Step {step.index} of {step.total}
                </span>
                <span className={styles.stepText}>{step.text}</span>
              </>
            ) : (
              <span className={styles.stepCount}>Before the first step</span>
            )}
            <Icon name="select" size={14} />
          </button>
        }
      />
      {step && run && (
        <span className={styles.stepFacts}>
          {(run.durationMs !== undefined || live) && <Clock since={run.startedAt} ms={run.durationMs} />}
          {run.cached && <span className={styles.cached}>cached</span>}
        </span>
      )}
    </>
  );
});

function itemsOf(steps: readonly StepStart[], current: number, onGo: (line: number) => void): MenuItem[] {
  const from = Math.max(0, Math.min(current - mostInMenu / 2, steps.length - mostInMenu));
  const seen = new Set<string>();
  return steps.slice(from, from + mostInMenu).map((step) => {
    const { line, index, total, text } = step;
    const short = text.length > 46 ? `${text.slice(0, 45)}…` : text;
    const name = `${index}/${total}  ${short}`;
    const label = seen.has(name) ? `${name} (line ${line + 1})` : name;
    seen.add(name);
    return {
      label,
      run: () => onGo(line),
    };
  });
}
