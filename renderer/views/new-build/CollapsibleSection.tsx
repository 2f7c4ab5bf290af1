import type { ReactNode } from 'react';
import { Icon } from '../../parts/Icon.tsx';
import styles from './NewBuild.module.css';

interface CollapsibleSectionProps {
  readonly title: string;
  readonly summary: ReactNode;
  readonly children: ReactNode;
  /** Without it, the section knows itself whether it is open. */
  readonly isOpen?: boolean;
  readonly onToggle?: (isOpen: boolean) => void;
}

/** A part of the sheet that is collapsed to a summary at first. */
export function CollapsibleSection({ title, summary, children, isOpen, onToggle }: CollapsibleSectionProps) {
  return (
    <details
      className={styles.collapsible}
      open={isOpen}
      onToggle={({ currentTarget }) => onToggle?.(currentTarget.open)}
    >
      <summary>
        <Icon name="chevron-right" size={14} className={styles.collapsibleIcon} />
        <span className={styles.collapsibleTitle}>{title}</span>
        <span className={styles.note}>{summary}</span>
      </summary>
      <div className={styles.collapsibleBody}>{children}</div>
    </details>
  );
}
