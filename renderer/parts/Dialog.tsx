import { Dialog as Base } from '@base-ui/react/dialog';
import { type ReactNode, type RefObject, useRef } from 'react';
import { classes } from './classes.ts';
import styles from './Dialog.module.css';
import { IconButton } from './IconButton.tsx';
import { IgnoreExit, useExit } from './Presence.tsx';

export interface DialogProps {
  readonly open: boolean;
  /** Called for Escape, the close button and a click outside. */
  readonly onClose: () => void;
  readonly title: ReactNode;
  readonly description?: ReactNode;
  readonly children?: ReactNode;
  /** The buttons, the primary one last. */
  readonly footer?: ReactNode;
  /** The start of the footer: a note or a secondary action. */
  readonly footerStart?: ReactNode;
  readonly wide?: boolean;
  /** Requires a decision: there is no close button, and a click outside does nothing. Escape still closes the dialog. */
  readonly required?: boolean;
  /** The element to focus first, instead of the first control. */
  readonly initialFocus?: RefObject<HTMLElement | null>;
}

/** A modal dialog. It traps the focus, and restores it when it closes. */
export function Dialog(props: DialogProps) {
  const { isExiting, onExited } = useExit();
  // the data of the dialog may be cleared when it closes: it keeps showing its last props while it fades out
  const shown = useRef(props);
  if (props.open) {
    shown.current = props;
  }
  const { title, description, children, footer, footerStart, wide, required = false, initialFocus } = shown.current;
  return (
    <Base.Root
      open={props.open && !isExiting}
      onOpenChange={(next) => {
        if (!next) {
          props.onClose();
        }
      }}
      onOpenChangeComplete={(isOpen) => !isOpen && onExited?.()}
      disablePointerDismissal={required}
    >
      <Base.Portal>
        <Base.Backdrop className={styles.backdrop} />
        <Base.Popup className={classes(styles.popup, wide && styles.wide)} initialFocus={initialFocus}>
          <header className={styles.header}>
            <Base.Title className={styles.title}>{title}</Base.Title>
          </header>
          <div className={styles.body}>
            {description && <Base.Description className={styles.description}>{description}</Base.Description>}
            <IgnoreExit>{children}</IgnoreExit>
          </div>
          {footer && (
            <footer className={styles.footer}>
              <div className={styles.footerStart}>{footerStart}</div>
              {footer}
            </footer>
          )}
          {!required && (
            // last in the DOM, so that it does not get the initial focus
            <div className={styles.close}>
              <Base.Close render={(props) => <IconButton {...props} icon="cross" label="Close" size="small" />} />
            </div>
          )}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
