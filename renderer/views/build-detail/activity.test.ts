import { describe, expect, it } from 'vitest';
import { columnsOf } from './activity.ts';

const quiet = { lines: 0, bytes: 0 };

describe('the columns of activity', () => {
  it('have the newest at the right and nothing where nothing is known', () => {
    const columns = columnsOf([quiet, { lines: 4, bytes: 0 }], 20);
    expect(columns).toHaveLength(20);
    expect(columns.at(-1)).toBe(1);
    expect(columns.slice(0, -1).every((share) => share === 0)).toBe(true);
  });

  it('hold lines against lines and bytes against bytes', () => {
    const samples = [
      ...Array.from({ length: 3 }, () => ({ lines: 0, bytes: 5e6 })),
      ...Array.from({ length: 3 }, () => ({ lines: 2, bytes: 0 })),
      ...Array.from({ length: 3 }, () => ({ lines: 1, bytes: 0 })),
    ];
    expect(columnsOf(samples, 20).slice(-3)).toEqual([1, 1, 0.5]);
  });
});
