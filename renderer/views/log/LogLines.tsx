import './log-tokens.css';
import { useVirtualizer, type VirtualizerOptions } from '@tanstack/react-virtual';
import {
  type KeyboardEvent,
  type Ref,
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useReducer,
  useRef,
  useState,
} from 'react';
import type { Step } from '../../../shared/build.ts';
import type { FoldMap } from './folds.ts';
import { LogBlock } from './LogBlock.tsx';
import styles from './LogLines.module.css';
import { widthOf } from './line-text.ts';
import type { LogSource } from './log-source.ts';
import { ScrollScale } from './scroll-scale.ts';
import type { StepStart } from './step-index.ts';

/** In pixels; the style sheet has the same. */
export const rowHeight = 18;
/** Rows are drawn in blocks, so that a frame of scrolling has to compare few things. */
const blockRows = 16;
/** Below the last row. */
const paddingPx = 8;
/** Blocks are counted in steps of so many, so that every line more is not a reason to lay all of them out anew. */
const countedBlocks = 4096;
/** A block that comes into sight takes the elements of one that has left it. There are never as many in sight. */
const slots = 64;
/** How long after the last movement scrolling is over, in milliseconds. */
const restMs = 150;

export interface LogLinesHandle {
  /** Brings a line into sight, at the top or in the middle; with `near` only where it is out of sight. */
  scrollToLine(line: number, where: 'top' | 'middle' | 'near'): void;
  /** The line of the first row in sight. */
  topLine(): number;
  focus(): void;
}

export interface Marks {
  /** The line that the log was opened at, or the match of the search that one is at. */
  readonly line?: number | undefined;
  readonly pattern?: RegExp | undefined;
  /** The first and the last of the lines that are selected. */
  readonly selected?: readonly [number, number] | undefined;
}

export interface LogLinesProps {
  readonly ref: Ref<LogLinesHandle>;
  readonly label: string;
  readonly source: LogSource;
  readonly map: FoldMap;
  readonly steps: readonly StepStart[];
  readonly runs: ReadonlyMap<number, Step>;
  readonly folded: ReadonlySet<number>;
  readonly marks: Marks;
  /** It stays at the live end. */
  readonly follow: boolean;
  readonly onFollow: (follow: boolean) => void;
  readonly onTopLine: (line: number) => void;
  readonly onSelect: (line: number, extend: boolean) => void;
  readonly onToggle: (line: number) => void;
  readonly onOpen: (line: number) => void;
  readonly onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
}

type OffsetObserver = NonNullable<VirtualizerOptions<HTMLDivElement, Element>['observeElementOffset']>;

export function LogLines(props: LogLinesProps) {
  const { source, map, steps, runs, folded, marks, follow, onFollow, onTopLine, label } = props;
  const element = useRef<HTMLDivElement>(null);
  const [scale] = useState(() => new ScrollScale());
  const [viewport, setViewport] = useState(0);
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const widest = useRef(0);
  /** Where the element is scrolled to, as far as is known: to ask it would lay out the page. */
  const seenTop = useRef(0);

  // worked out before anything is drawn, so that the live end is never drawn in the wrong place first
  scale.resize(map.rows * rowHeight + paddingPx, viewport);
  if (follow) {
    scale.scrollTo(scale.lastOffset);
  }

  const latest = useRef({ onFollow, follow });
  latest.current = { onFollow, follow };

  const observe = useCallback<OffsetObserver>(
    (instance, tell) => {
      const scroller = instance.scrollElement;
      if (!scroller) {
        return undefined;
      }
      let timer: ReturnType<typeof setTimeout> | undefined;
      function rest(): void {
        if (scroller && scale.settle()) {
          seenTop.current = scale.top;
          scroller.scrollTop = scale.top;
          draw();
        }
        tell(scale.offset, false);
      }
      function onScroll(): void {
        if (!scroller) {
          return;
        }
        const top = scroller.scrollTop;
        seenTop.current = top;
        if (Math.abs(top - scale.top) < 1) {
          return;
        }
        const before = scale.offset;
        const shift = scale.shift;
        if (scale.scrolled(top)) {
          seenTop.current = scale.top;
          scroller.scrollTop = scale.top;
        }
        if (scale.offset < before && latest.current.follow) {
          latest.current.onFollow(false);
        } else if (scale.offset > before && scale.atEnd) {
          latest.current.onFollow(true);
        }
        tell(scale.offset, true);
        if (scale.shift !== shift) {
          draw();
        }
        clearTimeout(timer);
        timer = setTimeout(rest, restMs);
      }
      scroller.addEventListener('scroll', onScroll, { passive: true });
      tell(scale.offset, false);
      return () => {
        clearTimeout(timer);
        scroller.removeEventListener('scroll', onScroll);
      };
    },
    [scale],
  );

  const virtualizer = useVirtualizer<HTMLDivElement, Element>({
    count: Math.ceil(map.rows / blockRows / countedBlocks) * countedBlocks,
    getScrollElement: () => element.current,
    estimateSize: () => blockRows * rowHeight,
    overscan: 1,
    observeElementOffset: observe,
    // scrolling is done here, since the element may be lower than what it shows
    scrollToFn: () => {},
  });
  // the scale may have moved without a scroll event: the end has moved on, or the rows have become fewer
  virtualizer.scrollOffset = scale.offset;
  const blocks = virtualizer.getVirtualItems().filter(({ index }) => index * blockRows < map.rows);

  const firstRow = Math.min(Math.max(0, map.rows - 1), Math.floor(scale.offset / rowHeight));
  const lastRow = Math.min(map.rows - 1, Math.ceil((scale.offset + viewport) / rowHeight));
  const topLine = map.lineOf(firstRow);
  const firstWanted = map.lineOf((blocks[0]?.index ?? 0) * blockRows);
  const lastWanted = map.lineOf(Math.max(0, Math.min(map.rows - 1, ((blocks.at(-1)?.index ?? 0) + 1) * blockRows - 1)));

  useLayoutEffect(() => {
    const scroller = element.current;
    if (scroller && Math.abs(seenTop.current - scale.top) >= 1) {
      seenTop.current = scale.top;
      scroller.scrollTop = scale.top;
    }
  });
  useLayoutEffect(() => {
    const scroller = element.current;
    if (!scroller) {
      return undefined;
    }
    setViewport(scroller.clientHeight);
    // without the bar for scrolling sideways, which comes and goes
    const observer = new ResizeObserver(() => setViewport(scroller.clientHeight));
    observer.observe(scroller);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (map.rows > 0 && blocks.length > 0) {
      source.pages.want(firstWanted, lastWanted, source.total);
    }
  }, [source, firstWanted, lastWanted, map.rows, blocks.length]);
  useEffect(() => onTopLine(topLine), [onTopLine, topLine]);

  useImperativeHandle(
    props.ref,
    () => ({
      scrollToLine: (line, where) => {
        const y = map.rowOf(line) * rowHeight;
        const isSeen = y >= scale.offset && y + rowHeight <= scale.offset + viewport;
        if (where !== 'near' || !isSeen) {
          scale.scrollTo(where === 'top' ? y : y - Math.max(0, viewport - rowHeight) / 2);
          draw();
        }
      },
      topLine: () => map.lineOf(Math.floor(scale.offset / rowHeight)),
      focus: () => element.current?.focus(),
    }),
    [map, scale, viewport],
  );

  const lastStart = steps.at(-1)?.line ?? -1;
  for (const { index } of blocks) {
    for (let row = index * blockRows; row < Math.min(map.rows, (index + 1) * blockRows); row += 1) {
      widest.current = Math.max(widest.current, widthOf(source.pages.line(map.lineOf(row)) ?? ''));
    }
  }
  const digits = Math.max(4, String(map.total).length);

  return (
    <div
      ref={element}
      role="log"
      // a million lines must not be read aloud as they come: what matters of them is said beside it
      aria-live="off"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and keys must be able to scroll it
      tabIndex={0}
      className={styles.scroller}
      onKeyDown={props.onKeyDown}
    >
      <div className={styles.sizer} style={{ height: scale.height, minWidth: `${widest.current + digits + 8}ch` }}>
        {blocks.map(({ index }) => {
          const row = index * blockRows;
          const count = Math.min(blockRows, map.rows - row);
          const first = map.lineOf(row);
          const last = map.lineOf(row + count - 1);
          const holdsEnd = lastStart >= first && lastStart <= last;
          return (
            <LogBlock
              key={index % slots}
              source={source}
              top={row * rowHeight - scale.shift}
              first={first}
              count={count}
              row={row}
              // without a fold in it a block stays as it is, whatever changes elsewhere
              map={last - first === count - 1 ? undefined : map}
              version={source.pages.version(first) + source.pages.version(last)}
              digits={digits}
              steps={steps}
              runs={runs}
              folded={folded}
              end={holdsEnd ? map.total : undefined}
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
