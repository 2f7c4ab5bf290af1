import type { ReactNode } from 'react';
import type { BuildEntry } from '../../../shared/build-entry.ts';
import { classes } from '../../parts/classes.ts';
import { IconButton } from '../../parts/IconButton.tsx';
import { hrefOf } from '../../stores/navigation.ts';
import styles from './BuildGrid.module.css';

/* biome-ignore-start lint/a11y/useSemanticElements: a table would miss the rows that are not rendered */
/* biome-ignore-start lint/a11y/useFocusableInteractive: the grid has the focus and names its active row */

/** The actions of the rows. Builds and rows are named by id, projects by their context folder. */
export interface GridActions {
  readonly open: (id: string) => void;
  readonly resume: (id: string) => void;
  readonly rebuild: (id: string) => void;
  readonly select: (id: string) => void;
  readonly fold: (context: string) => void;
  readonly showAll: (context: string) => void;
  readonly activate: (id: string) => void;
  readonly cancel: (id: string) => void;
}

/** Where a row is in the grid, and its state there. */
export interface GridRowPosition {
  readonly id: string;
  readonly 'aria-rowindex': number;
  readonly 'aria-level': number;
  readonly isActive: boolean;
  /** The row is active or under the pointer. */
  readonly showsActions: boolean;
  readonly top: number;
  readonly height: number;
  readonly onPointerEnter: () => void;
}

export interface GridRowProps {
  readonly position: GridRowPosition;
  readonly className?: string | undefined;
  readonly isSelected?: boolean;
  readonly isExpanded?: boolean;
  readonly onPress?: (() => void) | undefined;
  readonly children: ReactNode;
}

/** A row of the grid. The grid keeps the focus and handles the keys. */
export function GridRow({ position, className, isSelected, isExpanded, onPress, children }: GridRowProps) {
  const { id, isActive, top, height, onPointerEnter } = position;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid handles the keys
    <div
      role="row"
      id={id}
      aria-rowindex={position['aria-rowindex']}
      aria-level={position['aria-level']}
      aria-selected={isSelected}
      aria-expanded={isExpanded}
      className={classes(styles.row, isActive && styles.active, isSelected && styles.selected, className)}
      style={{ height, transform: `translateY(${top}px)` }}
      onPointerEnter={onPointerEnter}
      onClick={onPress}
    >
      {children}
    </div>
  );
}

export interface GridCellProps {
  readonly className?: string | undefined;
  /** The number of columns that the cell spans. */
  readonly span?: number;
  readonly children?: ReactNode;
}

export function GridCell({ className, span, children }: GridCellProps) {
  return (
    <div role="gridcell" aria-colspan={span} className={className}>
      {children}
    </div>
  );
}

/** A button of a row. It does not open the row, and the Tab key skips it. */
export function RowButton({
  icon,
  label,
  run,
}: {
  icon: 'refresh' | 'play' | 'compare' | 'trash' | 'stop' | 'plus';
  label: string;
  run: () => void;
}) {
  return (
    <IconButton
      icon={icon}
      label={label}
      size="small"
      tabIndex={-1}
      onClick={(event) => {
        event.stopPropagation();
        run();
      }}
    />
  );
}

/** A reference that is truncated at its start, since the end distinguishes it from others. */
export function Reference({ reference }: { reference: string }) {
  const nameStart = reference.lastIndexOf('/') + 1;
  return (
    <span className={styles.reference} title={reference}>
      {nameStart > 0 && <span className={styles.prefix}>{reference.slice(0, nameStart)}</span>}
      <span className={styles.short}>{reference.slice(nameStart)}</span>
    </span>
  );
}

/** Leads to the other images of the bake that a build is a part of. The Tab key skips it, as the buttons of a row. */
export function BakeLink({ bake }: Pick<BuildEntry, 'bake'>) {
  return bake ? (
    <a
      href={hrefOf({ view: 'bake', id: bake.id })}
      tabIndex={-1}
      className={styles.bake}
      title="Part of a bake: show all of its images"
      onClick={(event) => event.stopPropagation()}
    >
      bake
    </a>
  ) : null;
}

/** Leads to the schedule or the watch that has started a build. */
export function TriggerLink({ trigger }: Pick<BuildEntry, 'trigger'>) {
  return trigger ? (
    <a
      href={hrefOf({ view: 'schedules' })}
      tabIndex={-1}
      className={styles.bake}
      title={trigger.kind === 'timer' ? `Started by the schedule ${trigger.name}` : 'Started by a change of the files'}
      onClick={(event) => event.stopPropagation()}
    >
      {trigger.kind === 'timer' ? trigger.name : 'watch'}
    </a>
  ) : null;
}

/** The headers by the classes of their columns. */
const columns = {
  started: 'Started',
  reference: 'Reference',
  platforms: 'Platforms',
  duration: 'Duration',
  actions: 'Actions',
};

/** The column headers, which stay in sight. */
export function HeaderRow() {
  return (
    <div role="row" aria-rowindex={1} className={styles.head}>
      {Object.entries(columns).map(([column, title]) => (
        <div key={column} role="columnheader" className={styles[column]}>
          <span className={column === 'actions' ? 'visually-hidden' : undefined}>{title}</span>
        </div>
      ))}
    </div>
  );
}

/* biome-ignore-end lint/a11y/useFocusableInteractive: as above */
/* biome-ignore-end lint/a11y/useSemanticElements: as above */
