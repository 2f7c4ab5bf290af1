import type { ReactNode } from 'react';
import styles from './Spinner.module.css';

export function Spinner() {
  return <span className={styles.spinner} aria-hidden="true" />;
}

/** Shows what the user is waiting for, after 200 ms. Add a Cancel button if it can take longer than 10 s. */
export function Waiting({ children }: { children: ReactNode }) {
  return (
    <output className={styles.waiting}>
      <Spinner />
      {children}
    </output>
  );
}
