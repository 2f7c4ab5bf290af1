import type { ReactNode } from 'react';
import { Icon } from '../../parts/Icon.tsx';
import styles from './NewBuild.module.css';

/** A part of the sheet that is collapsed to a summary at first. */
export function CollapsibleSection({
  title,
  summary,
  children,
}: {
  title: string;
  summary: ReactNode;
  children: ReactNode;
}) {
  return (
    <details className={styles.collapsible}>
      <summary>
        <Icon name="chevron-right" size={14} className={styles.collapsibleIcon} />
        <span className={styles.collapsibleTitle}>{title}</span>
        <span className={styles.note}>{summary}</span>
      </summary>
      <div className={styles.collapsibleBody}>{children}</div>
    </details>
  );
}
