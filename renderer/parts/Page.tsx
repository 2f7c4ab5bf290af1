import type { ReactNode } from 'react';
import { classes } from './classes.ts';
import styles from './Page.module.css';

export interface PageProps {
  readonly title: ReactNode;
  /** A few words beside the title: `6 nodes`, a status. */
  readonly note?: ReactNode;
  /** Buttons at the right of the bar. */
  readonly actions?: ReactNode;
  /** `padded` has space around, `column` is one readable column, `full` leaves everything to the view. */
  readonly layout?: 'padded' | 'column' | 'full';
  readonly children: ReactNode;
}

/** A view: its bar with the title, and the part below that scrolls. The bar is where a window without a frame is dragged. */
export function Page({ title, note, actions, layout = 'padded', children }: PageProps) {
  return (
    <section className={styles.page}>
      <header className={styles.bar}>
        <div className={styles.titles}>
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
