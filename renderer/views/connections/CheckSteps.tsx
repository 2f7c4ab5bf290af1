import { useEffect, useId, useRef } from 'react';
import type { Check, CheckStep } from '../../../shared/check.ts';
import type { Destination } from '../../../shared/connection.ts';
import { classes } from '../../parts/classes.ts';
import { Icon } from '../../parts/Icon.tsx';
import { PhaseGlyph } from '../../parts/PhaseBadge.tsx';
import styles from './CheckSteps.module.css';
import { type Leg, legsOf, phaseOf, stageWord, stateWord, tookWords } from './check-steps.ts';
import { RungProblem } from './StepProblem.tsx';

export interface LadderProps {
  readonly check: Check;
  readonly kind: Destination['kind'];
  readonly onEdit: () => void;
}

/**
 * The rungs of a check, a line each, with those of every jump host as a group of their own. What is wrong opens once the check
 * is over: while rungs come in, no line moves.
 */
export function Ladder(props: LadderProps) {
  const { status } = props.check;
  const legs = legsOf(props.check.steps);
  const ladder = useRef<HTMLDivElement>(null);
  const before = useRef(status);
  useEffect(() => {
    // whoever has watched it fail sees why, in a small window too
    if (before.current === 'running' && status === 'failed') {
      ladder.current?.querySelector('[data-state="failed"]')?.scrollIntoView({ block: 'nearest' });
    }
    before.current = status;
  }, [status]);
  return (
    <div ref={ladder} className={classes(styles.ladder, status === 'running' && styles.isRunning)}>
      {legs.map((leg) => (
        <LegRungs key={leg.hop ?? ''} leg={leg} isNamed={legs.length > 1} {...props} />
      ))}
    </div>
  );
}

function LegRungs({ leg, isNamed, check, kind, onEdit }: LadderProps & { leg: Leg; isNamed: boolean }) {
  const id = useId();
  const isOver = check.status !== 'running';
  const title = leg.hop === undefined ? `to ${check.connection}` : `through ${leg.hop}`;
  // what lies behind a failure is not worth a line each
  const untried = isOver ? leg.rungs.filter(({ state }) => state === 'waiting').length : 0;
  const passed = leg.rungs.filter(({ state }) => state === 'passed').length;
  const rungs = (
    <ol aria-labelledby={isNamed ? id : undefined} aria-label={isNamed ? undefined : 'Stages'}>
      {leg.rungs
        .filter(({ state }) => !isOver || state !== 'waiting')
        .map((rung) => (
          <li key={rung.stage} data-state={rung.state} className={classes(styles.rung, styles[rung.state])}>
            <RungLine rung={rung} />
            {isOver && rung.problem && (rung.state === 'warned' || rung.state === 'failed') && (
              <RungProblem name={check.connection} kind={kind} rung={rung} problem={rung.problem} onEdit={onEdit} />
            )}
          </li>
        ))}
      {untried > 0 && (
        <li className={classes(styles.rung, styles.waiting)}>
          <div className={styles.line}>
            <PhaseGlyph phase="waiting" />
            <span className={styles.untried}>
              {untried === leg.rungs.length ? 'Not tried' : `${untried} more not tried`}
            </span>
          </div>
        </li>
      )}
    </ol>
  );
  // a jump host with nothing wrong about it is one line: what matters is behind it
  return isOver && leg.hop !== undefined && passed === leg.rungs.length ? (
    <details className={styles.leg}>
      <summary className={styles.hop}>
        <PhaseGlyph phase="done" />
        <span id={id}>{title}</span>
        <span className={styles.folded}>
          {passed} of {leg.rungs.length} passed
        </span>
        <Icon name="chevron-down" size={14} className={styles.fold} />
      </summary>
      {rungs}
    </details>
  ) : (
    <div className={styles.leg}>
      {isNamed && (
        <h3 id={id} className={styles.hop}>
          {title}
        </h3>
      )}
      {rungs}
    </div>
  );
}

function RungLine({ rung }: { rung: CheckStep }) {
  const { stage, state, said, tookMs } = rung;
  const word = stateWord(state);
  return (
    <div className={styles.line}>
      <PhaseGlyph phase={phaseOf[state]} />
      <span className={styles.stage}>{stageWord(stage)}</span>
      <span className={styles.said}>
        {said === undefined ? (
          word
        ) : state === 'passed' ? (
          <>
            <span className="visually-hidden">{word}: </span>
            {said}
          </>
        ) : (
          `${word}: ${said}`
        )}
      </span>
      <span className={styles.took}>{tookMs === undefined ? '' : tookWords(tookMs)}</span>
    </div>
  );
}
