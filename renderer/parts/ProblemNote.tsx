import { Fragment, type ReactNode } from 'react';
import type { Problem } from '../../shared/problem.ts';
import { CopyButton } from './CopyButton.tsx';
import { classes } from './classes.ts';
import { Icon } from './Icon.tsx';
import styles from './ProblemNote.module.css';

export interface ProblemNoteProps {
  readonly problem: Problem;
  /** Buttons that help to solve it: `Retry`, `Edit connection`. */
  readonly actions?: ReactNode;
  /** A warning, which does not stop anything: amber. */
  readonly warning?: boolean;
}

/** A problem: its message, its fix with commands to copy, and collapsed details such as the output of a program. */
export function ProblemNote({ problem, actions, warning = false }: ProblemNoteProps) {
  return (
    <div role="alert" className={classes(styles.note, warning && styles.warning)}>
      <Icon name="warning" className={styles.icon} />
      <div className={styles.text}>
        <p className={styles.message}>{problem.message}</p>
        <p className={styles.fix}>
          <FixText text={problem.fix} />
        </p>
        {problem.detail && (
          <details className={styles.detail}>
            <summary>Details</summary>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: focusable, so that keys can scroll it */}
            <pre tabIndex={0}>{problem.detail}</pre>
          </details>
        )}
        {actions && <div className={styles.actions}>{actions}</div>}
      </div>
    </div>
  );
}

/** The fix of a problem. Text in backticks is a command and gets a copy button. */
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
