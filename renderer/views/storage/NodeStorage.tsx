import { formatBytes } from '../../../shared/format.ts';
import { Button } from '../../parts/Button.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { askToFreeDisk } from '../../stores/free-disk.ts';
import { measureNodes, useStorageUse } from '../../stores/storage-use.ts';
import { KindTable } from './KindTable.tsx';
import styles from './Storage.module.css';
import { totalsOf } from './sums.ts';
import { UseBar } from './UseBar.tsx';

/** What takes space on a node, once it is asked for: to measure it takes some engines seconds. */
export function NodeStorage({ name }: { name: string }) {
  const use = useStorageUse(({ nodes }) => nodes[name]);
  const isMeasuring = useStorageUse(({ measuring }) => measuring.has(name));
  return (
    <section aria-labelledby="disk-use" className={styles.section}>
      <div className={styles.nodeHead}>
        <h3 id="disk-use" className={styles.nodeName}>
          Disk use
        </h3>
        <Button size="small" icon="refresh" busy={isMeasuring} onClick={() => void measureNodes([name])}>
          {use ? 'Measure again' : 'Measure'}
        </Button>
        <Button size="small" icon="disk" onClick={() => askToFreeDisk([name])}>
          Free disk space…
        </Button>
      </div>
      {use?.problem && <ProblemNote problem={use.problem} />}
      {use && !use.problem && (
        <>
          <UseBar label={name} kinds={use.kinds} />
          <KindTable use={use} />
          <p className={styles.figures}>
            {formatBytes(totalsOf(use).own)} left by Barnraiser, {formatBytes(totalsOf(use).reclaimable)} can be freed
          </p>
        </>
      )}
    </section>
  );
}
