import { describe, expect, it } from 'vitest';
import { LinePages, type LogRange, pageLines } from './line-pages.ts';

/** A log on disk that may hold less than was told. */
function logOf(total: number, options: { onDisk?: () => number; length?: number } = {}) {
  const reads: number[] = [];
  const failures: unknown[] = [];
  let fails = false;
  const read = async (from: number, count: number): Promise<LogRange> => {
    reads.push(from);
    if (fails) {
      throw new Error('gone');
    }
    const end = Math.min(from + count, options.onDisk?.() ?? total);
    const lines = Array.from({ length: Math.max(0, end - from) }, (_, index) =>
      `line ${from + index}`.padEnd(options.length ?? 0),
    );
    return { lines, total };
  };
  const pages = new LinePages({ read, onRead: () => undefined, onFailure: (error) => failures.push(error) });
  return {
    pages,
    reads,
    failures,
    fail: (value: boolean) => {
      fails = value;
    },
  };
}

describe('the lines near what is looked at', () => {
  it('are read once, with their neighbours', async () => {
    const { pages, reads } = logOf(1_000_000);
    pages.want(500_000, 500_040, 1_000_000);
    await expect.poll(() => pages.line(500_040)).toBe('line 500040');
    const first = Math.floor(500_000 / pageLines) * pageLines;
    await expect.poll(() => reads).toEqual([first, first + pageLines, first - pageLines]);
    pages.want(500_010, 500_050, 1_000_000);
    expect(reads).toHaveLength(3);
  });

  it('are not read any more when one has moved on', async () => {
    const { pages, reads } = logOf(1_000_000);
    for (let line = 0; line < 900_000; line += 50_000) {
      pages.want(line, line + 40, 1_000_000);
    }
    await expect.poll(() => pages.line(850_000)).toBe('line 850000');
    expect(reads.length).toBeLessThan(8);
  });

  it('are forgotten when others are looked at, however long they are', async () => {
    const { pages } = logOf(100_000, { length: 4_000 });
    for (let line = 0; line < 20_000; line += pageLines) {
      pages.want(line, line + 40, 100_000);
      await expect.poll(() => pages.line(line)).toBeDefined();
    }
    expect(pages.held).toBeLessThanOrEqual(7 * pageLines);
    expect(pages.line(0)).toBeUndefined();
    expect(pages.line(Math.floor(19_999 / pageLines) * pageLines)).toBeDefined();
  });

  it('come from what is told where that follows', () => {
    const { pages, reads } = logOf(0);
    pages.append(0, ['first', 'second']);
    pages.append(
      2,
      Array.from({ length: 1_000 }, (_, index) => `line ${index + 2}`),
    );
    pages.want(0, 900, 1_002);
    expect([pages.line(1), pages.line(900)]).toEqual(['second', 'line 900']);
    expect(reads).toEqual([]);
  });

  it('come from what is told where the disk has less', async () => {
    const { pages } = logOf(1_000, { onDisk: () => 980 });
    pages.append(
      980,
      Array.from({ length: 20 }, (_, index) => `told ${980 + index}`),
    );
    pages.want(960, 999, 1_000);
    await expect.poll(() => pages.line(979)).toBe('line 979');
    expect(pages.line(999)).toBe('told 999');
  });

  it('are shown as they are told, even before what is between is read', () => {
    const { pages } = logOf(0);
    pages.append(0, ['first']);
    const before = pages.version(40);
    pages.append(40, ['later']);
    expect([pages.line(0), pages.line(1), pages.line(40)]).toEqual(['first', undefined, 'later']);
    expect(pages.version(40)).not.toBe(before);
  });

  it('are asked for again where the disk has less and nothing was told', async () => {
    let onDisk = 900;
    const { pages } = logOf(1_000, { onDisk: () => onDisk });
    pages.want(960, 999, 1_000);
    await expect.poll(() => pages.line(899)).toBe('line 899');
    expect(pages.line(960)).toBeUndefined();
    onDisk = 1_000;
    await expect.poll(() => pages.line(999)).toBe('line 999');
    pages.stop();
  });

  it('are asked for again after a failure only when somebody looks', async () => {
    const { pages, failures, reads, fail } = logOf(1_000);
    fail(true);
    pages.want(0, 40, 1_000);
    await expect.poll(() => failures.length).toBeGreaterThan(0);
    const before = reads.length;
    fail(false);
    await Promise.resolve();
    expect(reads.length).toBe(before);
    pages.want(0, 40, 1_000);
    await expect.poll(() => pages.line(40)).toBe('line 40');
  });

  it('change their version when they change', async () => {
    const { pages } = logOf(0);
    pages.append(0, ['a']);
    const before = pages.version(0);
    pages.append(1, ['b']);
    expect(pages.version(0)).not.toBe(before);
  });
});
