import type { KeyboardEvent, ReactNode } from 'react';
import { classes } from './classes.ts';
import styles from './Table.module.css';

export interface Column<T> {
  readonly id: string;
  /** The column header; with `hideTitle`, for screen readers only. */
  readonly title: string;
  readonly hideTitle?: boolean;
  /** A CSS width; without it, the column takes the remaining space. */
  readonly width?: string;
  /** `end` for numbers. */
  readonly align?: 'start' | 'end';
  readonly cell: (row: T) => ReactNode;
}

export interface TableProps<T> {
  /** The name of the table, for screen readers. */
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  readonly selected?: string | undefined;
  /** Called for a click or Enter on a row. The row also needs a link or button, or the `label` must mention the action. */
  readonly onOpen?: (row: T) => void;
  readonly className?: string;
}

/**
 * A table with a sticky header. Its first column names the rows. Arrow keys move between rows, Enter opens a row. For a few hundred rows at most; longer lists
 * need @tanstack/react-virtual.
 */
export function Table<T>({ label, columns, rows, keyOf, selected, onOpen, className }: TableProps<T>) {
  function onKeyDown(event: KeyboardEvent<HTMLTableRowElement>, row: T): void {
    if (event.target !== event.currentTarget) {
      return;
    }
    if (event.key === 'Enter' && onOpen) {
      event.preventDefault();
      onOpen(row);
      return;
    }
    const next =
      event.key === 'ArrowDown'
        ? event.currentTarget.nextElementSibling
        : event.key === 'ArrowUp'
          ? event.currentTarget.previousElementSibling
          : undefined;
    if (next instanceof HTMLElement) {
      event.preventDefault();
      next.focus();
    }
  }

  return (
    <div className={classes(styles.scroller, className)}>
      <table className={styles.table} aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.id}
                scope="col"
                className={classes(styles.head, column.align === 'end' && styles.end)}
                style={{ width: column.width }}
              >
                <span className={column.hideTitle ? 'visually-hidden' : undefined}>{column.title}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const key = keyOf(row);
            return (
              <tr
                key={key}
                tabIndex={onOpen ? 0 : undefined}
                aria-selected={selected === undefined ? undefined : key === selected}
                className={classes(styles.row, onOpen && styles.opens, key === selected && styles.selected)}
                onClick={onOpen && (() => onOpen(row))}
                onKeyDown={(event) => onKeyDown(event, row)}
              >
                {columns.map((column, index) => {
                  const Cell = index === 0 ? 'th' : 'td';
                  return (
                    <Cell
                      key={column.id}
                      scope={index === 0 ? 'row' : undefined}
                      className={classes(styles.cell, column.align === 'end' && styles.end)}
                    >
                      {column.cell(row)}
                    </Cell>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
