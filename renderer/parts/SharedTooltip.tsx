import { Tooltip as Base } from '@base-ui/react/tooltip';
import { type ReactNode, type RefObject, useEffect, useState } from 'react';
import styles from './Tooltip.module.css';

export interface SharedTooltipProps {
  /** The element that contains the described ones. */
  readonly area: RefObject<HTMLElement | null>;
  /** Selects the described elements. */
  readonly selector: string;
  /** What is known about an element; nothing is shown if that is undefined. */
  readonly textOf: (element: HTMLElement) => ReactNode;
}

/** As the delay of other tooltips, in milliseconds. The next one of the area appears at once while one is open. */
const delayMs = 500;

/** One tooltip for many elements. A `Tooltip` for each of a thousand elements would take longer to render than the elements. */
export function SharedTooltip({ area, selector, textOf }: SharedTooltipProps) {
  const [anchor, setAnchor] = useState<HTMLElement>();
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const element = area.current;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isShown = false;
    const show = (described: HTMLElement): void => {
      isShown = true;
      setAnchor(described);
      setOpen(true);
    };
    const hide = (): void => {
      clearTimeout(timer);
      isShown = false;
      setOpen(false);
    };
    const describedBy = ({ target }: Event): HTMLElement | undefined =>
      (target instanceof Element && target.closest<HTMLElement>(selector)) || undefined;
    const onPointerOver = (event: Event): void => {
      const described = describedBy(event);
      clearTimeout(timer);
      if (!described) {
        hide();
      } else if (isShown) {
        show(described);
      } else {
        timer = setTimeout(() => show(described), delayMs);
      }
    };
    const onFocusIn = (event: Event): void => {
      const described = describedBy(event);
      if (described?.matches(':focus-visible')) {
        show(described);
      }
    };
    const listeners = {
      pointerover: onPointerOver,
      pointerleave: hide,
      pointerdown: hide,
      focusin: onFocusIn,
      focusout: hide,
    };
    for (const [type, listener] of Object.entries(listeners)) {
      element?.addEventListener(type, listener);
    }
    return () => {
      clearTimeout(timer);
      for (const [type, listener] of Object.entries(listeners)) {
        element?.removeEventListener(type, listener);
      }
    };
  }, [area, selector]);
  const text = anchor?.isConnected ? textOf(anchor) : undefined;
  return (
    <Base.Root open={isOpen && text !== undefined} onOpenChange={(next) => setOpen(next)}>
      <Base.Portal>
        <Base.Positioner anchor={anchor} side="top" sideOffset={6} className={styles.positioner}>
          <Base.Popup role="tooltip" className={styles.popup}>
            {text}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
