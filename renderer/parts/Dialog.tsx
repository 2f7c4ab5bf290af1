import { Dialog as Base } from '@base-ui/react/dialog';
import { type ReactNode, type RefObject, useRef } from 'react';
import { classes } from './classes.ts';
import styles from './Dialog.module.css';
import { IconButton } from './IconButton.tsx';
import { Staying, useLeave } from './Presence.tsx';

export interface DialogProps {
  readonly open: boolean;
  /** Escape, the cross, and a press beside it. */
  readonly onClose: () => void;
  readonly title: ReactNode;
  readonly description?: ReactNode;
  readonly children?: ReactNode;
  /** Its buttons, the one that does it last. */
  readonly footer?: ReactNode;
  /** At the other end of the footer: a note or a quiet way out. */
  readonly footerStart?: ReactNode;
  readonly wide?: boolean;
  /** A decision must be taken: no cross, and a press beside it does nothing. Escape still closes. */
  readonly required?: boolean;
  /** What has the focus at first, instead of the first control. */
  readonly initialFocus?: RefObject<HTMLElement | null>;
}

/** Stands over everything until it is answered; the focus stays inside and returns to where it was. */
export function Dialog(props: DialogProps) {
  const { isLeaving, onGone } = useLeave();
  // what it is about may be forgotten the moment it closes: while it fades away it shows what it showed
  const shown = useRef(props);
  if (props.open) {
    shown.current = props;
  }
  const { title, description, children, footer, footerStart, wide, required = false, initialFocus } = shown.current;
  return (
    <Base.Root
      open={props.open && !isLeaving}
      onOpenChange={(next) => {
        if (!next) {
          props.onClose();
        }
      }}
      onOpenChangeComplete={(isOpen) => !isOpen && onGone?.()}
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
            <Staying>{children}</Staying>
          </div>
          {footer && (
            <footer className={styles.footer}>
              <div className={styles.footerStart}>{footerStart}</div>
              {footer}
            </footer>
          )}
          {!required && (
            // last, so that the first control of the dialog has the focus and not this
            <div className={styles.close}>
              <Base.Close render={(props) => <IconButton {...props} icon="cross" label="Close" size="small" />} />
            </div>
          )}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
