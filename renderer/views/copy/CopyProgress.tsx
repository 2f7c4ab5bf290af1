import type { Copy } from '../../../shared/copy.ts';
import { formatBytes, formatCount, formatList } from '../../../shared/format.ts';
import { PlatformChip } from '../../parts/Chip.tsx';
import { Copyable } from '../../parts/Copyable.tsx';
import { PhaseBadge, phaseWord } from '../../parts/PhaseBadge.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { ProgressBar } from '../../parts/ProgressBar.tsx';
import { Bytes } from '../../parts/Quantity.tsx';
import { SpokenProgress } from '../../parts/SpokenProgress.tsx';
import styles from './Copy.module.css';

/** The progress or the result of a copy. */
export function CopyProgress({ copy }: { copy: Copy }) {
  const { status, digest, kept, hasRaced, leftOut, attachments, images } = copy;
  return (
    <div className={styles.form}>
      <SpokenProgress
        what="Copy"
        share={copy.totalBytes === 0 ? undefined : (copy.copiedBytes + copy.skippedBytes) / copy.totalBytes}
        end={status === 'running' ? undefined : phaseWord(status)}
      />
      {status === 'done' && (
        <section className={styles.group} aria-label="Result">
          <div>
            <PhaseBadge phase="done" word="Copy complete" filled />
          </div>
          {digest && <Copyable text={digest} what="digest" block />}
          {kept && kept.length > 0 && <p>Kept from the list that was there: {formatList(kept)}.</p>}
          {hasRaced && <p>Somebody else changed the list meanwhile. What they changed is kept.</p>}
          {leftOut !== undefined && (
            <p>{formatCount(leftOut, 'entry', 'entries')} of the list are not images and were left out.</p>
          )}
          {attachments !== undefined && (
            <p>{formatCount(attachments, 'attachment')} of the registry, such as signatures, came with it.</p>
          )}
        </section>
      )}
      {status === 'failed' && copy.problem && <ProblemNote problem={copy.problem} />}
      {status === 'cancelled' && <p className={styles.hint}>Nothing was changed at the destination.</p>}
      {status !== 'cancelled' && (status === 'running' || images.length > 0) && <Totals copy={copy} />}
      {images.length > 0 && (
        <ul className={styles.images} aria-label="Images">
          {images.map(({ platform, digest: own, totalBytes, doneBytes }) => {
            const isDone = status === 'done' || (totalBytes > 0 && doneBytes >= totalBytes);
            return (
              <li key={`${platform} ${own}`} className={styles.image}>
                <PlatformChip platform={platform} />
                <ProgressBar
                  thin
                  label={platform}
                  value={isDone ? totalBytes : doneBytes}
                  max={Math.max(1, totalBytes)}
                  phase={isDone ? 'done' : status}
                />
                <span className={styles.size}>
                  {isDone ? <Bytes value={totalBytes} /> : <Bytes value={doneBytes} of={totalBytes} />}
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </div>
  );
}

function Totals({ copy: { status, totalBytes, copiedBytes, skippedBytes } }: { copy: Copy }) {
  const finished = copiedBytes + skippedBytes;
  return (
    <section className={styles.totals} aria-label="Total">
      <p className={styles.sum}>
        {status === 'done' ? (
          <Bytes value={finished} />
        ) : totalBytes > 0 ? (
          <Bytes value={finished} of={totalBytes} />
        ) : (
          'Reading the list'
        )}
      </p>
      <ProgressBar
        label="Total progress"
        value={totalBytes > 0 || status !== 'running' ? finished : undefined}
        max={Math.max(totalBytes, finished, 1)}
        phase={status}
      />
      <p className={styles.hint}>
        {formatBytes(copiedBytes)} copied
        {skippedBytes > 0 && `, ${formatBytes(skippedBytes)} already there`}
      </p>
    </section>
  );
}
