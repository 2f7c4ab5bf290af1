interface Box {
  readonly left: number;
  readonly top: number;
}

/**
 * The place that an arrow key leads to, among boxes in the order they are read, or undefined where it leads nowhere. Up and
 * down go to the box above or below; where there is only one line of boxes, they go on to the next one.
 */
export function nextPlace(boxes: readonly Box[], from: number, key: string): number | undefined {
  const box = boxes[from];
  const inside = (place: number): number | undefined => (place in boxes ? place : undefined);
  if (!box) {
    return undefined;
  }
  switch (key) {
    case 'ArrowRight':
      return inside(from + 1);
    case 'ArrowLeft':
      return inside(from - 1);
    case 'Home':
      return 0;
    case 'End':
      return boxes.length - 1;
    case 'ArrowDown':
    case 'ArrowUp': {
      const step = key === 'ArrowDown' ? 1 : -1;
      if (boxes.every(({ top }) => Math.abs(top - box.top) < 1)) {
        return inside(from + step);
      }
      for (let place = from + step; place in boxes; place += step) {
        if (Math.abs((boxes[place]?.left ?? 0) - box.left) < 1) {
          return place;
        }
      }
      return undefined;
    }
    default:
      return undefined;
  }
}
