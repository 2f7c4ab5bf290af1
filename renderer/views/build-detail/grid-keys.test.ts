import { describe, expect, it } from 'vitest';
import { nextCellIndex } from './grid-keys.ts';

const columns = (count: number, perRow: number) =>
  Array.from({ length: count }, (_, index) => ({
    left: (index % perRow) * 100,
    top: Math.floor(index / perRow) * 50,
  }));

describe('the keys of the platform grid', () => {
  it('move up and down to the cell above or below', () => {
    const boxes = columns(5, 3);
    expect(nextCellIndex(boxes, 1, 'ArrowDown')).toBe(4);
    expect(nextCellIndex(boxes, 4, 'ArrowUp')).toBe(1);
    expect(nextCellIndex(boxes, 2, 'ArrowDown')).toBeUndefined();
  });

  it('move to the next cell if all cells are in one line', () => {
    expect(nextCellIndex(columns(3, 3), 0, 'ArrowDown')).toBe(1);
    expect(nextCellIndex(columns(3, 3), 2, 'ArrowRight')).toBeUndefined();
    expect(nextCellIndex(columns(3, 3), 0, 'End')).toBe(2);
  });

  it('ignore other keys', () => {
    expect(nextCellIndex(columns(3, 3), 0, 'a')).toBeUndefined();
  });
});
