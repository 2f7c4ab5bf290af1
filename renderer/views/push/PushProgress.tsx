import type { Push } from '../../../shared/contract.ts';
import { formatBytes } from '../../../shared/format.ts';
import { PlatformChip } from '../../parts/Chip.tsx';
import { Copyable } from '../../parts/Copyable.tsx';
import { PhaseBadge, type Said } from '../../parts/PhaseBadge.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { ProgressBar } from '../../parts/ProgressBar.tsx';
import { Bytes } from '../../parts/Quantity.tsx';
import { pinned } from './destination.ts';
import styles from './Push.module.css';

/** A push on its way, or how it has ended. */
export function PushProgress({ push }: { push: Push }) {
  return (
    <>
      {push.status === 'done' && <Result push={push} />}
      {push.status === 'failed' && push.problem && <ProblemNote problem={push.problem} />}
      {push.status === 'cancelled' && (
        <p className={styles.hint}>
          The tag was not touched. What has arrived stays at the registry and is not sent again next time.
        </p>
      )}
      <Totals push={push} />
      <Images push={push} />
    </>
  );
}

/** Everything together: how far, and what of it had to travel. */
function Totals({ push }: { push: Push }) {
  const { status, totalBytes, uploadedBytes, skippedBytes } = push;
  const through = uploadedBytes + skippedBytes;
  const isKnown = totalBytes > 0;
  return (
    <section className={styles.totals} aria-label="In total">
      <p className={styles.sum}>
        {status === 'done' ? (
          <Bytes value={through} />
        ) : isKnown ? (
          <Bytes value={through} of={totalBytes} />
        ) : (
          'Asking what is there already'
        )}
      </p>
      <ProgressBar
        label="The push in total"
        value={isKnown || status !== 'running' ? through : undefined}
        max={Math.max(totalBytes, through, 1)}
        phase={status}
      />
      <p className={styles.hint}>
        {formatBytes(uploadedBytes)} uploaded
        {skippedBytes > 0 && `, ${formatBytes(skippedBytes)} were there already`}
      </p>
    </section>
  );
}

function Images({ push }: { push: Push }) {
  const { images, status } = push;
  return (
    <ul className={styles.images} aria-label="Images">
      {images.map(({ platform, digest, totalBytes, doneBytes }) => {
        const isThere = status === 'done' || (totalBytes > 0 && doneBytes >= totalBytes);
        return (
          <li key={digest} className={styles.image}>
            <PlatformChip platform={platform} />
            <span className={styles.imageBar}>
              <ProgressBar
                thin
                label={`${platform}`}
                value={isThere ? totalBytes : doneBytes}
                max={Math.max(1, totalBytes)}
                phase={isThere ? 'done' : status}
              />
            </span>
            <span className={styles.imageSize}>
              {isThere ? <Bytes value={totalBytes} /> : <Bytes value={doneBytes} of={totalBytes} />}
            </span>
          </li>
        );
      })}
      <li className={styles.image}>
        <span className={styles.listName}>The list</span>
        <span className={styles.imageBar}>
          <PhaseBadge phase={listPhase(push)} word={listWord(push)} />
        </span>
      </li>
    </ul>
  );
}

function listPhase({ status, images }: Push): Said {
  if (status !== 'running') {
    return status;
  }
  return images.every(({ totalBytes, doneBytes }) => doneBytes >= totalBytes) ? 'running' : 'waiting';
}

function listWord(push: Push): string {
  switch (listPhase(push)) {
    case 'done':
      return 'There';
    case 'running':
      return 'Pushing';
    case 'waiting':
      return 'Goes last';
    default:
      return 'Not pushed';
  }
}

/** What one needs of a push that is through. */
function Result({ push: { destination, digest } }: { push: Push }) {
  return (
    <section className={styles.result} aria-label="Result">
      <PhaseBadge phase="done" word="All of it is there" filled />
      {digest && (
        <div className={styles.line}>
          <h3 className={styles.heading}>Digest</h3>
          <Copyable text={digest} what="digest" block />
        </div>
      )}
      <div className={styles.line}>
        <h3 className={styles.heading}>Run it</h3>
        <Copyable text={`podman run --rm ${destination}`} what="command" block />
        <Copyable text={`docker pull ${destination}`} what="command" block />
        {digest && <Copyable text={`podman pull ${pinned(destination, digest)}`} what="command" block />}
      </div>
    </section>
  );
}
