interface Box {
  readonly left: number;
  readonly top: number;
}

/**
 * The index of the cell that a key moves the focus to, or undefined. `boxes` are the positions of the cells in reading order.
 * Up and down move to the cell above or below. If all cells are in one line, they move to the previous or next cell.
 */
export function nextCellIndex(boxes: readonly Box[], from: number, key: string): number | undefined {
  const box = boxes[from];
  const ifExists = (index: number): number | undefined => (index in boxes ? index : undefined);
  if (!box) {
    return undefined;
  }
  switch (key) {
    case 'ArrowRight':
      return ifExists(from + 1);
    case 'ArrowLeft':
      return ifExists(from - 1);
    case 'Home':
      return 0;
    case 'End':
      return boxes.length - 1;
    case 'ArrowDown':
    case 'ArrowUp': {
      const step = key === 'ArrowDown' ? 1 : -1;
      if (boxes.every(({ top }) => Math.abs(top - box.top) < 1)) {
        return ifExists(from + step);
      }
      for (let index = from + step; index in boxes; index += step) {
        if (Math.abs((boxes[index]?.left ?? 0) - box.left) < 1) {
          return index;
        }
      }
      return undefined;
    }
    default:
      return undefined;
  }
}
