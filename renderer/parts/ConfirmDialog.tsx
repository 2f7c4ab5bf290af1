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
  /** What will be lost permanently, one line each: `Its 3 logs`, `212 MB of layers that no other image shares`. */
  readonly losses?: readonly string[];
  /** The label of the button that confirms: `Delete build`. */
  readonly action: string;
  /** The label of the button that dismisses the dialog. `Cancel` would be ambiguous if the action cancels something. */
  readonly dismiss?: string;
  /** The action loses nothing: its button is not red. */
  readonly harmless?: boolean;
  /** The dialog closes when this resolves, and shows the problem if it fails. */
  readonly onConfirm: () => Promise<void> | void;
}

/** Asks for confirmation of an action that cannot be undone. Other actions need no dialog: a toast offers Undo. */
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
      // pressing Enter by mistake must not lose data
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
        <ul className={styles.losses} aria-label="What will be lost">
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
