import { defaultRangeExtractor, type Range, useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useCallback, useRef, useState } from 'react';
import { contextMenu } from '../../parts/context-menu.ts';
import type { MenuItem } from '../../parts/Menu.tsx';
import { openSheet } from '../../stores/navigation.ts';
import styles from './BuildGrid.module.css';
import { BuildRow } from './BuildRow.tsx';
import { type GridActions, HeaderRow } from './GridRow.tsx';
import { MoreRow, OlderRow, ProjectRow } from './ProjectRow.tsx';
import { RunningHeading, RunningRow } from './RunningRow.tsx';
import type { Row } from './rows.ts';
import type { Trend } from './trend.ts';

/** Row heights in pixels. They are fixed for each kind of row, so that no row has to be measured. */
const heights: Readonly<Record<Row['kind'], number>> = {
  'running-heading': 40,
  running: 68,
  project: 48,
  build: 40,
  more: 36,
  older: 40,
};
const headHeight = 32;

export interface BuildGridProps {
  readonly rows: readonly Row[];
  /** By context. */
  readonly trends: ReadonlyMap<string, Trend>;
  readonly selected: ReadonlySet<string>;
  /** The id of the row that keys act on. */
  readonly active: string | undefined;
  readonly actions: GridActions;
  readonly onCompare: (id: string) => void;
  readonly onDelete: (id: string) => void;
  readonly isLoadingOlder: boolean;
  readonly onOlder: () => void;
}

/**
 * The list of builds, with one tab stop: arrow keys move the active row, Enter opens it, Space selects it, Delete deletes it.
 * Only visible rows and the active row are rendered.
 */
export function BuildGrid(props: BuildGridProps) {
  const { rows, trends, selected, active, actions, onCompare, onDelete, isLoadingOlder, onOlder } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [hovered, setHovered] = useState<string>();
  const activeIndex = rows.findIndex(({ id }) => id === active);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => heights[rows[index]?.kind ?? 'build'],
    getItemKey: (index) => rows[index]?.id ?? index,
    scrollMargin: headHeight,
    scrollPaddingStart: headHeight,
    overscan: 8,
    rangeExtractor: useCallback(
      (range: Range) => {
        const indexes = defaultRangeExtractor(range);
        return activeIndex < 0 || indexes.includes(activeIndex) ? indexes : [...indexes, activeIndex].sort(ascending);
      },
      [activeIndex],
    ),
  });

  function moveTo(index: number): void {
    const bounded = Math.min(rows.length - 1, Math.max(0, index));
    const row = rows[bounded];
    if (row) {
      actions.activate(row.id);
      virtual.scrollToIndex(bounded, { align: 'auto' });
    }
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 400) / heights.build) - 2);
    const nextIndex = {
      ArrowDown: activeIndex + 1,
      ArrowUp: activeIndex - 1,
      PageDown: activeIndex + page,
      PageUp: activeIndex - page,
      Home: 0,
      End: rows.length - 1,
    }[event.key];
    const row = rows[activeIndex];
    if (nextIndex !== undefined) {
      moveTo(nextIndex);
    } else if (event.key === 'ArrowLeft' && row?.kind === 'build') {
      moveTo(rows.slice(0, activeIndex).findLastIndex(({ kind }) => kind === 'project'));
    } else if (!row || !runRowKey(row, event.key)) {
      return;
    }
    event.preventDefault();
  }

  /** Runs the action of a key on a row. Returns false if it has none. */
  function runRowKey(row: Row, key: string): boolean {
    switch (row.kind) {
      case 'running':
      case 'build': {
        const action = {
          Enter: actions.open,
          ' ': row.kind === 'build' ? actions.select : undefined,
          r: actions.rebuild,
          c: onCompare,
          Delete: onDelete,
          Backspace: onDelete,
        }[key];
        action?.(row.id);
        return action !== undefined;
      }
      case 'project': {
        const isToggled = key === 'Enter' || key === ' ' || key === (row.isFolded ? 'ArrowRight' : 'ArrowLeft');
        if (isToggled) {
          actions.fold(row.project.context);
        }
        return isToggled;
      }
      case 'more': {
        const isPressed = key === 'Enter' || key === ' ';
        if (isPressed) {
          actions.showAll(row.context);
          // this row disappears; the row before it becomes active
          moveTo(activeIndex - 1);
        }
        return isPressed;
      }
      case 'older': {
        const isPressed = key === 'Enter' || key === ' ';
        if (isPressed) {
          onOlder();
        }
        return isPressed;
      }
      default:
        return false;
    }
  }

  return (
    <div
      ref={scroller}
      role="treegrid"
      aria-label="Builds"
      aria-rowcount={rows.length + 1}
      aria-multiselectable
      aria-activedescendant={activeIndex < 0 ? undefined : domId(activeIndex)}
      tabIndex={0}
      className={styles.grid}
      onKeyDown={onKeyDown}
      onFocus={(event) => {
        if (event.target === event.currentTarget && activeIndex < 0) {
          moveTo(rows.findIndex(({ kind }) => kind === 'running' || kind === 'build'));
        }
      }}
      onPointerLeave={() => setHovered(undefined)}
      {...contextMenu((event) => {
        // keys open the menu of the active row
        const id = event.target === event.currentTarget ? active : hovered;
        const row = rows.find((each) => each.id === id);
        return row ? rowItems(row, { ...actions, compare: onCompare, remove: onDelete }) : [];
      })}
    >
      <HeaderRow />
      <div role="presentation" className={styles.space} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start, size }) => {
          const row = rows[index];
          if (!row) {
            return null;
          }
          const isActive = row.id === active;
          const position = {
            id: domId(index),
            'aria-rowindex': index + 2,
            'aria-level': row.kind === 'running' || row.kind === 'build' || row.kind === 'more' ? 2 : 1,
            isActive,
            showsActions: isActive || row.id === hovered,
            top: start - headHeight,
            height: size,
            onPointerEnter: () => setHovered(row.id),
          };
          switch (row.kind) {
            case 'running-heading':
              return <RunningHeading key={row.id} position={position} count={row.count} />;
            case 'running':
              return <RunningRow key={row.id} position={position} id={row.id} trends={trends} actions={actions} />;
            case 'project':
              return (
                <ProjectRow
                  key={row.id}
                  position={position}
                  row={row}
                  trend={trends.get(row.project.context)}
                  hasOlder={rows.at(-1)?.kind === 'older'}
                  actions={actions}
                  onNew={() => openSheet({ sheet: 'new-build', context: row.project.context })}
                />
              );
            case 'build':
              return (
                <BuildRow
                  key={row.id}
                  position={position}
                  id={row.id}
                  isSelected={selected.has(row.id)}
                  isSelecting={selected.size > 0}
                  actions={actions}
                  onCompare={onCompare}
                  onDelete={onDelete}
                />
              );
            case 'more':
              return (
                <MoreRow
                  key={row.id}
                  position={position}
                  hiddenCount={row.hiddenCount}
                  onMore={() => actions.showAll(row.context)}
                />
              );
            case 'older':
              return (
                <OlderRow
                  key={row.id}
                  position={position}
                  rowCount={rows.length}
                  isLoading={isLoadingOlder}
                  onOlder={onOlder}
                />
              );
          }
          return null;
        })}
      </div>
    </div>
  );
}

function ascending(a: number, b: number): number {
  return a - b;
}

function domId(index: number): string {
  return `build-row-${index}`;
}

/** The menu of a row. Headings have none. */
function rowItems(
  row: Row,
  actions: GridActions & Readonly<Record<'compare' | 'remove', (id: string) => void>>,
): readonly MenuItem[] {
  const open: MenuItem = { label: 'Open build', icon: 'builds', run: () => actions.open(row.id) };
  switch (row.kind) {
    case 'running':
      return [
        open,
        'separator',
        { label: 'Cancel build', icon: 'stop', danger: true, run: () => actions.cancel(row.id) },
      ];
    case 'build':
      return [
        open,
        { label: 'Rebuild…', icon: 'refresh', run: () => actions.rebuild(row.id) },
        { label: 'Compare with the previous build', icon: 'compare', run: () => actions.compare(row.id) },
        { label: 'Select', icon: 'check', run: () => actions.select(row.id) },
        'separator',
        { label: 'Delete build…', icon: 'trash', danger: true, run: () => actions.remove(row.id) },
      ];
    case 'project': {
      const { context } = row.project;
      return [
        { label: 'New build…', icon: 'plus', run: () => openSheet({ sheet: 'new-build', context }) },
        {
          label: row.isFolded ? 'Unfold' : 'Fold',
          icon: row.isFolded ? 'chevron-down' : 'chevron-up',
          run: () => actions.fold(context),
        },
      ];
    }
    default:
      return [];
  }
}
