import { Fragment, type ReactNode } from 'react';
import type { Problem } from '../../shared/problem.ts';
import { CopyButton } from './CopyButton.tsx';
import { classes } from './classes.ts';
import { Icon } from './Icon.tsx';
import styles from './ProblemNote.module.css';

export interface ProblemNoteProps {
  readonly problem: Problem;
  /** Buttons that do something about it: `Try again`, `Edit connection`. */
  readonly actions?: ReactNode;
  /** It does not stop anything: amber. */
  readonly warning?: boolean;
}

/** What went wrong, what to do about it with commands that can be copied, and the other side's words folded away. */
export function ProblemNote({ problem, actions, warning = false }: ProblemNoteProps) {
  return (
    <div role="alert" className={classes(styles.note, warning && styles.warning)}>
      <Icon name="warning" className={styles.sign} />
      <div className={styles.words}>
        <p className={styles.message}>{problem.message}</p>
        <p className={styles.fix}>
          <FixText text={problem.fix} />
        </p>
        {problem.detail && (
          <details className={styles.detail}>
            <summary>What was said</summary>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and keys must be able to scroll it */}
            <pre tabIndex={0}>{problem.detail}</pre>
          </details>
        )}
        {actions && <div className={styles.actions}>{actions}</div>}
      </div>
    </div>
  );
}

/** The fix of a problem: what stands in backticks is a command, with a button that copies it. */
export function FixText({ text }: { text: string }) {
  return text.split('`').map((part, index) =>
    index % 2 === 0 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text do not move
      <Fragment key={index}>{part}</Fragment>
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text do not move
      <span key={index} className={styles.command}>
        <code>{part}</code>
        <CopyButton text={part} what="command" />
      </span>
    ),
  );
}
