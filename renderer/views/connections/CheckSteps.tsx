import { useEffect, useId, useRef } from 'react';
import type { Check, CheckStep } from '../../../shared/check.ts';
import type { Destination } from '../../../shared/connection.ts';
import { classes } from '../../parts/classes.ts';
import { Icon } from '../../parts/Icon.tsx';
import { PhaseGlyph } from '../../parts/PhaseBadge.tsx';
import styles from './CheckSteps.module.css';
import {
  formatStepDuration,
  groupByHop,
  phaseOfState,
  type StepsOfHop,
  stageLabel,
  stateLabel,
} from './check-steps.ts';
import { StepProblem } from './StepProblem.tsx';

export interface CheckStepsProps {
  readonly check: Check;
  readonly kind: Destination['kind'];
  readonly onEdit: () => void;
}

/**
 * The steps of a check, one row each, grouped by jump host. Problems are shown when the check has ended, so that rows do not
 * move while it runs.
 */
export function CheckSteps(props: CheckStepsProps) {
  const { status } = props.check;
  const groups = groupByHop(props.check.steps);
  const element = useRef<HTMLDivElement>(null);
  const previousStatus = useRef(status);
  useEffect(() => {
    // in a small window the failed step may be out of sight
    if (previousStatus.current === 'running' && status === 'failed') {
      element.current?.querySelector('[data-state="failed"]')?.scrollIntoView({ block: 'nearest' });
    }
    previousStatus.current = status;
  }, [status]);
  return (
    <div ref={element} className={classes(styles.groups, status === 'running' && styles.isRunning)}>
      {groups.map((group) => (
        <StepGroup key={group.hop ?? ''} group={group} hasTitle={groups.length > 1} {...props} />
      ))}
    </div>
  );
}

function StepGroup({
  group,
  hasTitle,
  check,
  kind,
  onEdit,
}: CheckStepsProps & { group: StepsOfHop; hasTitle: boolean }) {
  const id = useId();
  const hasEnded = check.status !== 'running';
  const title = group.hop === undefined ? `Node ${check.connection}` : `Jump host ${group.hop}`;
  // steps that were not tried because of an earlier failure share one row
  const skipped = hasEnded ? group.steps.filter(({ state }) => state === 'waiting').length : 0;
  const passed = group.steps.filter(({ state }) => state === 'passed').length;
  const steps = (
    <ol aria-labelledby={hasTitle ? id : undefined} aria-label={hasTitle ? undefined : 'Stages'}>
      {group.steps
        .filter(({ state }) => !hasEnded || state !== 'waiting')
        .map((step) => (
          <li key={step.stage} data-state={step.state} className={classes(styles.step, styles[step.state])}>
            <StepRow step={step} />
            {hasEnded && step.problem && (step.state === 'warned' || step.state === 'failed') && (
              <StepProblem name={check.connection} kind={kind} step={step} problem={step.problem} onEdit={onEdit} />
            )}
          </li>
        ))}
      {skipped > 0 && (
        <li className={classes(styles.step, styles.waiting)}>
          <div className={styles.row}>
            <PhaseGlyph phase="waiting" />
            <span className={styles.skipped}>
              {skipped === group.steps.length ? 'Skipped' : `${skipped} more skipped`}
            </span>
          </div>
        </li>
      )}
    </ol>
  );
  // the steps of a jump host are collapsed if all of them passed
  return hasEnded && group.hop !== undefined && passed === group.steps.length ? (
    <details className={styles.group}>
      <summary className={styles.hop}>
        <PhaseGlyph phase="done" />
        <span id={id}>{title}</span>
        <span className={styles.passedCount}>
          {passed} of {group.steps.length} passed
        </span>
        <Icon name="chevron-down" size={14} className={styles.chevron} />
      </summary>
      {steps}
    </details>
  ) : (
    <div className={styles.group}>
      {hasTitle && (
        <h3 id={id} className={styles.hop}>
          {title}
        </h3>
      )}
      {steps}
    </div>
  );
}

function StepRow({ step }: { step: CheckStep }) {
  const { stage, state, finding, tookMs } = step;
  const label = stateLabel(state);
  return (
    <div className={styles.row}>
      <PhaseGlyph phase={phaseOfState[state]} />
      <span className={styles.stage}>{stageLabel(stage)}</span>
      <span className={styles.finding}>
        {finding === undefined ? (
          label
        ) : state === 'passed' ? (
          <>
            <span className="visually-hidden">{label}: </span>
            {finding}
          </>
        ) : (
          `${label}: ${finding}`
        )}
      </span>
      <span className={styles.duration}>{tookMs === undefined ? '' : formatStepDuration(tookMs)}</span>
    </div>
  );
}
