import { formatBytes } from '../../../shared/format.ts';
import type { Push } from '../../../shared/push.ts';
import { Copyable } from '../../parts/Copyable.tsx';
import { type DisplayPhase, PhaseBadge } from '../../parts/PhaseBadge.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { ProgressBar } from '../../parts/ProgressBar.tsx';
import type { ActionHandlers } from '../../parts/problem-actions.ts';
import { SpokenProgress } from '../../parts/SpokenProgress.tsx';
import styles from './Push.module.css';
import { LeftOut } from './PushProgress.tsx';

/** Pushes that were started together: the progress or the outcome of each destination. */
export function PushGroup({ pushes, handlers }: { pushes: readonly Push[]; handlers: ActionHandlers }) {
  const [done] = pushes.filter(({ status }) => status === 'done');
  return (
    <>
      <ul className={styles.destinations} aria-label="Destinations">
        {pushes.map((push) => (
          <Destination key={push.id} push={push} handlers={handlers} />
        ))}
      </ul>
      {done && <LeftOut push={done} />}
      {done?.digest && (
        <section className={styles.block} aria-label="Digest">
          <h3 className={styles.heading}>Digest</h3>
          <Copyable text={done.digest} what="digest" block />
        </section>
      )}
    </>
  );
}

function Destination({ push, handlers }: { push: Push; handlers: ActionHandlers }) {
  const { destination, status, totalBytes, uploadedBytes, skippedBytes, compressing, problem } = push;
  const doneBytes = uploadedBytes + skippedBytes;
  const value = compressing?.doneBytes ?? doneBytes;
  const max = Math.max(1, compressing?.totalBytes ?? Math.max(totalBytes, doneBytes));
  return (
    <li className={styles.destination}>
      <SpokenProgress
        what={`Push to ${destination}`}
        share={compressing || totalBytes === 0 ? undefined : doneBytes / totalBytes}
        end={status === 'running' ? undefined : wordOf(push)}
      />
      <div className={styles.destinationHead}>
        <span className={styles.where}>{destination}</span>
        <PhaseBadge phase={phaseOf(push)} word={wordOf(push)} />
      </div>
      {status === 'running' && <ProgressBar thin label={destination} value={value} max={max} phase="running" />}
      <p className={styles.hint}>{factsOf(push)}</p>
      {status === 'failed' && problem && <ProblemNote problem={problem} handlers={handlers} />}
    </li>
  );
}

function phaseOf({ status, totalBytes, compressing }: Push): DisplayPhase {
  return status === 'running' && totalBytes === 0 && !compressing ? 'waiting' : status;
}

function wordOf({ status, totalBytes, uploadedBytes, skippedBytes, compressing }: Push): string {
  switch (status) {
    case 'done':
      return 'Pushed';
    case 'failed':
      return 'Failed';
    case 'cancelled':
      return 'Cancelled';
    case 'running':
      if (compressing) {
        return 'Compressing';
      }
      return totalBytes > 0 && uploadedBytes + skippedBytes >= totalBytes ? 'Setting the tag' : 'Pushing';
  }
}

function factsOf({ status, totalBytes, uploadedBytes, skippedBytes, compressing }: Push): string {
  if (compressing) {
    return `${formatBytes(compressing.doneBytes)} of ${formatBytes(compressing.totalBytes)} compressed`;
  }
  if (status === 'failed' || status === 'cancelled') {
    return 'The tag was not changed.';
  }
  const sent = `${formatBytes(uploadedBytes)} uploaded, ${formatBytes(skippedBytes)} already in the registry`;
  return status === 'running' ? `${sent}, of ${formatBytes(totalBytes)}` : sent;
}
