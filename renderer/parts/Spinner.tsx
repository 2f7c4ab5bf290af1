import type { ReactNode } from 'react';
import styles from './Spinner.module.css';

export function Spinner() {
  return <span className={styles.spinner} aria-hidden="true" />;
}

/** Says what is waited for, once the wait is longer than 200 ms. Add a Cancel button where it can be longer than 10 s. */
export function Waiting({ children }: { children: ReactNode }) {
  return (
    <output className={styles.waiting}>
      <Spinner />
      {children}
    </output>
  );
}
