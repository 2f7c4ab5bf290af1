import { formatCount, formatDuration } from '../../../shared/format.ts';
import { Icon } from '../../parts/Icon.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Sparkline } from '../../parts/Sparkline.tsx';
import styles from './BuildGrid.module.css';
import { Cell, Line, type LinePlace } from './Line.tsx';
import type { Row } from './rows.ts';
import type { Trend } from './trend.ts';

/** What a line can have done; builds and lines by id, projects by context. */
export interface GridActions {
  readonly open: (id: string) => void;
  readonly rebuild: (id: string) => void;
  readonly select: (id: string) => void;
  readonly fold: (context: string) => void;
  readonly unroll: (context: string) => void;
  readonly activate: (id: string) => void;
  readonly cancel: (id: string) => void;
}

export function RunningHeading({ place, count }: { place: LinePlace; count: number }) {
  return (
    <Line place={place} className={styles.heading}>
      <Cell span={5} className={styles.wide}>
        <span className={styles.name}>Running now</span>
        <span className={styles.quiet}>{formatCount(count, 'build')}</span>
      </Cell>
    </Line>
  );
}

export interface ProjectRowProps {
  readonly place: LinePlace;
  readonly row: Extract<Row, { kind: 'project' }>;
  readonly trend: Trend | undefined;
  readonly act: GridActions;
  readonly onNew: () => void;
}

export function ProjectRow({ place, row, trend, act, onNew }: ProjectRowProps) {
  const { project, count, isFolded } = row;
  return (
    <Line
      place={place}
      className={styles.heading}
      isExpanded={!isFolded}
      onPress={() => {
        act.activate(row.id);
        act.fold(project.context);
      }}
    >
      <Cell span={3} className={styles.wide}>
        <Icon name={isFolded ? 'chevron-right' : 'chevron-down'} size={14} className={styles.chevron} />
        <span className={styles.name}>{project.name}</span>
        <span className={styles.path} title={project.context}>
          {project.context}
        </span>
        <span className={styles.quiet}>{formatCount(count, 'build')}</span>
      </Cell>
      <Cell className={styles.trend}>
        {trend && (
          <>
            <Sparkline label={trend.words} values={trend.durations} />
            <span className={styles.usually}>usually {formatDuration(trend.usually)}</span>
          </>
        )}
      </Cell>
      <Cell className={styles.actions}>
        {place.isHot && (
          <IconButton
            icon="plus"
            size="small"
            tabIndex={-1}
            label={`New build of ${project.name}`}
            onClick={(event) => {
              event.stopPropagation();
              onNew();
            }}
          />
        )}
      </Cell>
    </Line>
  );
}

export function MoreRow({ place, hidden, onMore }: { place: LinePlace; hidden: number; onMore: () => void }) {
  return (
    <Line place={place} onPress={onMore} className={styles.more}>
      <Cell span={5} className={styles.wide}>
        Show {formatCount(hidden, 'more', 'more')}
      </Cell>
    </Line>
  );
}
