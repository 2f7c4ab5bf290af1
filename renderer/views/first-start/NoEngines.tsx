import type { ReactNode } from 'react';
import { Copyable } from '../../parts/Copyable.tsx';
import { Icon } from '../../parts/Icon.tsx';
import styles from './FirstStart.module.css';

/** Shown if no engine was discovered: how to get one. @param children the buttons below */
export function NoEngines({ children }: { children: ReactNode }) {
  return (
    <section className={styles.empty} aria-label="No engines found">
      <h2 className={styles.emptyTitle}>No engines found</h2>
      <p className={styles.secondary}>
        There is no engine on this computer, no host in ~/.ssh/config, and no podman connection or Docker context. Any
        of these is enough to start:
      </p>
      <ol className={styles.options}>
        <li>
          <Icon name="log" />
          <div>
            <p>Start docker on this computer, or enable the socket of podman:</p>
            <Copyable text="systemctl --user enable --now podman.socket" what="command" block />
          </div>
        </li>
        <li>
          <Icon name="node" />
          <div>
            <p>Check that you can log in to a machine, and may use its docker or podman there:</p>
            <Copyable text="ssh user@host 'docker info || podman info'" what="command" block />
          </div>
        </li>
        <li>
          <Icon name="package" />
          <div>
            <p>On macOS or Windows, start Docker Desktop or a podman machine:</p>
            <Copyable text="podman machine init --now" what="command" block />
          </div>
        </li>
      </ol>
      <div className={styles.emptyButtons}>{children}</div>
    </section>
  );
}
