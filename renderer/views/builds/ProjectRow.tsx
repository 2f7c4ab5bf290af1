import { useEffect, useRef } from 'react';
import { formatCount, formatDuration, formatNumber } from '../../../shared/format.ts';
import { Icon } from '../../parts/Icon.tsx';
import { Sparkline } from '../../parts/Sparkline.tsx';
import styles from './BuildGrid.module.css';
import { type GridActions, GridCell, GridRow, type GridRowPosition, RowButton } from './GridRow.tsx';
import type { Row } from './rows.ts';
import type { Trend } from './trend.ts';

export interface ProjectRowProps {
  readonly position: GridRowPosition;
  readonly row: Extract<Row, { kind: 'project' }>;
  readonly trend: Trend | undefined;
  /** There are older builds that are not loaded. */
  readonly hasOlder: boolean;
  readonly actions: GridActions;
  readonly onNew: () => void;
}

/** The heading of a project, which folds its builds. */
export function ProjectRow({ position, row, trend, hasOlder, actions, onNew }: ProjectRowProps) {
  const { project, count, isFolded } = row;
  return (
    <GridRow
      position={position}
      className={styles.heading}
      isExpanded={!isFolded}
      onPress={() => {
        actions.activate(row.id);
        actions.fold(project.context);
      }}
    >
      <GridCell span={3} className={styles.wide}>
        <Icon name={isFolded ? 'chevron-right' : 'chevron-down'} size={14} className={styles.chevron} />
        <span className={styles.name}>{project.name}</span>
        <span className={styles.path} title={project.context}>
          {project.context}
        </span>
        <span className={styles.quiet}>
          {hasOlder ? `${formatNumber(count)}+ builds` : formatCount(count, 'build')}
        </span>
      </GridCell>
      <GridCell className={styles.trend}>
        {trend && (
          <>
            <Sparkline label={trend.text} values={trend.durationsMs} />
            <span className={styles.median} aria-hidden="true">
              usually {formatDuration(trend.medianMs)}
            </span>
          </>
        )}
      </GridCell>
      <GridCell className={styles.actions}>
        {position.showsActions && <RowButton icon="plus" label={`New build of ${project.name}`} run={onNew} />}
      </GridCell>
    </GridRow>
  );
}

export interface MoreRowProps {
  readonly position: GridRowPosition;
  readonly hiddenCount: number;
  readonly onMore: () => void;
}

/** Shows the remaining builds of a project. */
export function MoreRow({ position, hiddenCount, onMore }: MoreRowProps) {
  return (
    <GridRow position={position} onPress={onMore} className={styles.more}>
      <GridCell span={5} className={styles.wide}>
        Show {formatCount(hiddenCount, 'more', 'more')}
      </GridCell>
    </GridRow>
  );
}

export interface OlderRowProps {
  readonly position: GridRowPosition;
  /** The number of rows of the grid. */
  readonly rowCount: number;
  readonly isLoading: boolean;
  readonly onOlder: () => void;
}

/**
 * Loads older builds when it is scrolled into sight. If those added no rows, because they are in projects that show only
 * their newest builds, it waits to be pressed, so that it does not load the whole history.
 */
export function OlderRow({ position, rowCount, isLoading, onOlder }: OlderRowProps) {
  const loadedAt = useRef(0);
  const latestOnOlder = useRef(onOlder);
  latestOnOlder.current = onOlder;
  useEffect(() => {
    if (!isLoading && rowCount > loadedAt.current) {
      loadedAt.current = rowCount;
      latestOnOlder.current();
    }
  }, [rowCount, isLoading]);
  return (
    <GridRow position={position} onPress={onOlder} className={styles.more}>
      <GridCell span={5} className={styles.wide}>
        {isLoading ? 'Loading older builds…' : 'Load older builds'}
      </GridCell>
    </GridRow>
  );
}
