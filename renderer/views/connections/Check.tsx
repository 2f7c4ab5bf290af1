import type { Check as Checked } from '../../../shared/check.ts';
import type { Destination } from '../../../shared/connection.ts';
import type { NodeStatus } from '../../../shared/node.ts';
import { Button } from '../../parts/Button.tsx';
import { PhaseBadge, type Said } from '../../parts/PhaseBadge.tsx';
import { Clock } from '../../parts/Quantity.tsx';
import { cancelCheck, failedRung, useCheck, useChecks, useIsChecked } from '../../stores/checks.ts';
import { useNodes } from '../../stores/nodes.ts';
import styles from './Check.module.css';
import { Ladder } from './CheckSteps.tsx';
import { outcomeWords, tookWords } from './check-steps.ts';
import { FixReport } from './FixReport.tsx';
import { LastProbe } from './LastProbe.tsx';
import { obstacleOf } from './obstacle.ts';
import { WhichIsIt } from './WhichIsIt.tsx';

export interface CheckProps {
  readonly name: string;
  readonly kind: Destination['kind'];
  readonly status: NodeStatus | undefined;
  readonly onEdit: () => void;
}

/** How far the way to an engine goes, stage by stage, and the way out of what stopped it. */
export function Check({ name, kind, status, onEdit }: CheckProps) {
  const check = useCheck(name);
  const isChecked = useIsChecked(name);
  const code = (check ? failedRung(check.steps)?.problem : status?.state === 'down' ? status.problem : undefined)?.code;
  return (
    <section aria-label="Check" className={styles.check}>
      <Summary name={name} check={check} status={status} />
      {check ? (
        <Ladder check={check} kind={kind} onEdit={onEdit} />
      ) : (
        status?.state === 'down' && !isChecked && <LastProbe name={name} problem={status.problem} onEdit={onEdit} />
      )}
      <FixReport name={name} />
      {code === 'ssh.host-key-changed' && <WhichIsIt name={name} />}
    </section>
  );
}

const phases: Readonly<Record<Exclude<Checked['status'], 'running'>, Said>> = {
  passed: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** That it is being tested and since when, or how that ended; a line that is always there, so that nothing jumps. */
function Summary({ name, check, status }: Pick<CheckProps, 'name' | 'status'> & { check: Checked | undefined }) {
  const isChecked = useIsChecked(name);
  const tookMs = useChecks((checks) => checks.tookMs[name]);
  const isRunning = isChecked && (check === undefined || check.status === 'running');
  const hasWarned = check?.status === 'passed' && check.steps.some(({ state }) => state === 'warned');
  return (
    <div className={styles.summary}>
      <p role="status" className={styles.outcome}>
        {isRunning ? (
          <>
            <PhaseBadge phase="running" word={`Testing ${name}`} />
            <span className={styles.quiet}>
              <Clock since={check?.startedAt} />
              {tookMs !== undefined && ` last time it took ${tookWords(tookMs)}`}
            </span>
          </>
        ) : check && check.status !== 'running' ? (
          <PhaseBadge
            phase={hasWarned ? 'warning' : phases[check.status]}
            // a sentence, which nothing strikes through
            word={<span className={styles.sentence}>{outcomeWords(check)}</span>}
          />
        ) : (
          <Probed name={name} status={status} />
        )}
      </p>
      {isRunning && (
        <Button size="small" icon="stop" shortcut="Esc" onClick={() => cancelCheck(name)}>
          Cancel
        </Button>
      )}
    </div>
  );
}

/** Where nobody has tested it yet: what its last probe found. */
function Probed({ name, status }: Pick<CheckProps, 'name' | 'status'>) {
  const isAsked = useNodes(({ probing }) => probing.has(name));
  const obstacle = obstacleOf(undefined, status);
  return isAsked ? (
    <PhaseBadge phase="running" word={`Asking ${name}`} />
  ) : (
    <>
      {status === undefined ? (
        <PhaseBadge phase="waiting" word="Nobody has asked it yet" />
      ) : obstacle === undefined ? (
        <PhaseBadge phase="done" word="Answered when it was asked last" />
      ) : (
        <PhaseBadge phase="failed" word={obstacle} />
      )}
      <span className={styles.quiet}>A test goes the whole way, stage by stage.</span>
    </>
  );
}
