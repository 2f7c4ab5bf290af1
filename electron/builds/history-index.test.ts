import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BuildEntry } from '../../shared/build-entry.ts';
import { parsePlatform } from '../../shared/platform.ts';
import { HistoryIndex, type PageRequest } from './history-index.ts';

const platform = parsePlatform('linux/arm64') ?? expect.fail('no platform');

let home: string;
let records: string;
let folder: string;
/** The ids of the records that were read. */
let reads: string[];
let entries: Map<string, BuildEntry>;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'barnraiser-index-'));
  records = join(home, 'builds');
  folder = join(home, 'builds.index');
  reads = [];
  entries = new Map();
  await mkdir(records);
});
afterEach(() => rm(home, { recursive: true }));

/** The index as another process or a later one has it. */
function open(): HistoryIndex {
  return new HistoryIndex(folder, records, async (id) => {
    reads.push(id);
    return entries.get(id);
  });
}

function entry(id: string, change: Partial<BuildEntry> = {}): BuildEntry {
  const job = { platform, node: 'pi4', mode: 'native', status: 'done', durationMs: 5 } as const;
  return { id, status: 'done', reference: 'api:1', project: '/src/api', createdAt: id, jobs: [job], ...change };
}

async function record(...added: BuildEntry[]): Promise<void> {
  for (const each of added) {
    entries.set(each.id, each);
    await mkdir(join(records, each.id));
  }
}

/** Records ended builds and adds them to the index. */
async function add(index: HistoryIndex, ...added: BuildEntry[]): Promise<void> {
  await record(...added);
  for (const each of added) {
    await index.add(each.id);
    await index.set(each);
  }
}

async function ids(index: HistoryIndex, request: Partial<PageRequest> = {}): Promise<string[]> {
  return (await index.page({ limit: 1000, ...request })).entries.map(({ id }) => id);
}

/** Ids of builds on three days. */
const seven = [1, 1, 1, 2, 2, 3, 3].map((day, number) => `2026010${day}-00000${number}-aaaa`);

test('pages follow each other, newest first, over several days, without reading records', async () => {
  const index = open();
  await add(index, ...seven.map((id) => entry(id)));
  const first = await index.page({ limit: 3 });
  expect(first).toEqual({
    entries: seven
      .slice(4)
      .reverse()
      .map((id) => entry(id)),
    next: seven[4],
  });
  const second = await index.page({ limit: 3, cursor: first.next });
  expect(second.entries.map(({ id }) => id)).toEqual(seven.slice(1, 4).reverse());
  const last = await index.page({ limit: 3, cursor: second.next });
  expect(last).toEqual({ entries: [entry(seven[0] ?? '')] });
  expect(reads).toEqual([]);
});

test('a filter finds words in any case, a status and a project', async () => {
  const index = open();
  const [a = '', b = '', c = ''] = seven;
  await add(
    index,
    entry(a, { reference: 'registry/Web:"2"' }),
    entry(b, { status: 'failed', project: '/src/é' }),
    entry(c),
  );
  expect(await ids(index, { filter: { text: 'web:"2" PI4' } })).toEqual([a]);
  expect(await ids(index, { filter: { text: 'É failed' } })).toEqual([b]);
  expect(await ids(index, { filter: { status: 'failed' } })).toEqual([b]);
  expect(await ids(index, { filter: { project: '/src/api' } })).toEqual([c, a]);
  // words of the index itself are no words of a build
  expect(await ids(index, { filter: { text: 'reference' } })).toEqual([]);
});

test('a build that runs is read from its record until it has ended', async () => {
  const index = open();
  const [id = ''] = seven;
  await record(entry(id, { status: 'running' }));
  await index.add(id);
  expect(await index.page({ limit: 5 })).toMatchObject({ entries: [{ id, status: 'running' }] });
  await index.set(entry(id, { status: 'failed' }));
  expect(await index.page({ limit: 5 })).toMatchObject({ entries: [{ id, status: 'failed' }] });
  expect(reads).toEqual([id]);
});

test('builds of an older version, without an index, are found at once', async () => {
  await record(...seven.map((id) => entry(id)));
  expect(await ids(open())).toEqual(seven.toReversed());
});

test('an index out of step with the records is repaired', async () => {
  const index = open();
  await add(index, ...seven.map((id) => entry(id)));
  await index.check();
  await rm(join(records, seven[6] ?? ''), { recursive: true });
  await record(entry('20251231-000000-aaaa'));
  expect(await ids(index)).toEqual(seven.slice(0, 6).reverse());
  await index.check();
  expect(await ids(index)).toEqual([...seven.slice(0, 6).reverse(), '20251231-000000-aaaa']);
  expect(await readFile(join(folder, '20260103.jsonl'), 'utf8')).toContain('"removed":true');
  // nothing has changed since
  const before = await readFile(join(folder, '20260103.jsonl'));
  await open().check();
  expect(await readFile(join(folder, '20260103.jsonl'))).toEqual(before);
});

test('a line that was not completed and damaged lines hide no other build', async () => {
  const index = open();
  const [a = '', b = '', c = ''] = seven;
  await add(index, entry(a));
  await appendFile(join(folder, '20260101.jsonl'), `{"id":"${b}","ent`);
  await add(index, entry(c));
  await record(entry(b));
  await writeFile(
    join(folder, '20260101.jsonl'),
    (await readFile(join(folder, '20260101.jsonl'), 'utf8')).replace('"reference":"api:1"', '"reference":1'),
  );
  await index.check();
  expect(await ids(index)).toEqual([c, b, a]);
  expect(reads.sort()).toEqual([a, b]);
});

test('several processes add builds of the same day at once', async () => {
  const many = Array.from({ length: 60 }, (_, number) => `20260101-${String(number).padStart(6, '0')}-aaaa`);
  const indexes = [open(), open(), open()];
  await record(...many.map((id) => entry(id)));
  await Promise.all(many.map((id, number) => indexes[number % 3]?.set(entry(id))));
  expect(await ids(open())).toEqual(many.toReversed());
  expect(reads).toEqual([]);
});

test('the builds beyond the newest ones are known without reading records', async () => {
  const index = open();
  await add(index, ...seven.map((id) => entry(id)));
  expect(await index.idsBeyond(7)).toEqual([]);
  expect(await index.idsBeyond(3)).toEqual(seven.slice(0, 4).reverse());
  await add(index, entry('20260104-000000-aaaa'));
  expect(await index.idsBeyond(3)).toEqual(seven.slice(0, 5).reverse());
  expect(reads).toEqual([]);
});

test('removed builds are not listed, and an old day without builds leaves no file', async () => {
  const index = open();
  await add(index, ...seven.map((id) => entry(id)));
  for (const id of seven.slice(3)) {
    await rm(join(records, id), { recursive: true });
  }
  await index.remove(seven.slice(3));
  expect(await ids(index)).toEqual(seven.slice(0, 3).reverse());
  expect(await readdir(folder)).toEqual(['20260101.jsonl', 'checked']);
});
