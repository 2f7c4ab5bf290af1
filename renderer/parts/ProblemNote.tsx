import { Fragment, type ReactNode, useState } from 'react';
import { isExplained } from '../../shared/failure.ts';
import type { Problem } from '../../shared/problem.ts';
import { Button } from './Button.tsx';
import { CopyButton } from './CopyButton.tsx';
import { classes } from './classes.ts';
import { Icon } from './Icon.tsx';
import { lazyPart } from './lazy-part.tsx';
import { Presence } from './Presence.tsx';
import styles from './ProblemNote.module.css';
import { type ActionHandlers, actionButtons } from './problem-actions.ts';

const ProblemDialog = lazyPart(async () => (await import('./ProblemDialog.tsx')).ProblemDialog);

export interface ProblemNoteProps {
  readonly problem: Problem;
  /** Buttons that help to solve it: `Retry`, `Edit connection`. */
  readonly actions?: ReactNode;
  /** What the buttons of the problem's own actions do here. Without a handler, an action has no button. */
  readonly handlers?: ActionHandlers;
  /** A warning, which does not stop anything: amber. */
  readonly warning?: boolean;
}

/** A problem: its message, its fix with commands to copy, and collapsed details such as the output of a program. */
export function ProblemNote({ problem, actions, handlers, warning = false }: ProblemNoteProps) {
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
        <ProblemActions problem={problem} handlers={handlers}>
          {actions}
        </ProblemActions>
      </div>
    </div>
  );
}

interface ProblemActionsProps {
  readonly problem: Problem;
  readonly handlers?: ActionHandlers | undefined;
  /** More buttons, after those of the problem. */
  readonly children?: ReactNode;
}

/** The buttons of a problem, also where its texts are not in a {@link ProblemNote}. Nothing if there are none. */
export function ProblemActions({ problem, handlers, children }: ProblemActionsProps) {
  const buttons = actionButtons(problem.actions ?? [], handlers);
  return children || buttons.length > 0 || isExplained(problem) ? (
    <div className={styles.actions}>
      {buttons.map(({ id, label, run }) => (
        <Button key={id} onClick={run}>
          {label}
        </Button>
      ))}
      {children}
      <Explanation problem={problem} />
    </div>
  ) : null;
}

/** Opens the page of the problem's code. Nothing if that says no more. It is a child of what it is about, so that a dialog below stays open. */
export function Explanation({ problem }: Pick<ProblemActionsProps, 'problem'>) {
  const [isOpen, setIsOpen] = useState(false);
  return isExplained(problem) ? (
    <>
      <button type="button" className={styles.explain} onClick={() => setIsOpen(true)}>
        What does this mean?
      </button>
      <Presence>{isOpen && <ProblemDialog code={problem.code} onClose={() => setIsOpen(false)} />}</Presence>
    </>
  ) : null;
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
