import { formatCount } from '../../../shared/format.ts';
import type { ManifestList } from '../../../shared/image.ts';
import { EntryRow } from './EntryRow.tsx';
import styles from './Images.module.css';
import type { ReferencesByLayer } from './storage.ts';

export interface PlatformListProps {
  readonly list: ManifestList;
  readonly referencesByLayer: ReferencesByLayer;
  /** The level below the heading of the image. */
  readonly heading: 'h2' | 'h3';
}

/** The images of a list by platform, with their sizes and shared layers. */
export function PlatformList({ list: { reference, entries }, referencesByLayer, heading: Heading }: PlatformListProps) {
  const largest = Math.max(...entries.map(({ size }) => size), 1);
  return (
    <section aria-label="Platforms">
      <div className={styles.sectionHead}>
        <Heading>{formatCount(entries.length, 'platform')}</Heading>
        <p className={styles.legend} aria-hidden="true">
          <span className={styles.own}>only in this image</span>
          <span className={styles.shared}>shared with other images</span>
        </p>
      </div>
      <ul className={styles.entries}>
        {entries.map((entry) => (
          <EntryRow
            key={entry.digest}
            entry={entry}
            reference={reference}
            referencesByLayer={referencesByLayer}
            largest={largest}
          />
        ))}
      </ul>
    </section>
  );
}
