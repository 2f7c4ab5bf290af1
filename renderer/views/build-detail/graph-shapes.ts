/** The sizes of a graph on the screen, in pixels before zooming. */
import type { Cell, GraphLayout, StageBox } from './graph-layout.ts';

export const nodeSize = { width: 248, height: 34 } as const;

/** The distances between the left edges of columns and the upper edges of rows. */
const pitch = { x: nodeSize.width + 56, y: nodeSize.height + 16 } as const;
/** Between a stage's box and its steps, and above them for the name of the stage. */
const padding = 10;
const nameHeight = 22;
/** Around everything. */
const margin = 12;

/** The upper left corner of a step. */
export function positionOf({ column, row }: Cell): readonly [left: number, top: number] {
  return [margin + padding + column * pitch.x, margin + padding + nameHeight + row * pitch.y];
}

export function graphSize({ columns, rows }: Pick<GraphLayout, 'columns' | 'rows'>): readonly [number, number] {
  const [left, top] = positionOf({ column: columns - 1, row: rows - 1 });
  return [left + nodeSize.width + padding + margin, top + nodeSize.height + padding + margin];
}

/** The rectangle around a stage. */
export function boxRectangle({ column, row, columns, rows }: StageBox): readonly [number, number, number, number] {
  const [left, top] = positionOf({ column, row });
  return [
    left - padding,
    top - padding - nameHeight,
    (columns - 1) * pitch.x + nodeSize.width + 2 * padding,
    (rows - 1) * pitch.y + nodeSize.height + 2 * padding + nameHeight,
  ];
}

/** An edge from a step to one below it: down in the same column, else from side to side. */
export function edgePath(from: Cell, to: Cell): string {
  const [fromLeft, fromTop] = positionOf(from);
  const [toLeft, toTop] = positionOf(to);
  if (from.column === to.column) {
    const x = fromLeft + nodeSize.width / 2;
    return `M${x} ${fromTop + nodeSize.height}V${toTop}`;
  }
  const isRight = to.column > from.column;
  const startX = isRight ? fromLeft + nodeSize.width : fromLeft;
  const endX = isRight ? toLeft : toLeft + nodeSize.width;
  const bend = (isRight ? 1 : -1) * Math.min(48, Math.abs(endX - startX) * 0.6);
  const [startY, endY] = [fromTop + nodeSize.height / 2, toTop + nodeSize.height / 2];
  return `M${startX} ${startY}C${startX + bend} ${startY} ${endX - bend} ${endY} ${endX} ${endY}`;
}
