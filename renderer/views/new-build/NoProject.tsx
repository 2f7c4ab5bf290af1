import { useMemo } from 'react';
import { formatReferenceShort } from '../../../shared/format.ts';
import { Button } from '../../parts/Button.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { RelativeTime } from '../../parts/Quantity.tsx';
import { useBuilds } from '../../stores/builds.ts';
import { openSheet } from '../../stores/navigation.ts';
import { recentProjects } from '../farm/recent-projects.ts';
import styles from './NewBuild.module.css';

export interface NoProjectProps {
  readonly onChoose: () => void;
  readonly onProject: (context: string) => void;
}

/** Shown before a project is chosen: a drop zone and the recent projects. */
export function NoProject({ onChoose, onProject }: NoProjectProps) {
  const order = useBuilds((state) => state.order);
  const recent = useMemo(() => {
    const { entries } = useBuilds.getState();
    return recentProjects(
      order.flatMap((id) => entries[id] ?? []),
      8,
    );
  }, [order]);
  return (
    <>
      <div className={styles.choose}>
        <span className={styles.chooseIcon}>
          <Icon name="folder" size={20} />
        </span>
        <p className={styles.chooseTitle}>Drop a project folder here</p>
        <p className={styles.secondary}>
          It contains a Containerfile or Dockerfile and the files that it copies. A tar and the URL of a git repository
          work, too.
        </p>
        <div className={styles.buttons}>
          <Button icon="folder" onClick={onChoose}>
            Choose a folder…
          </Button>
          <Button kind="quiet" onClick={() => openSheet({ sheet: 'samples' })}>
            Try a sample…
          </Button>
        </div>
      </div>
      {recent.length > 0 && (
        <section aria-label="Recent projects" className={styles.section}>
          <div className={styles.sectionHead}>
            <h3>Recent projects</h3>
          </div>
          <ul className={styles.recent}>
            {recent.map(({ context, name, last }) => (
              <li key={context}>
                <button type="button" onClick={() => onProject(context)} title={context}>
                  <Icon name="package" />
                  <span className={styles.recentName}>{name}</span>
                  <span className={styles.recentReference}>{formatReferenceShort(last.reference)}</span>
                  <span className={styles.secondary}>
                    <RelativeTime time={last.createdAt} />
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
