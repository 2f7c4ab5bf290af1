import './log-tokens.css';
import { useEffect, useImperativeHandle, useLayoutEffect, useMemo, useReducer, useRef, useState } from 'react';
import { LogBlock } from './LogBlock.tsx';
import styles from './LogLines.module.css';
import { type LogLinesProps, rowHeight } from './LogLines.tsx';
import { useScaledScroll } from './use-scaled-scroll.ts';

/** The height of the element is corrected if it is wrong by more than this share. */
const maxHeightError = 0.15;

/**
 * The scrolling lines of a log with long lines wrapped. Heights are known only of the lines that are rendered, so the offset
 * counts lines: the line at a share of the log is shown at the same share of the view. The first line is at the top when the
 * log is scrolled to its start, the last one at the bottom when it is scrolled to its end.
 */
export function WrappedLines(props: LogLinesProps) {
  const { source, map, steps, hasTimes, folded, marks, isFollowing, onFollow, onTopLine, label } = props;
  /** Whether all lines are visible at once. */
  const [fits, setFits] = useState(false);
  /** The estimated height of a line, in rows. */
  const [rowsPerLine, setRowsPerLine] = useState(1);
  const [viewHeight, setViewHeight] = useState(0);
  const linesHeight = fits ? 0 : map.rows * rowHeight;
  const { elementRef, scale, viewportHeight, observeOffset, scrollTo } = useScaledScroll({
    contentHeight: viewHeight + linesHeight,
    elementHeight: viewHeight + linesHeight * rowsPerLine,
    isFollowing,
    onFollow,
  });
  useLayoutEffect(() => setViewHeight(viewportHeight), [viewportHeight]);
  const [, render] = useReducer((count: number) => count + 1, 0);
  useEffect(
    () => (elementRef.current ? observeOffset(elementRef.current, render) : undefined),
    [elementRef, observeOffset],
  );

  const share = scale.lastOffset > 0 ? scale.offset / scale.lastOffset : 0;
  const anchor = Math.min(Math.max(0, map.rows - 1), Math.floor(share * map.rows));
  const visibleRows = Math.ceil(viewportHeight / rowHeight) + 1;
  const firstRow = Math.max(0, anchor - Math.ceil(share * visibleRows));
  const lastRow = Math.min(map.rows - 1, anchor + Math.ceil((1 - share) * visibleRows));
  const [firstLine, lastLine, anchorLine] = [map.lineOf(firstRow), map.lineOf(lastRow), map.lineOf(anchor)];

  useEffect(() => {
    if (map.rows > 0) {
      source.pages.request(firstLine, lastLine, source.total);
    }
  }, [source, firstLine, lastLine, map.rows]);
  useEffect(() => onTopLine(anchorLine), [onTopLine, anchorLine]);

  const lines = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = lines.current;
    const anchorRow = element?.querySelector<HTMLElement>(`[data-line="${anchorLine}"]`);
    if (!element || !anchorRow) {
      return;
    }
    const within = share * map.rows - anchor;
    const anchorY = anchorRow.offsetTop + within * anchorRow.offsetHeight;
    element.style.transform = `translateY(${Math.round(share * viewportHeight - anchorY)}px)`;
    const height = element.offsetHeight;
    setFits(lastRow - firstRow + 1 === map.rows && height <= viewportHeight);
    const localRows = Math.max(1, height / rowHeight / (lastRow - firstRow + 1));
    scale.pace = 1 / localRows;
    if (Math.abs(localRows - rowsPerLine) > maxHeightError * rowsPerLine) {
      // a part of the difference: the other lines may be as they were
      setRowsPerLine(localRows > rowsPerLine ? (localRows + rowsPerLine) / 2 : 0.9 * rowsPerLine + 0.1 * localRows);
    }
  });

  useImperativeHandle(
    props.ref,
    () => ({
      scrollToLine: (line, align) => {
        const row = lines.current?.querySelector<HTMLElement>(`[data-line="${line}"]`)?.getBoundingClientRect();
        const view = elementRef.current?.getBoundingClientRect();
        const isVisible = row && view && row.top >= view.top && row.bottom <= view.bottom;
        if (align !== 'nearest' || !isVisible) {
          scrollTo((map.rowOf(line) + 0.5) * rowHeight);
        }
      },
      focus: () => elementRef.current?.focus(),
    }),
    [map, scrollTo, elementRef],
  );

  const stepsById = useMemo(() => new Map(steps.map((step) => [step.id, step])), [steps]);
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
      <div className={styles.sizer} style={{ height: scale.height }}>
        <div className={styles.fixed} style={{ height: viewportHeight }}>
          <div ref={lines} className={styles.wrapped}>
            <LogBlock
              source={source}
              top={undefined}
              firstRow={firstRow}
              firstLine={firstLine}
              count={Math.max(0, lastRow - firstRow + 1)}
              map={lastLine - firstLine === lastRow - firstRow ? undefined : map}
              version={source.pages.version(firstLine) + source.pages.version(lastLine)}
              digits={Math.max(4, String(map.total).length)}
              steps={steps}
              stepsById={stepsById}
              hasTimes={hasTimes}
              folded={folded}
              total={map.total}
              marks={marks}
              onSelect={props.onSelect}
              onToggle={props.onToggle}
              onOpen={props.onOpen}
            />
          </div>
        </div>
      </div>
      <span className="visually-hidden" data-first-row={firstRow} data-last-row={lastRow} />
    </div>
  );
}
