import { useRef, useState } from 'react';
import type { ProblemCode } from '../../shared/failure.ts';
import type { ProblemFix } from '../../shared/problems/problem-text.ts';
import { problemTexts } from '../../shared/problems/texts.ts';
import { Button } from './Button.tsx';
import { Copyable } from './Copyable.tsx';
import { Dialog } from './Dialog.tsx';
import styles from './ProblemDialog.module.css';

interface ProblemDialogProps {
  readonly code: ProblemCode;
  readonly onClose: () => void;
}

/** The page of a problem: what it means, why it happens, and what to do. Others can be opened from it. */
export function ProblemDialog({ code: first, onClose }: ProblemDialogProps) {
  const [visited, setVisited] = useState<readonly ProblemCode[]>([first]);
  // arrow keys scroll the page
  const page = useRef<HTMLDivElement>(null);
  const code = visited.at(-1) ?? first;
  const { title, meaning, causes, fixes, see = [], settings = [] } = problemTexts[code];
  const show = (codes: readonly ProblemCode[]): void => {
    setVisited(codes);
    page.current?.parentElement?.scrollTo({ top: 0 });
    page.current?.focus();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      wide
      initialFocus={page}
      footerStart={
        visited.length > 1 && (
          <Button kind="quiet" icon="chevron-left" onClick={() => show(visited.slice(0, -1))}>
            Back
          </Button>
        )
      }
      footer={<Button onClick={onClose}>Close</Button>}
    >
      <div ref={page} tabIndex={-1} className={styles.page}>
        <p>{meaning}</p>
        <section>
          <h3>Causes, the most likely first</h3>
          <ol>
            {causes.map((cause) => (
              <li key={cause}>{cause}</li>
            ))}
          </ol>
        </section>
        <section>
          <h3>What to do</h3>
          <ul>
            {fixes.map((fix) => (
              <Fix key={fix.text} {...fix} />
            ))}
          </ul>
        </section>
        {settings.length > 0 && (
          <section>
            <h3>Settings</h3>
            <p className={styles.settings}>
              {settings.map((name) => (
                <code key={name}>{name}</code>
              ))}
            </p>
          </section>
        )}
        {see.length > 0 && (
          <section>
            <h3>See also</h3>
            <ul>
              {see.map((other) => (
                <li key={other}>
                  <button type="button" className={styles.link} onClick={() => show([...visited, other])}>
                    {problemTexts[other].title}
                  </button>
                </li>
              ))}
            </ul>
          </section>
        )}
        <p className={styles.code}>
          In a terminal: <Copyable text={`barnraiser explain ${code}`} what="command" />
        </p>
      </div>
    </Dialog>
  );
}

function Fix({ text, terminal = [], window }: ProblemFix) {
  return (
    <li>
      <p>{text}</p>
      {window !== undefined && <p className={styles.place}>{window}</p>}
      {terminal.map((line) => (
        <Copyable key={line} text={line} what="command" block />
      ))}
    </li>
  );
}
