import { memo } from 'react';
import type { FoldMap } from './fold-map.ts';
import styles from './LogLines.module.css';
import { LogRow } from './LogRow.tsx';
import type { LogSource } from './log-source.ts';
import { type LoggedStep, stepIndexAt } from './logged-steps.ts';

/** What is highlighted in the lines. */
export interface LineMarks {
  /** The line that the log was opened at, or the current match of the search. */
  readonly line?: number | undefined;
  readonly pattern?: RegExp | undefined;
  /** The first and the last selected line. */
  readonly selected?: readonly [number, number] | undefined;
}

export interface LogBlockProps {
  readonly source: LogSource;
  /** In pixels from the top of the scrolling element. Undefined for a block that is where it is rendered. */
  readonly top: number | undefined;
  readonly firstRow: number;
  readonly firstLine: number;
  readonly count: number;
  /** Only if a fold is inside the block, so that its lines are not consecutive. */
  readonly map: FoldMap | undefined;
  /** Changes with the lines of the block, which makes it render again. */
  readonly version: number;
  readonly digits: number;
  readonly steps: readonly LoggedStep[];
  readonly stepsById: ReadonlyMap<string, LoggedStep>;
  readonly hasTimes: boolean;
  readonly folded: ReadonlySet<number>;
  /** The number of lines of the log, if the last step starts in this block. */
  readonly total: number | undefined;
  readonly marks: LineMarks;
  readonly onSelect: (line: number, extend: boolean) => void;
  readonly onToggle: (line: number) => void;
  readonly onOpen: (line: number) => void;
}

/** Consecutive rows that are rendered and moved together. */
export const LogBlock = memo(function LogBlock({
  source,
  top,
  firstRow,
  firstLine,
  count,
  map,
  digits,
  steps,
  stepsById,
  hasTimes,
  folded,
  total,
  marks,
  onSelect,
  onToggle,
  onOpen,
}: LogBlockProps) {
  const { line: markedLine, pattern, selected } = marks;
  const rows = [];
  for (let index = 0; index < count; index += 1) {
    const line = map ? map.lineOf(firstRow + index) : firstLine + index;
    const stepIndex = stepIndexAt(steps, line);
    const step = steps[stepIndex];
    const startsStep = step?.firstLine === line;
    const nextStart = steps[stepIndex + 1]?.firstLine ?? total ?? line;
    const content = source.pages.line(line);
    const isOfOther = content?.stepId !== undefined && content.stepId !== step?.id;
    rows.push(
      <LogRow
        // the index, not the line, so that elements are reused while lines scroll through them
        key={index}
        line={line}
        digits={digits}
        content={content}
        hasTime={hasTimes}
        pattern={pattern}
        isMarked={line === markedLine}
        isSelected={selected !== undefined && line >= selected[0] && line <= selected[1]}
        step={startsStep ? step : undefined}
        otherStep={isOfOther ? stepsById.get(content.stepId ?? '') : undefined}
        isFolded={startsStep && folded.has(line)}
        stepLines={startsStep ? nextStart - line : 0}
        onSelect={onSelect}
        onToggle={onToggle}
        onOpen={onOpen}
      />,
    );
  }
  return (
    <div className={top === undefined ? undefined : styles.block} style={{ top }}>
      {rows}
    </div>
  );
});
