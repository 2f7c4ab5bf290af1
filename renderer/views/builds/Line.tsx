import type { ReactNode } from 'react';
import { classes } from '../../parts/classes.ts';
import styles from './BuildGrid.module.css';

/* biome-ignore-start lint/a11y/useSemanticElements: lines that are not drawn would be missing from a table */
/* biome-ignore-start lint/a11y/useFocusableInteractive: the grid has the focus and names its active line */

/** Where a line stands, and what the grid knows of it. */
export interface LinePlace {
  readonly id: string;
  readonly 'aria-rowindex': number;
  readonly 'aria-level': number;
  readonly isActive: boolean;
  /** The pointer or the keys are on it: its buttons are shown. */
  readonly isHot: boolean;
  readonly top: number;
  readonly height: number;
  readonly onPointerEnter: () => void;
}

export interface LineProps {
  readonly place: LinePlace;
  readonly className?: string | undefined;
  readonly isSelected?: boolean;
  readonly isExpanded?: boolean;
  readonly onPress?: (() => void) | undefined;
  readonly children: ReactNode;
}

/** A line of the grid at its place. Keys are the grid's affair, which keeps the focus. */
export function Line({ place, className, isSelected, isExpanded, onPress, children }: LineProps) {
  const { id, isActive, top, height, onPointerEnter } = place;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid hears the keys
    <div
      role="row"
      id={id}
      aria-rowindex={place['aria-rowindex']}
      aria-level={place['aria-level']}
      aria-selected={isSelected}
      aria-expanded={isExpanded}
      className={classes(styles.line, isActive && styles.active, isSelected && styles.selected, className)}
      style={{ height, transform: `translateY(${top}px)` }}
      onPointerEnter={onPointerEnter}
      onClick={onPress}
    >
      {children}
    </div>
  );
}

export interface CellProps {
  readonly className?: string | undefined;
  /** How many columns it takes. */
  readonly span?: number;
  readonly children?: ReactNode;
}

export function Cell({ className, span, children }: CellProps) {
  return (
    <div role="gridcell" aria-colspan={span} className={className}>
      {children}
    </div>
  );
}

/** A reference whose end, which tells it from others, is never cut off. */
export function Reference({ reference }: { reference: string }) {
  const cut = reference.lastIndexOf('/') + 1;
  return (
    <span className={styles.reference} title={reference}>
      {cut > 0 && <span className={styles.prefix}>{reference.slice(0, cut)}</span>}
      <span className={styles.short}>{reference.slice(cut)}</span>
    </span>
  );
}

const columns = ['When', 'Reference', 'Platforms', 'Took', 'Actions'] as const;

/** The names of the columns; they stay in sight. */
export function Head() {
  return (
    <div role="row" aria-rowindex={1} className={styles.head}>
      {columns.map((column) => (
        <div key={column} role="columnheader" className={styles[column.toLowerCase()]}>
          <span className={column === 'Actions' ? 'visually-hidden' : undefined}>{column}</span>
        </div>
      ))}
    </div>
  );
}

/* biome-ignore-end lint/a11y/useFocusableInteractive: as above */
/* biome-ignore-end lint/a11y/useSemanticElements: as above */
