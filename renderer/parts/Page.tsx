/** Parts: components that several views share. */

import type { ReactNode } from 'react';
import { classes } from './classes.ts';
import styles from './Page.module.css';

export interface PageProps {
  readonly title: ReactNode;
  /** A button before the title, such as one that leads back. */
  readonly before?: ReactNode;
  /** A short text beside the title: `6 nodes`, a status. */
  readonly note?: ReactNode;
  /** Buttons at the end of the header. */
  readonly actions?: ReactNode;
  /** `padded` adds a margin, `column` also limits the width, `full` adds nothing. */
  readonly layout?: 'padded' | 'column' | 'full';
  readonly children: ReactNode;
}

/** The layout of a view: a header with the title, and a scrolling body. A frameless window is dragged by the header. */
export function Page({ title, before, note, actions, layout = 'padded', children }: PageProps) {
  return (
    <section className={styles.page}>
      <header className={styles.bar}>
        <div className={styles.titles}>
          {before && <div className={styles.before}>{before}</div>}
          <h1 className={styles.title}>{title}</h1>
          {note && <div className={styles.note}>{note}</div>}
        </div>
        {actions && <div className={styles.actions}>{actions}</div>}
      </header>
      <div className={classes(styles.body, layout !== 'full' && styles.padded)}>
        {layout === 'column' ? <div className={styles.column}>{children}</div> : children}
      </div>
    </section>
  );
}
