import { Tooltip as Base } from '@base-ui/react/tooltip';
import type { ReactElement, ReactNode } from 'react';
import { Kbd } from './Kbd.tsx';
import styles from './Tooltip.module.css';

export interface TooltipProps {
  readonly text: ReactNode;
  readonly shortcut?: string | undefined;
  readonly side?: 'top' | 'right' | 'bottom' | 'left';
  /** What it is about: an element that takes a ref and the props of a trigger. Make it focusable, or only mice see it. */
  readonly children: ReactElement<Record<string, unknown>>;
}

/** More about a thing, when the pointer rests on it or the focus does. Nothing may be said in tooltips alone. */
export function Tooltip({ text, shortcut, side = 'top', children }: TooltipProps) {
  return (
    <Base.Root>
      <Base.Trigger render={children} />
      <Base.Portal>
        <Base.Positioner side={side} sideOffset={6} className={styles.positioner}>
          <Base.Popup role="tooltip" className={styles.popup}>
            {text}
            {shortcut && <Kbd keys={shortcut} onFill />}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
