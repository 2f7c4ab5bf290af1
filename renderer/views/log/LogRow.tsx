import { type MouseEvent, memo } from 'react';
import { formatCount, formatDuration, formatTimeOfDay } from '../../../shared/format.ts';
import { wordOf } from '../../../shared/words.ts';
import { classes } from '../../parts/classes.ts';
import { Icon } from '../../parts/Icon.tsx';
import styles from './LogLines.module.css';
import { renderLine, type TextStyle } from './line-text.ts';
import type { LogLine } from './log-lines.ts';
import type { LoggedStep } from './logged-steps.ts';
import { markMatches } from './match-marks.ts';

export interface LogRowProps {
  readonly line: number;
  /** The width of the line numbers. */
  readonly digits: number;
  /** Undefined until the line is loaded. */
  readonly content: LogLine | undefined;
  readonly hasTime: boolean;
  readonly pattern: RegExp | undefined;
  readonly isMarked: boolean;
  readonly isSelected: boolean;
  /** The step that starts at this line, if any. */
  readonly step: LoggedStep | undefined;
  /** The step of the line, if the log named another one last: steps can run at once. */
  readonly otherStep: LoggedStep | undefined;
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
  content,
  hasTime,
  pattern,
  isMarked,
  isSelected,
  step,
  otherStep,
  isFolded,
  stepLines,
  onSelect,
  onToggle,
  onOpen,
}: LogRowProps) {
  return (
    <div
      className={classes(
        styles.row,
        step && styles.step,
        content?.stream === 'stderr' && styles.stderr,
        isSelected && styles.selected,
        isMarked && styles.marked,
      )}
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
      {hasTime && (
        <span className={styles.time}>{content?.time === undefined ? '' : formatTimeOfDay(content.time)}</span>
      )}
      {otherStep && (
        <span className={styles.otherStep} title={otherStep.name}>
          {otherStep.index}/{otherStep.total}
        </span>
      )}
      {content === undefined ? (
        <span className={styles.loading} aria-hidden="true" />
      ) : (
        <Text line={line} raw={content.text} pattern={pattern} onOpen={onOpen} />
      )}
      {content?.stream === 'stderr' && <span className="visually-hidden"> (standard error)</span>}
      {step && <StepFacts step={step} hiddenLines={isFolded ? stepLines - 1 : undefined} />}
    </div>
  );
});

/** Behind the first line of a step: the number of folded lines, its duration, and whether it was cached. */
function StepFacts({ step, hiddenLines }: { step: LoggedStep; hiddenLines: number | undefined }) {
  const facts = [
    hiddenLines === undefined ? undefined : `${formatCount(hiddenLines, 'more line')}`,
    step.durationMs === undefined ? undefined : formatDuration(step.durationMs),
    step.cached ? wordOf('cached') : undefined,
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
          … {formatCount(hiddenCharacters, 'more character')}
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
