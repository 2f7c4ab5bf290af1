import type { KeyboardEvent, ReactNode } from 'react';
import { classes } from './classes.ts';
import styles from './Table.module.css';

export interface Column<T> {
  readonly id: string;
  /** Its name; with `hideTitle` for screen readers only. */
  readonly title: string;
  readonly hideTitle?: boolean;
  /** As CSS writes it; without one it takes what is left. */
  readonly width?: string;
  /** Numbers stand at the end. */
  readonly align?: 'start' | 'end';
  readonly cell: (row: T) => ReactNode;
}

export interface TableProps<T> {
  /** What it lists, for screen readers. */
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  readonly selected?: string | undefined;
  /** What a press or Enter on a row does. The row's name must be a link or button too, or be said in `label` of the view. */
  readonly onOpen?: (row: T) => void;
  readonly className?: string;
}

/**
 * A table whose head stays in sight; arrow keys move between rows, Enter opens one. For up to some hundred rows: longer
 * lists are drawn with @tanstack/react-virtual and this module's looks.
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
                {columns.map((column) => (
                  <td key={column.id} className={classes(styles.cell, column.align === 'end' && styles.end)}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
