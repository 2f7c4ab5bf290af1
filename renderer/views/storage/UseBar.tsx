import { formatBytes } from '../../../shared/format.ts';
import { type StorageKind, storageKindNames, storageKinds } from '../../../shared/storage-kinds.ts';
import type { KindUse } from '../../../shared/storage-use.ts';
import { classes } from '../../parts/classes.ts';
import styles from './Storage.module.css';
import { sumOf } from './sums.ts';

const kindStyles: Readonly<Record<StorageKind, string | undefined>> = {
  image: styles.image,
  cache: styles.cache,
  context: styles.context,
  container: styles.container,
  volume: styles.volume,
};

export interface UseBarProps {
  /** What is measured, for screen readers. */
  readonly label: string;
  readonly kinds: readonly KindUse[];
  readonly showsLegend?: boolean;
}

/** The share of each kind in what is stored, as a bar. */
export function UseBar({ label, kinds, showsLegend = false }: UseBarProps) {
  const sums = storageKinds
    .map((kind) => ({ kind, ...sumOf(kinds.filter((use) => use.kind === kind)) }))
    .filter(({ bytes }) => bytes > 0);
  const text = sums.map(({ kind, bytes }) => `${storageKindNames[kind]} ${formatBytes(bytes)}`).join(', ');
  return (
    <>
      <div className={styles.bar} role="img" aria-label={`Disk use of ${label}: ${text || 'nothing'}`} title={text}>
        {sums.map(({ kind, bytes }) => (
          <span key={kind} className={kindStyles[kind]} style={{ flexGrow: bytes }} />
        ))}
      </div>
      {showsLegend && (
        <ul className={styles.legend} aria-hidden="true">
          {sums.map(({ kind, bytes }) => (
            <li key={kind}>
              <span className={classes(styles.swatch, kindStyles[kind])} />
              {storageKindNames[kind]} <span className={styles.quiet}>{formatBytes(bytes)}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
