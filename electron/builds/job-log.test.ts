import { mkdtemp, readFile, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { JobLog, readLog, searchLog } from './job-log.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-log-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function writtenLog(lines: readonly string[]): Promise<string> {
  const path = join(folder, 'job', 'a.log');
  const log = await JobLog.create(path);
  for (const line of lines) {
    log.append(line);
  }
  await log.close();
  return path;
}

const thousand = Array.from({ length: 1000 }, (_, number) => `line ${number} ${'é'.repeat(number % 7)}`);

test('a range is read back as it was written, from any line on', async () => {
  const path = await writtenLog(thousand);
  for (const [from, count] of [
    [0, 1],
    [0, 1000],
    [255, 2],
    [256, 300],
    [999, 5],
    [511, 1],
  ] as const) {
    expect(await readLog(path, from, count)).toEqual({ lines: thousand.slice(from, from + count), total: 1000 });
  }
});

test('a range after the end is empty and has the number of lines', async () => {
  expect(await readLog(await writtenLog(thousand), 1000, 10)).toEqual({ lines: [], total: 1000 });
});

test('a log without an index can be read', async () => {
  const path = await writtenLog(thousand);
  await unlink(`${path}.index`);
  expect(await readLog(path, 300, 3)).toEqual({ lines: thousand.slice(300, 303), total: 1000 });
});

test('a missing log has no lines', async () => {
  expect(await readLog(join(folder, 'none.log'), 0, 10)).toEqual({ lines: [], total: 0 });
  expect(await searchLog(join(folder, 'none.log'), 'x', 10)).toEqual({ lines: [], more: false });
});

test('the tail has the newest lines without reading the file', async () => {
  const log = await JobLog.create(join(folder, 'a.log'), 3);
  for (const line of thousand) {
    log.append(line);
  }
  expect(log.tail).toEqual(thousand.slice(-3));
  await log.close();
});

test('line ends within a line are replaced, so that line numbers stay correct', async () => {
  const path = await writtenLog(['one\ntwo', 'three']);
  expect((await readFile(path, 'utf8')).split('\n')).toEqual(['one two', 'three', '']);
});

test('a search ignores case, returns line numbers and reports if there are more', async () => {
  const path = await writtenLog(['Error: one', 'fine', 'an ERROR', 'error']);
  expect(await searchLog(path, 'error', 10)).toEqual({ lines: [0, 2, 3], more: false });
  expect(await searchLog(path, 'error', 2)).toEqual({ lines: [0, 2], more: true });
});

test('characters other than \\n do not count as line ends in a search', async () => {
  const lines = ['a\u2028b', 'c\rd', 'e\u2029\u0085\v\f', 'needle'];
  const path = await writtenLog(lines);
  expect(await searchLog(path, 'needle', 10)).toEqual({ lines: [3], more: false });
  expect(await readLog(path, 0, 10)).toEqual({ lines, total: 4 });
});

test('very long lines are returned in several parts', async () => {
  const lines = Array.from({ length: 600 }, (_, number) => `${number} ${'x'.repeat(64 * 1024)}`);
  const path = await writtenLog(lines);
  const first = await readLog(path, 0, 600);
  expect(first.total).toBe(600);
  expect(first.lines.length).toBeGreaterThan(100);
  expect(first.lines.length).toBeLessThan(400);
  const next = await readLog(path, first.lines.length, 1);
  expect(next.lines[0]?.slice(0, 10)).toBe(lines[first.lines.length]?.slice(0, 10));
  expect((await readLog(path, 599, 5)).lines).toEqual(lines.slice(599));
});

test('the tail has only the beginning of a very long line', async () => {
  const log = await JobLog.create(join(folder, 'a.log'), 3);
  log.append('x'.repeat(64 * 1024));
  expect(log.tail[0]).toMatch(/^x{2000}…$/);
  await log.close();
});
