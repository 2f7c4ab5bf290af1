import { Dialog as Base } from '@base-ui/react/dialog';
import type { ReactNode, RefObject } from 'react';
import { IconButton } from './IconButton.tsx';
import { IgnoreExit, useExit } from './Presence.tsx';
import styles from './Sheet.module.css';

export interface SheetProps {
  readonly onClose: () => void;
  readonly title: ReactNode;
  readonly description?: ReactNode;
  readonly children: ReactNode;
  /** The buttons, the primary one last. */
  readonly footer?: ReactNode;
  /** The start of the footer: a summary of what will happen. */
  readonly footerStart?: ReactNode;
  /** A click outside does not close the sheet, because it holds input that would be lost. */
  readonly keepOpen?: boolean;
  readonly initialFocus?: RefObject<HTMLElement | null>;
}

/**
 * A panel that slides over a view from the right. It is open while it is rendered, since the route says which sheet is open
 * (`openSheet`). Inside a `Presence`, it also slides out.
 */
export function Sheet({
  onClose,
  title,
  description,
  children,
  footer,
  footerStart,
  keepOpen = false,
  initialFocus,
}: SheetProps) {
  const { isExiting, onExited } = useExit();
  return (
    <Base.Root
      open={!isExiting}
      onOpenChange={(next) => {
        if (!next) {
          onClose();
        }
      }}
      onOpenChangeComplete={(isOpen) => !isOpen && onExited?.()}
      disablePointerDismissal={keepOpen}
    >
      <Base.Portal>
        <Base.Backdrop className={styles.backdrop} />
        <Base.Popup className={styles.popup} initialFocus={initialFocus}>
          <header className={styles.header}>
            <div className={styles.titles}>
              <Base.Title className={styles.title}>{title}</Base.Title>
              {description && <Base.Description className={styles.description}>{description}</Base.Description>}
            </div>
          </header>
          <div className={styles.body}>
            <IgnoreExit>{children}</IgnoreExit>
          </div>
          {footer && (
            <footer className={styles.footer}>
              <div className={styles.footerStart}>{footerStart}</div>
              {footer}
            </footer>
          )}
          {/* last in the DOM, so that it does not get the initial focus */}
          <div className={styles.close}>
            <Base.Close render={(props) => <IconButton {...props} icon="cross" label="Close" />} />
          </div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
