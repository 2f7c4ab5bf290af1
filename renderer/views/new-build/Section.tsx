import { type ReactNode, useId } from 'react';
import styles from './NewBuild.module.css';

interface SectionProps {
  readonly title: string;
  /** Shown at the end of the row of the title. */
  readonly note?: ReactNode;
  readonly children: ReactNode;
}

/** A part of the sheet with a title. */
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
