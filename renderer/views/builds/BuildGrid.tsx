import { defaultRangeExtractor, type Range, useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useCallback, useRef, useState } from 'react';
import { openSheet } from '../../stores/navigation.ts';
import styles from './BuildGrid.module.css';
import { BuildRow } from './BuildRow.tsx';
import { type GridActions, MoreRow, ProjectRow, RunningHeading } from './GroupRows.tsx';
import { Head } from './Line.tsx';
import { RunningRow } from './RunningRow.tsx';
import type { Row } from './rows.ts';
import type { Trend } from './trend.ts';

/** Heights of the lines, in pixels; they are the same for all of a kind, so nothing need be measured. */
const heights: Readonly<Record<Row['kind'], number>> = {
  'running-heading': 40,
  running: 68,
  project: 48,
  build: 40,
  more: 36,
};
const headHeight = 32;

export interface BuildGridProps {
  readonly rows: readonly Row[];
  /** By context. */
  readonly trends: ReadonlyMap<string, Trend>;
  readonly selected: ReadonlySet<string>;
  /** The id of the line that the keys act on. */
  readonly active: string | undefined;
  readonly act: GridActions;
  readonly onCompare: (id: string) => void;
  readonly onDelete: (id: string) => void;
}

/**
 * The list of builds. It is one stop of the Tab key: arrows move the active line, Enter opens it, Space selects it, Delete
 * deletes it. Only the lines in sight are drawn, and the active one wherever it is.
 */
export function BuildGrid({ rows, trends, selected, active, act, onCompare, onDelete }: BuildGridProps) {
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
      act.activate(row.id);
      virtual.scrollToIndex(bounded, { align: 'auto' });
    }
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 400) / heights.build) - 2);
    const to = {
      ArrowDown: activeIndex + 1,
      ArrowUp: activeIndex - 1,
      PageDown: activeIndex + page,
      PageUp: activeIndex - page,
      Home: 0,
      End: rows.length - 1,
    }[event.key];
    const row = rows[activeIndex];
    if (to !== undefined) {
      moveTo(to);
    } else if (event.key === 'ArrowLeft' && row?.kind === 'build') {
      moveTo(rows.slice(0, activeIndex).findLastIndex(({ kind }) => kind === 'project'));
    } else if (!row || !keysOf(row, event.key)) {
      return;
    }
    event.preventDefault();
  }

  /** What a key does on a line; false where it does nothing. */
  function keysOf(row: Row, key: string): boolean {
    switch (row.kind) {
      case 'running':
      case 'build': {
        const run = {
          Enter: act.open,
          ' ': row.kind === 'build' ? act.select : undefined,
          r: act.rebuild,
          c: onCompare,
          Delete: onDelete,
          Backspace: onDelete,
        }[key];
        run?.(row.id);
        return run !== undefined;
      }
      case 'project': {
        const isToggled = key === 'Enter' || key === ' ' || key === (row.isFolded ? 'ArrowRight' : 'ArrowLeft');
        if (isToggled) {
          act.fold(row.project.context);
        }
        return isToggled;
      }
      case 'more': {
        const isAsked = key === 'Enter' || key === ' ';
        if (isAsked) {
          act.unroll(row.context);
          // the line goes away; the first one that comes in its place is active then
          moveTo(activeIndex - 1);
        }
        return isAsked;
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
    >
      <Head />
      <div role="presentation" className={styles.space} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start, size }) => {
          const row = rows[index];
          if (!row) {
            return null;
          }
          const isActive = row.id === active;
          const place = {
            id: domId(index),
            'aria-rowindex': index + 2,
            'aria-level': row.kind === 'running' || row.kind === 'build' || row.kind === 'more' ? 2 : 1,
            isActive,
            isHot: isActive || row.id === hovered,
            top: start - headHeight,
            height: size,
            onPointerEnter: () => setHovered(row.id),
          };
          switch (row.kind) {
            case 'running-heading':
              return <RunningHeading key={row.id} place={place} count={row.count} />;
            case 'running':
              return <RunningRow key={row.id} place={place} id={row.id} trends={trends} act={act} />;
            case 'project':
              return (
                <ProjectRow
                  key={row.id}
                  place={place}
                  row={row}
                  trend={trends.get(row.project.context)}
                  act={act}
                  onNew={() => openSheet({ sheet: 'new-build', context: row.project.context })}
                />
              );
            case 'build':
              return (
                <BuildRow
                  key={row.id}
                  place={place}
                  id={row.id}
                  isSelected={selected.has(row.id)}
                  isSelecting={selected.size > 0}
                  act={act}
                  onCompare={onCompare}
                  onDelete={onDelete}
                />
              );
            case 'more':
              return <MoreRow key={row.id} place={place} hidden={row.hidden} onMore={() => act.unroll(row.context)} />;
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
  return `build-line-${index}`;
}
