import { useCallback, useMemo, useState } from 'react';

export interface LineSelection {
  /** The first and the last selected line. */
  readonly range: readonly [number, number] | undefined;
  /** Selects a line, or clears the selection if it is the only selected line. With `extend`, extends the selection to it. */
  readonly select: (line: number, extend: boolean) => void;
  /** Moves the end of the selection by a line, or selects `start`. Returns the line at the end of the selection. */
  readonly extendBy: (by: 1 | -1, start: number, total: number) => number;
  readonly clear: () => void;
}

/** A selected range of lines. `select` and `clear` are stable. */
export function useLineSelection(): LineSelection {
  /** The selection starts at the anchor; its head moves. */
  const [selection, setSelection] = useState<{ readonly anchor: number; readonly head: number }>();
  const range = useMemo<LineSelection['range']>(
    () => selection && [Math.min(selection.anchor, selection.head), Math.max(selection.anchor, selection.head)],
    [selection],
  );
  const select = useCallback((line: number, extend: boolean) => {
    setSelection((previous) => {
      if (extend && previous) {
        return { ...previous, head: line };
      }
      const isOnlyLine = previous?.anchor === line && previous.head === line;
      return isOnlyLine ? undefined : { anchor: line, head: line };
    });
  }, []);
  const clear = useCallback(() => setSelection(undefined), []);
  function extendBy(by: 1 | -1, start: number, total: number): number {
    const head = selection ? Math.min(total - 1, Math.max(0, selection.head + by)) : start;
    setSelection({ anchor: selection?.anchor ?? head, head });
    return head;
  }
  return { range, select, extendBy, clear };
}
