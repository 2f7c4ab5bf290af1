import { useMemo } from 'react';
import type { Farm } from '../../../shared/farm.ts';
import { formatCount, formatReferenceShort } from '../../../shared/format.ts';
import { Button } from '../../parts/Button.tsx';
import { classes } from '../../parts/classes.ts';
import { Icon } from '../../parts/Icon.tsx';
import { PhaseGlyph, phaseWord } from '../../parts/PhaseBadge.tsx';
import { RelativeTime } from '../../parts/Quantity.tsx';
import { useBuilds } from '../../stores/builds.ts';
import type { Coverage } from '../../stores/coverage.ts';
import { openSheet } from '../../stores/navigation.ts';
import styles from './ProjectDrop.module.css';
import { isBuiltOn, type RecentProject, recentProjects } from './recent-projects.ts';

const maxRecent = 6;

interface ProjectDropProps {
  readonly farm: Farm;
  readonly isDefault: boolean;
  readonly coverage: readonly Coverage[];
  /** True while a folder is dragged over the window. */
  readonly isDraggingOver: boolean;
  /** Replaces the introduction if no node can build. */
  readonly notice: string | undefined;
  readonly onChoose: () => void;
  readonly onProject: (context: string) => void;
}

/** The drop zone for project folders, with the recent projects of the farm. */
export function ProjectDrop({
  farm,
  isDefault,
  coverage,
  isDraggingOver: isOver,
  notice: hindrance,
  onChoose,
  onProject,
}: ProjectDropProps) {
  const recent = useRecentProjects(farm, isDefault);
  const hasRecent = recent.length > 0;
  return (
    <section aria-label="Build a project" className={classes(styles.zone, isOver && styles.over)}>
      <div className={classes(styles.content, hasRecent && styles.split)}>
        <div className={styles.invitation}>
          <div className={styles.icon}>
            <Icon name="folder" size={20} />
          </div>
          <h2 className={styles.title}>Drop a project folder here</h2>
          <p className={styles.text}>
            {hindrance ??
              'Barnraiser builds its Containerfile or Dockerfile on all matching nodes and returns one multi-platform image.'}
          </p>
          <div className={styles.actions}>
            <Button icon="folder" onClick={onChoose}>
              Choose a folder…
            </Button>
            <Button kind="quiet" onClick={() => openSheet({ sheet: 'samples' })}>
              Try a sample…
            </Button>
          </div>
        </div>
        {hasRecent && (
          <div className={styles.recent}>
            <h3 className={styles.heading}>Recent projects</h3>
            <ul>
              {recent.map((project) => (
                <li key={project.context}>
                  <RecentProjectButton project={project} onOpen={() => onProject(project.context)} />
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
      {isOver && <DropOverlay coverage={coverage} farm={farm.name} />}
    </section>
  );
}

/** Covers the drop zone while a folder is dragged over the window. */
function DropOverlay({ coverage, farm }: { coverage: readonly Coverage[]; farm: string }) {
  const platforms = coverage.filter(({ isDefault }) => isDefault);
  return (
    <div className={styles.overlay} role="status">
      <Icon name="package" size={28} />
      <p className={styles.title}>
        {platforms.length > 0
          ? `Drop to build for ${formatCount(platforms.length, 'platform')} on ${farm}`
          : `Drop to prepare a build on ${farm}`}
      </p>
      <div className={styles.actions}>
        {platforms.map(({ platform }) => (
          <span key={platform} className={styles.overlayPlatform}>
            {platform}
          </span>
        ))}
      </div>
    </div>
  );
}

function RecentProjectButton({ project: { name, last }, onOpen }: { project: RecentProject; onOpen: () => void }) {
  return (
    <button type="button" className={styles.project} onClick={onOpen} title={last.project}>
      <Icon name="package" />
      <span className={styles.name}>{name}</span>
      <span className={styles.reference}>{formatReferenceShort(last.reference)}</span>
      <span className={styles.outcome}>
        <PhaseGlyph phase={last.status} />
        {phaseWord(last.status)}
      </span>
      <span className={styles.when}>
        <RelativeTime time={last.createdAt} />
      </span>
    </button>
  );
}

function useRecentProjects(farm: Farm, isDefault: boolean): RecentProject[] {
  const order = useBuilds((state) => state.order);
  const entries = useBuilds((state) => state.entries);
  return useMemo(() => {
    function* buildsOfFarm() {
      for (const id of order) {
        const build = entries[id];
        if (build && isBuiltOn(build, farm, isDefault)) {
          yield build;
        }
      }
    }
    return recentProjects(buildsOfFarm(), maxRecent);
  }, [order, entries, farm, isDefault]);
}
