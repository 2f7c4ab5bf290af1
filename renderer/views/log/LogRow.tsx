import { type MouseEvent, memo } from 'react';
import type { Step } from '../../../shared/build.ts';
import { formatCount, formatDuration, formatNumber } from '../../../shared/format.ts';
import { classes } from '../../parts/classes.ts';
import { Icon } from '../../parts/Icon.tsx';
import styles from './LogLines.module.css';
import { renderLine, type TextStyle } from './line-text.ts';
import { markMatches } from './match-marks.ts';
import type { StepStart } from './step-index.ts';

export interface LogRowProps {
  readonly line: number;
  /** The width of the line numbers. */
  readonly digits: number;
  /** Undefined until the line is loaded. */
  readonly raw: string | undefined;
  readonly pattern: RegExp | undefined;
  readonly isMarked: boolean;
  readonly isSelected: boolean;
  /** The step that starts at this line, if any. */
  readonly step: StepStart | undefined;
  readonly run: Step | undefined;
  readonly isFolded: boolean;
  /** The number of lines of the step, including this one. */
  readonly stepLines: number;
  readonly onSelect: (line: number, extend: boolean) => void;
  readonly onToggle: (line: number) => void;
  readonly onOpen: (line: number) => void;
}

/** A line of a log with its number. The first line of a step also has a button to fold it, and facts about it. */
export const LogRow = memo(function LogRow({
  line,
  digits,
  raw,
  pattern,
  isMarked,
  isSelected,
  step,
  run,
  isFolded,
  stepLines,
  onSelect,
  onToggle,
  onOpen,
}: LogRowProps) {
  return (
    <div
      className={classes(styles.row, step && styles.step, isSelected && styles.selected, isMarked && styles.marked)}
      data-line={line}
    >
      <span className={styles.gutter}>
        {/* for the pointer; Shift with the arrow keys selects lines as well */}
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
        <span className={styles.loading} aria-hidden="true" />
      ) : (
        <Text line={line} raw={raw} pattern={pattern} onOpen={onOpen} />
      )}
      {step && <StepFacts run={run} hiddenLines={isFolded ? stepLines - 1 : undefined} />}
    </div>
  );
});

/** Behind the first line of a step: the number of folded lines, its duration, and whether it was cached. */
function StepFacts({ run, hiddenLines }: { run: Step | undefined; hiddenLines: number | undefined }) {
  const facts = [
    hiddenLines === undefined ? undefined : `${formatCount(hiddenLines, 'more line')}`,
    run?.durationMs === undefined ? undefined : formatDuration(run.durationMs),
    run?.cached ? 'cached' : undefined,
  ].filter((fact) => fact !== undefined);
  return facts.length > 0 ? <span className={styles.facts}>{facts.join(' · ')}</span> : null;
}

interface TextProps {
  readonly line: number;
  readonly raw: string;
  readonly pattern: RegExp | undefined;
  readonly onOpen: (line: number) => void;
}

function Text({ line, raw, pattern, onOpen }: TextProps) {
  const { parts, hiddenCharacters } = renderLine(raw);
  return (
    <span className={styles.text}>
      {markMatches(parts, pattern).map(({ text, style, isMatch }, index) => {
        const className = styleClassName(style);
        if (isMatch) {
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a line keep their order
            <mark key={index} className={className}>
              {text}
            </mark>
          );
        }
        return className ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a line keep their order
          <span key={index} className={className}>
            {text}
          </span>
        ) : (
          text
        );
      })}
      {hiddenCharacters > 0 && (
        <button type="button" tabIndex={-1} className={styles.more} onClick={() => onOpen(line)}>
          … {formatNumber(hiddenCharacters)} more {hiddenCharacters === 1 ? 'character' : 'characters'}
        </button>
      )}
    </span>
  );
}

function styleClassName(style: TextStyle): string {
  return classes(
    style.colour && styles[style.colour],
    style.background && styles[`on-${style.background}`],
    style.bold && styles.bold,
    style.dim && !style.colour && styles.dim,
    style.italic && styles.italic,
    style.underline && styles.underline,
    style.strikethrough && styles.strikethrough,
    style.reverse && styles.reverse,
  );
}
