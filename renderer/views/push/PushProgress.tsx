import { formatBytes, formatCount, formatList, formatPlatform, formatReferenceShort } from '../../../shared/format.ts';
import type { Push } from '../../../shared/push.ts';
import { PlatformChip } from '../../parts/Chip.tsx';
import { Copyable } from '../../parts/Copyable.tsx';
import { type DisplayPhase, PhaseBadge, phaseWord } from '../../parts/PhaseBadge.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { ProgressBar } from '../../parts/ProgressBar.tsx';
import type { ActionHandlers } from '../../parts/problem-actions.ts';
import { Bytes } from '../../parts/Quantity.tsx';
import { SpokenProgress } from '../../parts/SpokenProgress.tsx';
import { toDigestReference } from './destination.ts';
import styles from './Push.module.css';

/** Shows the progress or the result of a push. A push that ended before anything was sent has no progress to show. */
export function PushProgress({ push, handlers }: { push: Push; handlers: ActionHandlers }) {
  const { status, uploadedBytes, skippedBytes } = push;
  const hasProgress = status === 'running' || status === 'done' || uploadedBytes + skippedBytes > 0;
  return (
    <>
      <SpokenProgress
        what={`Push of ${formatReferenceShort(push.reference)}`}
        share={shareOf(push)}
        end={status === 'running' ? undefined : phaseWord(status)}
      />
      {status === 'done' && <Result push={push} />}
      <LeftOut push={push} />
      <Kept push={push} />
      {status === 'failed' && push.problem && <ProblemNote problem={push.problem} handlers={handlers} />}
      {status === 'cancelled' && (
        <p className={styles.hint}>
          {hasProgress
            ? 'The tag was not changed. Layers that were uploaded stay in the registry and are not uploaded again.'
            : 'Nothing was uploaded.'}
        </p>
      )}
      {hasProgress && (
        <>
          <Totals push={push} />
          <Images push={push} />
        </>
      )}
    </>
  );
}

function shareOf({ totalBytes, uploadedBytes, skippedBytes }: Push): number | undefined {
  return totalBytes === 0 ? undefined : (uploadedBytes + skippedBytes) / totalBytes;
}

/** The total progress, and how much was uploaded or already in the registry. */
function Totals({ push }: { push: Push }) {
  const { status, totalBytes, uploadedBytes, skippedBytes } = push;
  const finishedBytes = uploadedBytes + skippedBytes;
  const isTotalKnown = totalBytes > 0;
  return (
    <section className={styles.totals} aria-label="Total">
      <p className={styles.sum}>
        {status === 'done' ? (
          <Bytes value={finishedBytes} />
        ) : isTotalKnown ? (
          <Bytes value={finishedBytes} of={totalBytes} />
        ) : push.compressing ? (
          <>
            Compressing <Bytes value={push.compressing.doneBytes} of={push.compressing.totalBytes} />
          </>
        ) : (
          'Checking which layers already exist'
        )}
      </p>
      <ProgressBar
        label="Total progress"
        value={isTotalKnown || status !== 'running' ? finishedBytes : undefined}
        max={Math.max(totalBytes, finishedBytes, 1)}
        phase={status}
      />
      <p className={styles.hint}>
        {formatBytes(uploadedBytes)} uploaded
        {skippedBytes > 0 && `, ${formatBytes(skippedBytes)} already in the registry`}
      </p>
    </section>
  );
}

/** What another compression has left out. */
export function LeftOut({ push: { leftOut = 0 } }: { push: Push }) {
  return leftOut === 0 ? null : (
    <p className={styles.hint}>
      {formatCount(leftOut, 'attachment')} left out: what describes the image as it is in local storage does not
      describe one with another compression.
    </p>
  );
}

/** What a merge has kept of the list that was there. */
export function Kept({ push: { kept = [], hasRaced } }: { push: Push }) {
  return (
    <>
      {kept.length > 0 && (
        <p className={styles.hint}>Kept from the list that was there: {formatList(kept.map(formatPlatform))}.</p>
      )}
      {hasRaced && (
        <p className={styles.hint}>Somebody else changed the list meanwhile. What they changed is kept, too.</p>
      )}
    </>
  );
}

function Images({ push }: { push: Push }) {
  const { images, status } = push;
  return (
    <ul className={styles.images} aria-label="Images">
      {images.map(({ platform, digest, totalBytes, doneBytes }) => {
        const isDone = status === 'done' || (totalBytes > 0 && doneBytes >= totalBytes);
        return (
          <li key={digest} className={styles.image}>
            <PlatformChip platform={platform} />
            <span className={styles.imageBar}>
              <ProgressBar
                thin
                label={platform}
                value={isDone ? totalBytes : doneBytes}
                max={Math.max(1, totalBytes)}
                phase={isDone ? 'done' : status}
              />
            </span>
            <span className={styles.imageSize}>
              {isDone ? <Bytes value={totalBytes} /> : <Bytes value={doneBytes} of={totalBytes} />}
            </span>
          </li>
        );
      })}
      <li className={styles.image}>
        <span className={styles.listName}>Manifest list</span>
        <span className={styles.imageBar}>
          <PhaseBadge phase={listPhase(push)} word={listStatus(push)} />
        </span>
      </li>
    </ul>
  );
}

function listPhase({ status, images }: Push): DisplayPhase {
  if (status !== 'running') {
    return status;
  }
  return images.every(({ totalBytes, doneBytes }) => doneBytes >= totalBytes) ? 'running' : 'waiting';
}

function listStatus(push: Push): string {
  switch (listPhase(push)) {
    case 'done':
      return 'Pushed';
    case 'running':
      return 'Pushing';
    case 'waiting':
      return 'Uploaded last';
    default:
      return 'Not pushed';
  }
}

/** The digest of a pushed image, and commands that use it. */
function Result({ push: { destination, digest } }: { push: Push }) {
  return (
    <section className={styles.result} aria-label="Result">
      <PhaseBadge phase="done" word="Push complete" filled />
      {digest && (
        <div className={styles.block}>
          <h3 className={styles.heading}>Digest</h3>
          <Copyable text={digest} what="digest" block />
        </div>
      )}
      <div className={styles.block}>
        <h3 className={styles.heading}>Use the image</h3>
        <Copyable text={`podman run --rm ${destination}`} what="command" block />
        <Copyable text={`docker pull ${destination}`} what="command" block />
        {digest && <Copyable text={`podman pull ${toDigestReference(destination, digest)}`} what="command" block />}
      </div>
    </section>
  );
}
