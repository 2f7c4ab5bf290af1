import { type ReactNode, useId } from 'react';
import { Icon } from '../../parts/Icon.tsx';
import styles from './NewBuild.module.css';

interface SectionProps {
  readonly title: string;
  /** A few words at the end of the title's line. */
  readonly note?: ReactNode;
  readonly children: ReactNode;
}

/** A part of the sheet: a title and what it is about. */
export function Section({ title, note, children }: SectionProps) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={styles.section}>
      <div className={styles.sectionHead}>
        <h3 id={id}>{title}</h3>
        {note && <div className={styles.note}>{note}</div>}
      </div>
      {children}
    </section>
  );
}

/** A line that unfolds what it sums up. */
export function Fold({ title, summary, children }: { title: string; summary: ReactNode; children: ReactNode }) {
  return (
    <details className={styles.fold}>
      <summary>
        <Icon name="chevron-right" size={14} className={styles.foldSign} />
        <span className={styles.foldTitle}>{title}</span>
        <span className={styles.note}>{summary}</span>
      </summary>
      <div className={styles.foldBody}>{children}</div>
    </details>
  );
}
