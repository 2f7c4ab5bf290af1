import { type KeyboardEvent, type PointerEvent, useState } from 'react';
import { classes } from './classes.ts';
import styles from './Resizer.module.css';

export interface ResizerProps {
  /** The resized dimension, for screen readers: `Height of the log`. */
  readonly label: string;
  /** The height of the element below, in pixels. */
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly onChange: (value: number) => void;
}

/** The upper edge of a drawer. It is dragged with the pointer, or moved with the arrow keys, Home and End. */
export function Resizer({ label, value, min, max, onChange }: ResizerProps) {
  const [drag, setDrag] = useState<{ readonly y: number; readonly value: number }>();
  const set = (next: number): void => onChange(Math.round(Math.min(max, Math.max(min, next))));

  function onKeyDown(event: KeyboardEvent): void {
    const next = { ArrowUp: value + 24, ArrowDown: value - 24, Home: min, End: max }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      set(next);
    }
  }
  function onPointerDown(event: PointerEvent<HTMLHRElement>): void {
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
    setDrag({ y: event.clientY, value });
  }

  return (
    <hr
      tabIndex={0}
      aria-label={label}
      aria-orientation="horizontal"
      aria-valuenow={Math.round(value)}
      aria-valuemin={min}
      aria-valuemax={max}
      className={classes(styles.resizer, drag && styles.dragging)}
      onKeyDown={onKeyDown}
      onPointerDown={onPointerDown}
      onPointerMove={(event) => drag && set(drag.value + drag.y - event.clientY)}
      onPointerUp={() => setDrag(undefined)}
      onPointerCancel={() => setDrag(undefined)}
    />
  );
}
