import type { Destination } from '../../../shared/connection.ts';
import { formatDuration } from '../../../shared/format.ts';
import type { NodeStatus } from '../../../shared/node.ts';
import { Button } from '../../parts/Button.tsx';
import { classes } from '../../parts/classes.ts';
import { PhaseGlyph, type Said } from '../../parts/PhaseBadge.tsx';
import { FixText, ProblemNote } from '../../parts/ProblemNote.tsx';
import { Clock } from '../../parts/Quantity.tsx';
import { useNode, useNodes } from '../../stores/nodes.ts';
import { askNode, useAskings } from './asking.ts';
import styles from './Check.module.css';
import { ladderOf, type StageState } from './ladder.ts';

const phases: Readonly<Record<StageState, Said>> = { passed: 'done', failed: 'failed', open: 'waiting' };

export interface CheckProps {
  readonly name: string;
  readonly kind: Destination['kind'];
  readonly status: NodeStatus | undefined;
  readonly onEdit: () => void;
}

/** How far the last probe came, and the way out of what stopped it. */
export function Check({ name, kind, status, onEdit }: CheckProps) {
  const isAsked = useNodes(({ probing }) => probing.has(name));
  const problem = status?.state === 'down' ? status.problem : undefined;
  return (
    <section aria-label="Check" className={styles.check}>
      <ol className={styles.ladder}>
        {ladderOf(kind, status).map(({ stage, state, word }) => (
          <li key={stage} className={classes(styles.rung, styles[state])}>
            <PhaseGlyph phase={phases[state]} />
            {word}
            {state === 'open' && <span className="visually-hidden">, not tried</span>}
          </li>
        ))}
      </ol>
      <TestTime name={name} />
      {problem && (
        <ProblemNote
          problem={problem}
          actions={
            <>
              <Button size="small" icon="refresh" busy={isAsked} onClick={() => void askNode(name)}>
                Test again
              </Button>
              <Button size="small" icon="edit" onClick={onEdit}>
                Edit connection
              </Button>
            </>
          }
        />
      )}
      {problem?.code === 'ssh.host-key-changed' && <WhichIsIt name={name} />}
    </section>
  );
}

/** That it is being asked and since when, then how long it took; a line that is always there, so that nothing jumps. */
function TestTime({ name }: { name: string }) {
  const asking = useAskings(({ byName }) => byName[name]);
  const status = useNode(name);
  const isAsked = useNodes(({ probing }) => probing.has(name));
  return (
    <p className={styles.testTime} role="status">
      {isAsked ? (
        <>
          Asking {name}… <Clock since={asking?.since} />
          {asking?.tookMs !== undefined && `, last time it took ${tookInWords(asking.tookMs)}`}
        </>
      ) : asking?.tookMs === undefined ? (
        status === undefined && 'Nobody has asked it yet.'
      ) : status?.state === 'up' ? (
        `Answered in ${tookInWords(asking.tookMs)}.`
      ) : (
        `Failed after ${tookInWords(asking.tookMs)}.`
      )}
    </p>
  );
}

function tookInWords(ms: number): string {
  return ms < 950 ? `${Math.max(1, Math.round(ms))} ms` : formatDuration(ms);
}

/** A changed host key has two explanations, and only the machine itself can tell which one it is. */
function WhichIsIt({ name }: { name: string }) {
  return (
    <div className={styles.which}>
      <h3 className={styles.heading}>Which of the two is it?</h3>
      <ol className={styles.steps}>
        <li>Go to {name} on a way you trust: its own screen, or its provider’s console. Not over this connection.</li>
        <li>
          <FixText
            text={'Have it show its keys: `for key in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $key; done`'}
          />
        </li>
        <li>
          If the fingerprint above is among them, the machine was set up anew: forget the old key and test again. You
          will be asked to trust the new one.
        </li>
        <li>If it is not, somebody stands in between. Nothing was sent, and nothing will be until you decide.</li>
      </ol>
    </div>
  );
}
