import { type ReactNode, useRef, useState } from 'react';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { Button } from './Button.tsx';
import styles from './Dialog.module.css';
import { Dialog } from './Dialog.tsx';
import { Icon } from './Icon.tsx';
import { ProblemNote } from './ProblemNote.tsx';

export interface ConfirmDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  /** The question: `Delete build api:1.4?` */
  readonly title: string;
  readonly description?: ReactNode;
  /** What is lost for good, a line each: `Its 3 logs`, `212 MB of layers that no other image shares`. */
  readonly losses?: readonly string[];
  /** What the button does: `Delete build`. */
  readonly action: string;
  /** What the other button says that leaves everything as it is; `Cancel` would be unclear where something is cancelled. */
  readonly dismiss?: string;
  /** Nothing is lost by it: the button is not red. */
  readonly harmless?: boolean;
  /** Closes the dialog when it is through; its failure is shown in the dialog. */
  readonly onConfirm: () => Promise<void> | void;
}

/** Asks before something that cannot be undone. What can be undone is done at once, with a toast that offers Undo. */
export function ConfirmDialog({
  open,
  onClose,
  title,
  description,
  losses = [],
  action,
  dismiss = 'Cancel',
  harmless = false,
  onConfirm,
}: ConfirmDialogProps) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const cancel = useRef<HTMLElement>(null);

  function close(): void {
    setProblem(undefined);
    onClose();
  }
  async function confirm(): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      await onConfirm();
      close();
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Dialog
      open={open}
      onClose={close}
      title={title}
      description={description}
      required
      // Enter pressed too early must not lose anything
      initialFocus={cancel}
      footer={
        <>
          <Button ref={cancel} onClick={close}>
            {dismiss}
          </Button>
          <Button kind={harmless ? 'primary' : 'danger'} busy={busy} onClick={confirm}>
            {action}
          </Button>
        </>
      }
    >
      {losses.length > 0 && (
        <ul className={styles.losses} aria-label="What is lost">
          {losses.map((loss) => (
            <li key={loss}>
              <Icon name="minus" />
              {loss}
            </li>
          ))}
        </ul>
      )}
      {problem && <ProblemNote problem={problem} />}
    </Dialog>
  );
}
