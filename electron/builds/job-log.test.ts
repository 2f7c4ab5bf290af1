import { mkdtemp, readFile, rm, stat, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { JobLog, readLog, searchLog, withStepIds } from './job-log.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-log-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function writtenLog(lines: readonly string[]): Promise<string> {
  const path = join(folder, 'job', 'a.log');
  const log = await JobLog.create(path);
  for (const line of lines) {
    log.append(line, facts);
  }
  await log.close();
  return path;
}

const facts = { stream: 'stdout', time: 1_700_000_000_000 } as const;
/** What a read of `count` lines gives beside them. */
const sameFacts = (count: number) => ({ facts: Array.from({ length: count }, () => expect.objectContaining(facts)) });

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
    const lines = thousand.slice(from, from + count);
    expect(await readLog(path, from, count)).toEqual({ lines, ...sameFacts(lines.length), total: 1000 });
  }
});

test('a range after the end is empty and has the number of lines', async () => {
  expect(await readLog(await writtenLog(thousand), 1000, 10)).toEqual({ lines: [], facts: [], total: 1000 });
});

test('a log of an older version can be read, with its index and without', async () => {
  const path = await writtenLog(thousand);
  await unlink(`${path}.lines`);
  expect(await readLog(path, 300, 3)).toEqual({ lines: thousand.slice(300, 303), total: 1000 });
  const bytes = (count: number) =>
    Buffer.byteLength(
      thousand
        .slice(0, count)
        .map((line) => `${line}\n`)
        .join(''),
    );
  const index = { lines: 1000, bytes: bytes(1000), offsets: [0, 256, 512, 768].map(bytes) };
  await writeFile(`${path}.index`, JSON.stringify(index));
  expect(await readLog(path, 300, 3)).toEqual({ lines: thousand.slice(300, 303), total: 1000 });
});

test('a line keeps its stream, its time and its step, while the log is written and afterwards', async () => {
  const log = await JobLog.create(join(folder, 'a.log'));
  log.append('STEP 1/1: RUN x', { stream: 'engine', time: 1_800_000_000_123, stepLine: 0 });
  log.append('oops', { stream: 'stderr', time: 1_800_000_000_124, stepLine: 0 });
  log.append('later', { stream: 'stdout', time: 1_800_000_000_125 });
  const expected = {
    lines: ['STEP 1/1: RUN x', 'oops', 'later'],
    stepIds: ['0:1', '0:1', null],
    times: [1_800_000_000_123, 1_800_000_000_124, 1_800_000_000_125],
    streams: ['engine', 'stderr', 'stdout'],
    total: 3,
  };
  const steps = [{ id: '0:1', firstLine: 0 }];
  await expect.poll(async () => withStepIds(await log.read(0, 10), steps)).toEqual(expected);
  await log.close();
  expect(withStepIds(await readLog(join(folder, 'a.log'), 0, 10), steps)).toEqual(expected);
  // steps of an attempt on a lost node are not steps of the job
  expect(withStepIds(await readLog(join(folder, 'a.log'), 0, 1), [{ id: '0:1', firstLine: 9 }]).stepIds).toEqual([
    null,
  ]);
});

test('a log whose last line was cut off has the lines before it', async () => {
  const path = await writtenLog(thousand);
  await truncate(path, (await stat(path)).size - 5);
  expect((await readLog(path, 990, 100)).lines).toEqual(thousand.slice(990, 999));
});

test('a missing log has no lines', async () => {
  expect(await readLog(join(folder, 'none.log'), 0, 10)).toEqual({ lines: [], total: 0 });
  expect(await searchLog(join(folder, 'none.log'), { text: 'x', limit: 10 })).toEqual({ lines: [], more: false });
});

test('the tail has the newest lines without reading the file', async () => {
  const log = await JobLog.create(join(folder, 'a.log'), { tailLength: 3 });
  for (const line of thousand) {
    log.append(line, facts);
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
  expect(await searchLog(path, { text: 'error', limit: 10 })).toEqual({ lines: [0, 2, 3], more: false });
  expect(await searchLog(path, { text: 'error', limit: 2 })).toEqual({ lines: [0, 2], more: true });
});

test('characters other than \\n do not count as line ends in a search', async () => {
  const lines = ['a\u2028b', 'c\rd', 'e\u2029\u0085\v\f', 'needle'];
  const path = await writtenLog(lines);
  expect(await searchLog(path, { text: 'needle', limit: 10 })).toEqual({ lines: [3], more: false });
  expect(await readLog(path, 0, 10)).toEqual({ lines, ...sameFacts(4), total: 4 });
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
  const log = await JobLog.create(join(folder, 'a.log'), { tailLength: 3 });
  log.append('x'.repeat(64 * 1024), facts);
  expect(log.tail[0]).toMatch(/^x{2000}…$/);
  await log.close();
});

test('a search ignores colours and returns the part of each line around the match', async () => {
  const path = join(folder, 'coloured.log');
  const [red, plain] = ['\u001b[31m', '\u001b[0m'];
  const long = `${'x'.repeat(5_000)} Needle ${'y'.repeat(5_000)}`;
  await writeFile(path, `${red}nee${plain}dle\u0007 here\nnothing\n${long}\n`);
  const { lines, excerpts = [] } = await searchLog(path, { text: 'needle', limit: 10, excerpts: true });
  expect(lines).toEqual([0, 2]);
  expect(excerpts[0]).toMatch(/^needle.? here$/);
  expect(excerpts[1]).toMatch(/^…x+ Needle y+…?$/);
  expect(excerpts[1]?.length).toBeLessThan(210);
});

test('a search ends when it is cancelled', async () => {
  const path = join(folder, 'cancelled.log');
  await writeFile(path, 'needle\n'.repeat(100_000));
  const search = searchLog(path, { text: 'none of it', limit: 10 }, AbortSignal.abort(new Error('cancelled')));
  await expect(search).rejects.toThrow('cancelled');
});
