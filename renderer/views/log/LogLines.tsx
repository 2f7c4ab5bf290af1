import './log-tokens.css';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type Ref, useEffect, useImperativeHandle, useMemo, useRef } from 'react';
import type { FoldMap } from './fold-map.ts';
import { type LineMarks, LogBlock } from './LogBlock.tsx';
import styles from './LogLines.module.css';
import { maxColumns } from './line-text.ts';
import type { LogSource } from './log-source.ts';
import { type LoggedStep, stepIndexAt } from './logged-steps.ts';
import { useScaledScroll } from './use-scaled-scroll.ts';

/** The height of a row in pixels; the style sheet has the same value. */
export const rowHeight = 18;
/** Rows are rendered in blocks of this size, so that React compares few elements in each frame of scrolling. */
const blockRows = 16;
/** The space below the last row, in pixels. */
const paddingHeight = 8;
/** The number of blocks is rounded up to a multiple of this, so that a new line rarely changes the layout of all blocks. */
const blockCountStep = 4096;
/** A new block reuses the element of a block that is no longer visible. Fewer blocks than this are visible at a time. */
const blockElements = 64;

/** Where a line is after scrolling to it; with `nearest`, a visible line stays where it is. */
export type LineAlign = 'start' | 'center' | 'nearest';

export interface LogLinesHandle {
  scrollToLine(line: number, align: LineAlign): void;
  focus(): void;
}

export interface LogLinesProps {
  readonly ref: Ref<LogLinesHandle>;
  readonly label: string;
  readonly source: LogSource;
  readonly map: FoldMap;
  readonly steps: readonly LoggedStep[];
  readonly hasTimes: boolean;
  readonly folded: ReadonlySet<number>;
  readonly marks: LineMarks;
  /** Whether the log stays scrolled to its end. */
  readonly isFollowing: boolean;
  readonly onFollow: (isFollowing: boolean) => void;
  readonly onTopLine: (line: number) => void;
  readonly onSelect: (line: number, extend: boolean) => void;
  readonly onToggle: (line: number) => void;
  readonly onOpen: (line: number) => void;
  readonly onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
}

/** The scrolling lines of a log. Only the visible blocks are rendered, and only the lines near them are loaded. */
export function LogLines(props: LogLinesProps) {
  const { source, map, steps, hasTimes, folded, marks, isFollowing, onFollow, onTopLine, label } = props;
  const { elementRef, scale, viewportHeight, observeOffset, scrollTo } = useScaledScroll({
    contentHeight: map.rows * rowHeight + paddingHeight,
    isFollowing,
    onFollow,
  });
  /** The width of the widest line that has been rendered, in characters. */
  const widestLine = useRef(0);

  const virtualizer = useVirtualizer<HTMLDivElement, Element>({
    count: Math.ceil(map.rows / blockRows / blockCountStep) * blockCountStep,
    getScrollElement: () => elementRef.current,
    estimateSize: () => blockRows * rowHeight,
    overscan: 1,
    observeElementOffset: ({ scrollElement }, report) =>
      scrollElement ? observeOffset(scrollElement, report) : undefined,
    // useScaledScroll scrolls, since the element can be lower than its content
    scrollToFn: () => {},
  });
  // the offset also changes without a scroll event, when lines are added or steps are folded
  virtualizer.scrollOffset = scale.offset;
  const blocks = virtualizer.getVirtualItems().filter(({ index }) => index * blockRows < map.rows);

  const firstRow = Math.min(Math.max(0, map.rows - 1), Math.floor(scale.offset / rowHeight));
  const lastRow = Math.min(map.rows - 1, Math.ceil((scale.offset + viewportHeight) / rowHeight));
  const topLine = map.lineOf(firstRow);
  const firstLoaded = map.lineOf((blocks[0]?.index ?? 0) * blockRows);
  const lastLoaded = map.lineOf(Math.max(0, Math.min(map.rows - 1, ((blocks.at(-1)?.index ?? 0) + 1) * blockRows - 1)));

  useEffect(() => {
    if (map.rows > 0 && blocks.length > 0) {
      source.pages.request(firstLoaded, lastLoaded, source.total);
    }
  }, [source, firstLoaded, lastLoaded, map.rows, blocks.length]);
  useEffect(() => onTopLine(topLine), [onTopLine, topLine]);

  useImperativeHandle(
    props.ref,
    () => ({
      scrollToLine: (line, align) => {
        const y = map.rowOf(line) * rowHeight;
        const isVisible = y >= scale.offset && y + rowHeight <= scale.offset + viewportHeight;
        if (align !== 'nearest' || !isVisible) {
          scrollTo(align === 'start' ? y : y - Math.max(0, viewportHeight - rowHeight) / 2);
        }
      },
      focus: () => elementRef.current?.focus(),
    }),
    [map, scale, viewportHeight, scrollTo, elementRef],
  );

  const stepsById = useMemo(() => new Map(steps.map((step) => [step.id, step])), [steps]);
  const lastStepLine = steps.at(-1)?.firstLine ?? -1;
  for (const { index } of blocks) {
    for (let row = index * blockRows; row < Math.min(map.rows, (index + 1) * blockRows); row += 1) {
      const line = map.lineOf(row);
      // space for the facts behind the first line of a step
      const extra = steps[stepIndexAt(steps, line)]?.firstLine === line ? 40 : 0;
      widestLine.current = Math.max(widestLine.current, maxColumns(source.pages.line(line)?.text ?? '') + extra);
    }
  }
  const digits = Math.max(4, String(map.total).length);

  return (
    <div
      ref={elementRef}
      role="log"
      // a screen reader must not read every new line aloud: LogView announces the steps instead
      aria-live="off"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: focusable, so that keys can scroll it
      tabIndex={0}
      className={styles.scroller}
      onKeyDown={props.onKeyDown}
    >
      <div
        className={styles.sizer}
        style={{ height: scale.height, minWidth: `${widestLine.current + digits + 8 + (hasTimes ? 10 : 0)}ch` }}
      >
        {blocks.map(({ index }) => {
          const row = index * blockRows;
          const count = Math.min(blockRows, map.rows - row);
          const firstLine = map.lineOf(row);
          const lastLine = map.lineOf(row + count - 1);
          const hasLastStep = lastStepLine >= firstLine && lastStepLine <= lastLine;
          return (
            <LogBlock
              key={index % blockElements}
              source={source}
              top={row * rowHeight - scale.shift}
              firstRow={row}
              firstLine={firstLine}
              count={count}
              // a block without a fold inside does not depend on the map, and need not render when the map changes
              map={lastLine - firstLine === count - 1 ? undefined : map}
              version={source.pages.version(firstLine) + source.pages.version(lastLine)}
              digits={digits}
              steps={steps}
              stepsById={stepsById}
              hasTimes={hasTimes}
              folded={folded}
              total={hasLastStep ? map.total : undefined}
              marks={marks}
              onSelect={props.onSelect}
              onToggle={props.onToggle}
              onOpen={props.onOpen}
            />
          );
        })}
      </div>
      <span className="visually-hidden" data-first-row={firstRow} data-last-row={lastRow} />
    </div>
  );
}
