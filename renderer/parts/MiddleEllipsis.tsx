import { classes } from './classes.ts';
import styles from './MiddleEllipsis.module.css';

export interface MiddleEllipsisProps {
  readonly text: string;
  /** How many characters at the end stay visible. Without it: what follows the last slash, at most 16. */
  readonly keepEnd?: number;
  readonly className?: string | undefined;
}

/** The most characters that stay visible at the end by default, and the fewest. */
const maxEnd = 16;
const minEnd = 6;

/**
 * A text on one line that is shortened in its middle, because names of nodes and references differ at their ends:
 * `rack1-…d-17`. It is copied and read aloud as a whole.
 */
export function MiddleEllipsis({ text, keepEnd = defaultEnd(text), className }: MiddleEllipsisProps) {
  // in characters, not in halves of them
  const characters = [...text];
  const end = Math.min(keepEnd, Math.floor(characters.length / 2));
  return (
    <span className={classes(styles.text, className)} title={text}>
      <span className="visually-hidden">{text}</span>
      {/* drawn by the style sheet: the text would be there twice */}
      <span className={styles.start} data-text={characters.slice(0, characters.length - end).join('')} aria-hidden />
      {end > 0 && <span className={styles.end} data-text={characters.slice(-end).join('')} aria-hidden />}
    </span>
  );
}

function defaultEnd(text: string): number {
  const name = text.length - text.lastIndexOf('/') - 1;
  return name === text.length ? minEnd : Math.max(minEnd, Math.min(maxEnd, name + 1));
}
