import { describe, expect, it } from 'vitest';
import { LinePages, type LineRange, pageLines } from './line-pages.ts';
import type { LogLine } from './log-lines.ts';

const text = (line: string): LogLine => ({ text: line });

/** Pages of a log of which only a part may be on disk yet. */
function createPages(total: number, options: { onDisk?: () => number; length?: number } = {}) {
  const reads: number[] = [];
  const errors: unknown[] = [];
  let isFailing = false;
  const read = async (from: number, count: number): Promise<LineRange> => {
    reads.push(from);
    if (isFailing) {
      throw new Error('gone');
    }
    const end = Math.min(from + count, options.onDisk?.() ?? total);
    const lines = Array.from({ length: Math.max(0, end - from) }, (_, index) =>
      text(`line ${from + index}`.padEnd(options.length ?? 0)),
    );
    return { lines, total };
  };
  const pages = new LinePages({ read, onRead: () => undefined, onError: (error) => errors.push(error) });
  return {
    pages,
    reads,
    errors,
    setFailing: (value: boolean) => {
      isFailing = value;
    },
  };
}

describe('the lines around the visible ones', () => {
  it('are read once, with the neighbouring pages', async () => {
    const { pages, reads } = createPages(1_000_000);
    pages.request(500_000, 500_040, 1_000_000);
    await expect.poll(() => pages.line(500_040)?.text).toBe('line 500040');
    const first = Math.floor(500_000 / pageLines) * pageLines;
    await expect.poll(() => reads).toEqual([first, first + pageLines, first - pageLines]);
    pages.request(500_010, 500_050, 1_000_000);
    expect(reads).toHaveLength(3);
  });

  it('are not read if others are requested before', async () => {
    const { pages, reads } = createPages(1_000_000);
    for (let line = 0; line < 900_000; line += 50_000) {
      pages.request(line, line + 40, 1_000_000);
    }
    await expect.poll(() => pages.line(850_000)?.text).toBe('line 850000');
    expect(reads.length).toBeLessThan(8);
  });

  it('are evicted when others are requested, also if lines are long', async () => {
    const { pages } = createPages(100_000, { length: 4_000 });
    for (let line = 0; line < 20_000; line += pageLines) {
      pages.request(line, line + 40, 100_000);
      await expect.poll(() => pages.line(line)).toBeDefined();
    }
    expect(pages.heldLines).toBeLessThanOrEqual(7 * pageLines);
    expect(pages.line(0)).toBeUndefined();
    expect(pages.line(Math.floor(19_999 / pageLines) * pageLines)).toBeDefined();
  });

  it('come from events without reading if there is no gap', () => {
    const { pages, reads } = createPages(0);
    pages.append(0, [text('first'), text('second')]);
    pages.append(
      2,
      Array.from({ length: 1_000 }, (_, index) => text(`line ${index + 2}`)),
    );
    pages.request(0, 900, 1_002);
    expect([pages.line(1)?.text, pages.line(900)?.text]).toEqual(['second', 'line 900']);
    expect(reads).toEqual([]);
  });

  it('come from events if they are not on disk yet', async () => {
    const { pages } = createPages(1_000, { onDisk: () => 980 });
    pages.append(
      980,
      Array.from({ length: 20 }, (_, index) => text(`live ${980 + index}`)),
    );
    pages.request(960, 999, 1_000);
    await expect.poll(() => pages.line(979)?.text).toBe('line 979');
    expect(pages.line(999)?.text).toBe('live 999');
  });

  it('come from events even if the lines before them are missing', () => {
    const { pages } = createPages(0);
    pages.append(0, [text('first')]);
    const before = pages.version(40);
    pages.append(40, [text('later')]);
    expect([pages.line(0)?.text, pages.line(1)?.text, pages.line(40)?.text]).toEqual(['first', undefined, 'later']);
    expect(pages.version(40)).not.toBe(before);
  });

  it('are read again until they are on disk', async () => {
    let onDisk = 900;
    const { pages } = createPages(1_000, { onDisk: () => onDisk });
    pages.request(960, 999, 1_000);
    await expect.poll(() => pages.line(899)?.text).toBe('line 899');
    expect(pages.line(960)).toBeUndefined();
    onDisk = 1_000;
    await expect.poll(() => pages.line(999)?.text).toBe('line 999');
    pages.stop();
  });

  it('are read again after a failure only on request', async () => {
    const { pages, errors, reads, setFailing } = createPages(1_000);
    setFailing(true);
    pages.request(0, 40, 1_000);
    await expect.poll(() => errors.length).toBeGreaterThan(0);
    const before = reads.length;
    setFailing(false);
    await Promise.resolve();
    expect(reads.length).toBe(before);
    pages.request(0, 40, 1_000);
    await expect.poll(() => pages.line(40)?.text).toBe('line 40');
  });

  it('have a version that changes with them', async () => {
    const { pages } = createPages(0);
    pages.append(0, [text('a')]);
    const before = pages.version(0);
    pages.append(1, [text('b')]);
    expect(pages.version(0)).not.toBe(before);
  });
});
