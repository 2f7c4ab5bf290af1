import { Dialog as Base } from '@base-ui/react/dialog';
import type { ReactNode, RefObject } from 'react';
import { classes } from './classes.ts';
import styles from './Dialog.module.css';
import { IconButton } from './IconButton.tsx';

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
export function Dialog({
  open,
  onClose,
  title,
  description,
  children,
  footer,
  footerStart,
  wide = false,
  required = false,
  initialFocus,
}: DialogProps) {
  return (
    <Base.Root
      open={open}
      onOpenChange={(next) => {
        if (!next) {
          onClose();
        }
      }}
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
            {children}
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
