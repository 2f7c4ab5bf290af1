import { describe, expect, it } from 'vitest';
import { nextPlace } from './grid-keys.ts';

const columns = (count: number, perLine: number) =>
  Array.from({ length: count }, (_, index) => ({
    left: (index % perLine) * 100,
    top: Math.floor(index / perLine) * 50,
  }));

describe('the arrow keys among cells', () => {
  it('go to the box above and below', () => {
    const boxes = columns(5, 3);
    expect(nextPlace(boxes, 1, 'ArrowDown')).toBe(4);
    expect(nextPlace(boxes, 4, 'ArrowUp')).toBe(1);
    expect(nextPlace(boxes, 2, 'ArrowDown')).toBeUndefined();
  });

  it('go on to the next where all stand in one line', () => {
    expect(nextPlace(columns(3, 3), 0, 'ArrowDown')).toBe(1);
    expect(nextPlace(columns(3, 3), 2, 'ArrowRight')).toBeUndefined();
    expect(nextPlace(columns(3, 3), 0, 'End')).toBe(2);
  });

  it('leave other keys to others', () => {
    expect(nextPlace(columns(3, 3), 0, 'a')).toBeUndefined();
  });
});
