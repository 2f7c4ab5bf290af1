import { type MouseEvent, memo } from 'react';
import type { Step } from '../../../shared/build.ts';
import { formatCount, formatDuration, formatNumber } from '../../../shared/format.ts';
import { classes } from '../../parts/classes.ts';
import { Icon } from '../../parts/Icon.tsx';
import type { FoldMap } from './folds.ts';
import styles from './LogLines.module.css';
import type { Marks } from './LogLines.tsx';
import { type Look, markPieces, showLine } from './line-text.ts';
import type { LogSource } from './log-source.ts';
import { type StepStart, stepAt } from './step-index.ts';

export interface LogBlockProps {
  readonly source: LogSource;
  /** In pixels from the top of the element that scrolls. */
  readonly top: number;
  readonly row: number;
  readonly first: number;
  readonly count: number;
  /** Only where its lines do not follow each other. */
  readonly map: FoldMap | undefined;
  /** Of the lines: the block is drawn again when it changes. */
  readonly version: number;
  readonly digits: number;
  readonly steps: readonly StepStart[];
  readonly runs: ReadonlyMap<number, Step>;
  readonly folded: ReadonlySet<number>;
  /** How many lines the log has, where the last step begins in this block. */
  readonly end: number | undefined;
  readonly marks: Marks;
  readonly onSelect: (line: number, extend: boolean) => void;
  readonly onToggle: (line: number) => void;
  readonly onOpen: (line: number) => void;
}

/** Some rows that stay together while one scrolls. */
export const LogBlock = memo(function LogBlock({
  source,
  top,
  row,
  first,
  count,
  map,
  digits,
  steps,
  runs,
  folded,
  end,
  marks,
  onSelect,
  onToggle,
  onOpen,
}: LogBlockProps) {
  const { line: markedLine, pattern, selected } = marks;
  const rows = [];
  for (let at = 0; at < count; at += 1) {
    const line = map ? map.lineOf(row + at) : first + at;
    const step = steps[stepAt(steps, line)];
    const isStep = step?.line === line;
    rows.push(
      <Row
        // a place, not a line: the element stays while other lines pass through it
        key={at}
        line={line}
        digits={digits}
        raw={source.pages.line(line)}
        pattern={pattern}
        isMarked={line === markedLine}
        isSelected={selected !== undefined && line >= selected[0] && line <= selected[1]}
        step={isStep ? step : undefined}
        run={isStep ? runs.get(line) : undefined}
        isFolded={isStep && folded.has(line)}
        length={isStep ? (steps[stepAt(steps, line) + 1]?.line ?? end ?? line) - line : 0}
        onSelect={onSelect}
        onToggle={onToggle}
        onOpen={onOpen}
      />,
    );
  }
  return (
    <div className={styles.block} style={{ top }}>
      {rows}
    </div>
  );
});

interface RowProps {
  readonly line: number;
  readonly digits: number;
  /** Undefined while it is read. */
  readonly raw: string | undefined;
  readonly pattern: RegExp | undefined;
  readonly isMarked: boolean;
  readonly isSelected: boolean;
  /** The step that begins here. */
  readonly step: StepStart | undefined;
  readonly run: Step | undefined;
  readonly isFolded: boolean;
  /** How many lines the step has with this one. */
  readonly length: number;
  readonly onSelect: (line: number, extend: boolean) => void;
  readonly onToggle: (line: number) => void;
  readonly onOpen: (line: number) => void;
}

const Row = memo(function Row({
  line,
  digits,
  raw,
  pattern,
  isMarked,
  isSelected,
  step,
  run,
  isFolded,
  length,
  onSelect,
  onToggle,
  onOpen,
}: RowProps) {
  return (
    <div
      className={classes(styles.row, step && styles.step, isSelected && styles.selected, isMarked && styles.marked)}
      data-line={line}
    >
      <span className={styles.gutter}>
        {/* for the pointer: with keys, Shift and the arrows select */}
        <button
          type="button"
          tabIndex={-1}
          aria-hidden="true"
          className={styles.number}
          style={{ minWidth: `${digits + 1}ch` }}
          onClick={(event: MouseEvent) => onSelect(line, event.shiftKey)}
        >
          {line + 1}
        </button>
        {step ? (
          <button
            type="button"
            tabIndex={-1}
            className={styles.fold}
            aria-expanded={!isFolded}
            aria-label={`Step ${step.index} of ${step.total}`}
            onClick={() => onToggle(line)}
          >
            <Icon name={isFolded ? 'chevron-right' : 'chevron-down'} size={12} />
          </button>
        ) : (
          <span className={styles.fold} />
        )}
      </span>
      {raw === undefined ? (
        <span className={styles.missing} aria-hidden="true" />
      ) : (
        <Text line={line} raw={raw} pattern={pattern} onOpen={onOpen} />
      )}
      {step && <StepFacts run={run} lines={isFolded ? length - 1 : undefined} />}
    </div>
  );
});

/** What is known of a step, behind its line: how many lines are folded away, how long it took, whether it was cached. */
function StepFacts({ run, lines }: { run: Step | undefined; lines: number | undefined }) {
  const facts = [
    lines === undefined ? undefined : `${formatCount(lines, 'more line')}`,
    run?.durationMs === undefined ? undefined : formatDuration(run.durationMs),
    run?.cached ? 'cached' : undefined,
  ].filter((fact) => fact !== undefined);
  return facts.length > 0 ? <span className={styles.facts}>{facts.join(' · ')}</span> : null;
}

function Text({
  line,
  raw,
  pattern,
  onOpen,
}: {
  line: number;
  raw: string;
  pattern: RegExp | undefined;
  onOpen: (line: number) => void;
}) {
  const { pieces, hidden } = showLine(raw);
  return (
    <span className={styles.text}>
      {markPieces(pieces, pattern).map(({ text, look, marked }, index) => {
        const className = classNameOf(look);
        if (marked) {
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line do not move
            <mark key={index} className={className}>
              {text}
            </mark>
          );
        }
        return className ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line do not move
          <span key={index} className={className}>
            {text}
          </span>
        ) : (
          text
        );
      })}
      {hidden > 0 && (
        <button type="button" tabIndex={-1} className={styles.more} onClick={() => onOpen(line)}>
          … {formatNumber(hidden)} more {hidden === 1 ? 'character' : 'characters'}
        </button>
      )}
    </span>
  );
}

export function classNameOf(look: Look): string {
  return classes(
    look.colour && styles[look.colour],
    look.ground && styles[`on-${look.ground}`],
    look.bold && styles.bold,
    look.dim && !look.colour && styles.dim,
    look.italic && styles.italic,
    look.underline && styles.underline,
    look.struck && styles.struck,
    look.reverse && styles.reverse,
  );
}
