import type { Check } from '../../../shared/check.ts';
import type { Destination } from '../../../shared/connection.ts';
import { type NodeStatus, nodeStateWords } from '../../../shared/node.ts';
import type { Problem } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { type DisplayPhase, PhaseBadge } from '../../parts/PhaseBadge.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Clock } from '../../parts/Quantity.tsx';
import { shortcuts } from '../../parts/shortcut-table.ts';
import { cancelCheck, findFailedStep, runCheck, useCheck, useChecks, useIsCheckRunning } from '../../stores/checks.ts';
import { useNodes } from '../../stores/nodes.ts';
import { CheckSteps } from './CheckSteps.tsx';
import styles from './ConnectionCheck.module.css';
import { describeOutcome, formatStepDuration } from './check-steps.ts';
import { failureSummary } from './failure-summary.ts';
import { HostKeyChanged } from './HostKeyChanged.tsx';

export interface ConnectionCheckProps {
  readonly name: string;
  readonly kind: Destination['kind'];
  readonly status: NodeStatus | undefined;
  readonly onEdit: () => void;
}

/** Shows the last check of a connection, or the result of its last probe, with suggested fixes. */
export function ConnectionCheck({ name, kind, status, onEdit }: ConnectionCheckProps) {
  const check = useCheck(name);
  const isChecking = useIsCheckRunning(name);
  const code = (check ? findFailedStep(check.steps)?.problem : status?.state === 'down' ? status.problem : undefined)
    ?.code;
  return (
    <section aria-label="Check" className={styles.check}>
      <CheckSummary name={name} check={check} status={status} />
      {check ? (
        <CheckSteps check={check} kind={kind} onEdit={onEdit} />
      ) : (
        status?.state === 'down' && !isChecking && <ProbeProblem name={name} problem={status.problem} onEdit={onEdit} />
      )}
      <FixResult name={name} />
      {code === 'ssh.host-key-changed' && <HostKeyChanged name={name} />}
    </section>
  );
}

const phases: Readonly<Record<Exclude<Check['status'], 'running'>, DisplayPhase>> = {
  passed: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** One row with the status or the result of the check. It is always shown, so that the content below does not move. */
function CheckSummary({
  name,
  check,
  status,
}: Pick<ConnectionCheckProps, 'name' | 'status'> & { check: Check | undefined }) {
  const isChecking = useIsCheckRunning(name);
  const tookMs = useChecks((checks) => checks.tookMs[name]);
  const isRunning = isChecking && (check === undefined || check.status === 'running');
  const hasWarned = check?.status === 'passed' && check.steps.some(({ state }) => state === 'warned');
  return (
    <div className={styles.summary}>
      <p role="status" className={styles.outcome}>
        {isRunning ? (
          <>
            <PhaseBadge phase="running" word={`Checking ${name}`} />
            <span className={styles.quiet}>
              <Clock since={check?.startedAt} />
              {tookMs !== undefined && ` the last check took ${formatStepDuration(tookMs)}`}
            </span>
          </>
        ) : check && check.status !== 'running' ? (
          <PhaseBadge
            phase={hasWarned ? 'warning' : phases[check.status]}
            // not struck through, unlike other badges of phase `cancelled`
            word={<span className={styles.sentence}>{describeOutcome(check)}</span>}
          />
        ) : (
          <ProbeSummary name={name} status={status} />
        )}
      </p>
      {isRunning && (
        <Button size="small" icon="stop" shortcut={shortcuts.cancelCheck.keys} onClick={() => cancelCheck(name)}>
          Cancel
        </Button>
      )}
    </div>
  );
}

/** The result of the last probe, for a connection that has not been checked. */
function ProbeSummary({ name, status }: Pick<ConnectionCheckProps, 'name' | 'status'>) {
  const isProbing = useNodes(({ probing }) => probing.has(name));
  const failure = failureSummary(undefined, status);
  return isProbing ? (
    <PhaseBadge phase="running" word={`Checking ${name}`} />
  ) : (
    <>
      {status === undefined ? (
        <PhaseBadge phase="waiting" word="Not checked yet" />
      ) : failure === undefined ? (
        <PhaseBadge phase="done" word={nodeStateWords.up} />
      ) : (
        <PhaseBadge phase="failed" word={failure} />
      )}
      <span className={styles.quiet}>Run a check to test the connection stage by stage.</span>
    </>
  );
}

function ProbeProblem({ name, problem, onEdit }: { name: string; problem: Problem; onEdit: () => void }) {
  return (
    <ProblemNote
      problem={problem}
      actions={
        <>
          <Button size="small" icon="refresh" onClick={() => void runCheck(name)}>
            Check stage by stage
          </Button>
          <Button size="small" icon="edit" onClick={onEdit}>
            Edit connection
          </Button>
        </>
      }
    />
  );
}

/** The output of the last fix, if it succeeded. A failure is shown beside the button that started the fix. */
function FixResult({ name }: { name: string }) {
  const run = useChecks(({ fixes }) => fixes[name]);
  return run?.status === 'done' ? (
    <div role="status" className={styles.fixResult}>
      <PhaseBadge phase="done" word={`${run.label}: done`} />
      {run.output ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must be scrollable by keyboard
        <pre tabIndex={0}>{run.output}</pre>
      ) : (
        <span className={styles.quiet}>The command printed no output.</span>
      )}
    </div>
  ) : null;
}
