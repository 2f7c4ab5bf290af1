import { describe, expect, it } from 'vitest';
import { activityColumns } from './activity.ts';

const idle = { lines: 0, bytes: 0 };

describe('activity columns', () => {
  it('put the newest sample at the right and leave columns without samples empty', () => {
    const columns = activityColumns([idle, { lines: 4, bytes: 0 }], 20);
    expect(columns).toHaveLength(20);
    expect(columns.at(-1)).toBe(1);
    expect(columns.slice(0, -1).every((share) => share === 0)).toBe(true);
  });

  it('scale lines and bytes separately', () => {
    const samples = [
      ...Array.from({ length: 3 }, () => ({ lines: 0, bytes: 5e6 })),
      ...Array.from({ length: 3 }, () => ({ lines: 2, bytes: 0 })),
      ...Array.from({ length: 3 }, () => ({ lines: 1, bytes: 0 })),
    ];
    expect(activityColumns(samples, 20).slice(-3)).toEqual([1, 1, 0.5]);
  });
});
