import { memo } from 'react';
import { Icon } from '../../parts/Icon.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Menu, type MenuItem } from '../../parts/Menu.tsx';
import { Clock } from '../../parts/Quantity.tsx';
import { shortcuts } from '../../parts/shortcut-table.ts';
import styles from './Log.module.css';
import type { LoggedStep } from './logged-steps.ts';

/** The menu lists this many steps around the current one at most: a longer menu is slow and hard to use. */
const maxMenuItems = 120;

export interface StepNavigationProps {
  readonly steps: readonly LoggedStep[];
  /** The index of the step at the top of the view; -1 before the first step. */
  readonly current: number;
  /** Whether the job is running, so that the clocks of running steps tick. */
  readonly isLive: boolean;
  readonly isFolded: boolean;
  readonly onStep: (by: 1 | -1) => void;
  readonly onGo: (line: number) => void;
  readonly onToggle: (line: number) => void;
}

/** The step at the top of the view, and buttons and a menu to go to others. Does not render for new lines. */
export const StepNavigation = memo(function StepNavigation({
  steps,
  current,
  isLive,
  isFolded,
  onStep,
  onGo,
  onToggle,
}: StepNavigationProps) {
  const step = steps[current];
  if (steps.length === 0) {
    return null;
  }
  return (
    <>
      <IconButton
        icon="up"
        label="Previous step"
        shortcut={shortcuts.previousStep.keys}
        size="small"
        disabled={current < 0}
        onClick={() => onStep(-1)}
      />
      <IconButton
        icon="down"
        label="Next step"
        shortcut={shortcuts.nextStep.keys}
        size="small"
        disabled={current >= steps.length - 1}
        onClick={() => onStep(1)}
      />
      {step && (
        <IconButton
          icon={isFolded ? 'chevron-right' : 'chevron-down'}
          label={isFolded ? 'Unfold this step' : 'Fold this step'}
          size="small"
          onClick={() => onToggle(step.firstLine)}
        />
      )}
      <Menu
        align="start"
        items={menuItems(steps, current, onGo)}
        trigger={
          <button type="button" className={styles.stepName}>
            {step ? (
              <>
                <span className={styles.stepCount}>
                  Step {step.index} of {step.total}
                </span>
                {step.stage && <span className={styles.stepStage}>{step.stage}</span>}
                <span className={styles.stepText}>{step.name}</span>
              </>
            ) : (
              <span className={styles.stepCount}>Before the first step</span>
            )}
            <Icon name="select" size={14} />
          </button>
        }
      />
      {step && (
        <span className={styles.stepFacts}>
          {(step.durationMs !== undefined || isLive) && <Clock since={step.startedAt} ms={step.durationMs} />}
          {step.cached && <span className={styles.cached}>cached</span>}
        </span>
      )}
    </>
  );
});

function menuItems(steps: readonly LoggedStep[], current: number, onGo: (line: number) => void): MenuItem[] {
  const from = Math.max(0, Math.min(current - maxMenuItems / 2, steps.length - maxMenuItems));
  const usedLabels = new Set<string>();
  return steps.slice(from, from + maxMenuItems).map((step) => {
    const { firstLine, index, total, name: instruction } = step;
    const short = instruction.length > 46 ? `${instruction.slice(0, 45)}…` : instruction;
    const name = `${index}/${total}  ${short}`;
    const label = usedLabels.has(name) ? `${name} (line ${firstLine + 1})` : name;
    usedLabels.add(name);
    return {
      label,
      run: () => onGo(firstLine),
    };
  });
}
