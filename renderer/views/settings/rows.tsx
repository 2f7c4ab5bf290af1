import type { ReactNode, Ref } from 'react';
import styles from './Settings.module.css';

export interface GroupProps {
  readonly title: string;
  readonly children: ReactNode;
  /** Its heading, which can be given the focus where a button has gone away. */
  readonly ref?: Ref<HTMLHeadingElement>;
}

export function Group({ title, children, ref }: GroupProps) {
  return (
    <section aria-label={title} className={styles.group}>
      <h2 ref={ref} tabIndex={-1} className={styles.heading}>
        {title}
      </h2>
      <div className={styles.rows}>{children}</div>
    </section>
  );
}

export interface RowProps {
  readonly title: ReactNode;
  readonly hint?: ReactNode;
  readonly children?: ReactNode;
}

export function Row({ title, hint, children }: RowProps) {
  return (
    <div className={styles.row}>
      <div className={styles.words}>
        <h3 className={styles.title}>{title}</h3>
        {hint && <p className={styles.hint}>{hint}</p>}
      </div>
      {children && <div className={styles.value}>{children}</div>}
    </div>
  );
}
