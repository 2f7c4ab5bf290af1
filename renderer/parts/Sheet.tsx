import { Dialog as Base } from '@base-ui/react/dialog';
import type { ReactNode, RefObject } from 'react';
import { IconButton } from './IconButton.tsx';
import { Staying, useLeave } from './Presence.tsx';
import styles from './Sheet.module.css';

export interface SheetProps {
  readonly onClose: () => void;
  readonly title: ReactNode;
  readonly description?: ReactNode;
  readonly children: ReactNode;
  /** Its buttons at the right, the one that does it last. */
  readonly footer?: ReactNode;
  /** At the left of the footer: what will happen, in a line. */
  readonly footerStart?: ReactNode;
  /** It holds something that would be lost: a press beside it does not close it. */
  readonly keepOpen?: boolean;
  readonly initialFocus?: RefObject<HTMLElement | null>;
}

/** A column that slides over a view from the right. The place has it open (`openSheet`), so it is open while it is drawn; inside a `Presence` it slides out again. */
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
  const { isLeaving, onGone } = useLeave();
  return (
    <Base.Root
      open={!isLeaving}
      onOpenChange={(next) => {
        if (!next) {
          onClose();
        }
      }}
      onOpenChangeComplete={(isOpen) => !isOpen && onGone?.()}
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
            <Staying>{children}</Staying>
          </div>
          {footer && (
            <footer className={styles.footer}>
              <div className={styles.footerStart}>{footerStart}</div>
              {footer}
            </footer>
          )}
          {/* last, so that the first control of the sheet has the focus and not this */}
          <div className={styles.close}>
            <Base.Close render={(props) => <IconButton {...props} icon="cross" label="Close" />} />
          </div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
