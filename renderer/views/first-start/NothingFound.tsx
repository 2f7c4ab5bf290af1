import type { ReactNode } from 'react';
import { Copyable } from '../../parts/Copyable.tsx';
import { Icon } from '../../parts/Icon.tsx';
import styles from './FirstStart.module.css';

/** No engine was found anywhere: the three ways to have one. `children` are the buttons. */
export function NothingFound({ children }: { children: ReactNode }) {
  return (
    <section className={styles.nothing} aria-label="Nothing found">
      <h2 className={styles.nothingTitle}>Nothing found yet</h2>
      <p className={styles.secondary}>
        There is no engine on this computer, no host in ~/.ssh/config and no connection of podman or docker. Any one of
        these is enough:
      </p>
      <ol className={styles.ways}>
        <li>
          <Icon name="log" />
          <div>
            <p>Let podman listen on this computer:</p>
            <Copyable text="systemctl --user enable --now podman.socket" what="command" block />
          </div>
        </li>
        <li>
          <Icon name="node" />
          <div>
            <p>Have a machine that you can log in to with a key, and podman on it:</p>
            <Copyable text="ssh user@host podman info" what="command" block />
          </div>
        </li>
        <li>
          <Icon name="package" />
          <div>
            <p>On a Mac or on Windows, start podman’s own machine:</p>
            <Copyable text="podman machine init --now" what="command" block />
          </div>
        </li>
      </ol>
      <div className={styles.nothingButtons}>{children}</div>
    </section>
  );
}
