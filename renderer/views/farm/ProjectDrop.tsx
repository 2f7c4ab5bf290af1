import { useMemo } from 'react';
import type { Farm } from '../../../shared/farm.ts';
import { formatCount, formatReferenceShort } from '../../../shared/format.ts';
import { Button } from '../../parts/Button.tsx';
import { classes } from '../../parts/classes.ts';
import { Icon } from '../../parts/Icon.tsx';
import { PhaseGlyph, wordOf } from '../../parts/PhaseBadge.tsx';
import { RelativeTime } from '../../parts/Quantity.tsx';
import { useBuilds } from '../../stores/builds.ts';
import type { Coverage } from './coverage.ts';
import styles from './ProjectDrop.module.css';
import { isBuiltOn, type RecentProject, recentProjects } from './recent-projects.ts';

const mostRecent = 6;

interface ProjectDropProps {
  readonly farm: Farm;
  readonly isDefault: boolean;
  readonly coverage: readonly Coverage[];
  /** A folder is held over the window. */
  readonly isOver: boolean;
  /** Why nothing could build now, in a few words. */
  readonly hindrance: string | undefined;
  readonly onChoose: () => void;
  readonly onSample: () => void;
  readonly onProject: (context: string) => void;
}

/** Where a project folder is dropped, with the projects that were built here before. */
export function ProjectDrop({
  farm,
  isDefault,
  coverage,
  isOver,
  hindrance,
  onChoose,
  onSample,
  onProject,
}: ProjectDropProps) {
  const recent = useRecent(farm, isDefault);
  const hasRecent = recent.length > 0;
  return (
    <section aria-label="Build a project" className={classes(styles.zone, isOver && styles.over)}>
      <div className={classes(styles.content, hasRecent && styles.split)}>
        <div className={styles.invitation}>
          <div className={styles.sign}>
            <Icon name="folder" size={20} />
          </div>
          <h2 className={styles.title}>Drop a project folder here</h2>
          <p className={styles.text}>
            {hindrance ?? 'Its Containerfile is built on every node that can, and the images come back as one.'}
          </p>
          <div className={styles.actions}>
            <Button icon="folder" onClick={onChoose}>
              Choose a folder…
            </Button>
            <Button kind="quiet" onClick={onSample}>
              Try the sample project
            </Button>
          </div>
        </div>
        {hasRecent && (
          <div className={styles.recent}>
            <h3 className={styles.heading}>Built here lately</h3>
            <ul>
              {recent.map((project) => (
                <li key={project.context}>
                  <Recent project={project} onOpen={() => onProject(project.context)} />
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
      {isOver && <Held coverage={coverage} farm={farm.name} />}
    </section>
  );
}

/** Over everything in the zone while a folder is held, so that nothing moves. */
function Held({ coverage, farm }: { coverage: readonly Coverage[]; farm: string }) {
  const platforms = coverage.filter(({ isDefault }) => isDefault);
  return (
    <div className={styles.held} role="status">
      <Icon name="package" size={28} />
      <p className={styles.title}>
        {platforms.length > 0
          ? `Let go to build for ${formatCount(platforms.length, 'platform')} on ${farm}`
          : `Let go to prepare a build on ${farm}`}
      </p>
      <div className={styles.actions}>
        {platforms.map(({ platform }) => (
          <span key={platform} className={styles.heldPlatform}>
            {platform}
          </span>
        ))}
      </div>
    </div>
  );
}

function Recent({ project: { name, last }, onOpen }: { project: RecentProject; onOpen: () => void }) {
  return (
    <button type="button" className={styles.project} onClick={onOpen} title={last.request.context}>
      <Icon name="package" />
      <span className={styles.name}>{name}</span>
      <span className={styles.reference}>{formatReferenceShort(last.reference)}</span>
      <span className={styles.outcome}>
        <PhaseGlyph phase={last.status} />
        {wordOf(last.status)}
      </span>
      <span className={styles.when}>
        <RelativeTime time={last.createdAt} />
      </span>
    </button>
  );
}

function useRecent(farm: Farm, isDefault: boolean): RecentProject[] {
  const order = useBuilds((state) => state.order);
  const byId = useBuilds((state) => state.byId);
  return useMemo(() => {
    function* here() {
      for (const id of order) {
        const build = byId[id];
        if (build && isBuiltOn(build, farm, isDefault)) {
          yield build;
        }
      }
    }
    return recentProjects(here(), mostRecent);
  }, [order, byId, farm, isDefault]);
}
