/**
 * How long it takes to list a history of 100,000 builds, which a process that has just been started opens. The limit that we set
 * ourselves for the first page is a row; other times are printed.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { formatRecord } from '../../electron/builds/build-record-file.ts';
import { History } from '../../electron/builds/history.ts';
import { HistoryIndex } from '../../electron/builds/history-index.ts';
import { RunningBuilds } from '../../electron/builds/running-builds.ts';
import { sample } from '../../renderer/testing/fixture-data.ts';
import { entryOf } from '../../shared/build-entry.ts';
import { type Bench, measureSeconds } from './bench.ts';

const firstPageLimitSeconds = 0.1;
const buildsPerDay = 100;

export async function measureHistory(bench: Bench): Promise<void> {
  const builds = bench.isSmall ? 1000 : 100_000;
  const home = await mkdtemp(join(tmpdir(), 'barnraiser-bench-history-'));
  const folder = join(home, 'builds');
  const open = () =>
    new History(folder, new RunningBuilds(join(home, 'running')), () => Promise.reject(new Error('there is no image')));
  try {
    await writeHistory(folder, builds);
    await measure('adopt records without an index', () => open().list({ limit: 200 }));
    await writeIndex(folder, builds);
    await new HistoryIndex(`${folder}.index`, folder, async () => undefined).check();
    await bench.repeat(async () => {
      bench.add('history/first-page', await measureSeconds(() => open().list({ limit: 200 })), firstPageLimitSeconds);
    });
    const history = open();
    await measure('first page again', () => history.list({ limit: 200 }));
    await measure('page in the middle', () => history.list({ limit: 200, cursor: idOf(builds / 2) }));
    await measure('search without a match', () => history.list({ limit: 200, filter: { text: 'no such build' } }));
    await measure('search of the oldest', () => history.list({ limit: 200, filter: { text: idOf(0) } }));
    await measure('retention, first time', () => history.retain(builds - 10));
    await measure('retention, later', () => history.retain(builds - 20));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function measure(name: string, work: () => Promise<unknown>): Promise<void> {
  console.error(`${name}: ${(1000 * (await measureSeconds(work))).toFixed(0)} ms`);
}

function idOf(number: number): string {
  const time = new Date(Date.UTC(2024, 0, 1 + Math.floor(number / buildsPerDay), 0, 0, number % buildsPerDay));
  return History.newId(time, 'be0c');
}

/** Records, each in its folder, as an older version leaves them. */
async function writeHistory(folder: string, builds: number): Promise<void> {
  await pLimit(32).map(Array.from({ length: builds }).keys(), async (number) => {
    const id = idOf(number);
    await mkdir(join(folder, id), { recursive: true });
    await writeFile(join(folder, id, 'build.json'), formatRecord({ ...sample.failed(), id }));
  });
}

/** The index as it is when each build was added to it. */
async function writeIndex(folder: string, builds: number): Promise<void> {
  await rm(`${folder}.index`, { recursive: true });
  await mkdir(`${folder}.index`);
  for (let day = 0; day * buildsPerDay < builds; day += 1) {
    const ids = Array.from({ length: buildsPerDay }, (_, number) => idOf(day * buildsPerDay + number));
    const lines = ids.flatMap((id) => [
      JSON.stringify({ id }),
      JSON.stringify({ id, entry: entryOf({ ...sample.failed(), id }) }),
    ]);
    const [first = ''] = ids;
    await writeFile(join(`${folder}.index`, `${first.slice(0, 8)}.jsonl`), `${lines.join('\n')}\n`);
  }
}
