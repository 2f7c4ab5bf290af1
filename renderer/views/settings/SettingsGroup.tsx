import type { ReactNode, Ref } from 'react';
import styles from './Settings.module.css';

export interface SettingsGroupProps {
  readonly title: string;
  readonly children: ReactNode;
  /** The heading, which can receive the focus when a button was removed. */
  readonly ref?: Ref<HTMLHeadingElement>;
}

export function SettingsGroup({ title, children, ref }: SettingsGroupProps) {
  return (
    <section aria-label={title} className={styles.group}>
      <h2 ref={ref} tabIndex={-1} className={styles.heading}>
        {title}
      </h2>
      <div className={styles.rows}>{children}</div>
    </section>
  );
}

export interface SettingsRowProps {
  readonly title?: ReactNode;
  readonly hint?: ReactNode;
  readonly children?: ReactNode;
}

export function SettingsRow({ title, hint, children }: SettingsRowProps) {
  return (
    <div className={styles.row}>
      <div className={styles.text}>
        {title && <h3 className={styles.title}>{title}</h3>}
        {hint && <p className={styles.hint}>{hint}</p>}
      </div>
      {children && <div className={styles.value}>{children}</div>}
    </div>
  );
}
