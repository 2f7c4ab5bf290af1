import { readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { packContext } from '../context/pack-context.ts';
import { createProject, temporaryFolder } from '../context/testing/project.ts';
import { findContextKey } from './context-key.ts';

let project: string;
let folder: string;

beforeEach(async () => {
  project = await createProject({ Containerfile: 'FROM scratch', library: 'old', source: 'old' });
  folder = await temporaryFolder();
  await setTime('Containerfile', 1_600_000_000.5);
});

const setTime = (name: string, seconds: number) => utimes(join(project, name), seconds, seconds);

async function change(name: string, content: string, seconds: number): Promise<void> {
  await writeFile(join(project, name), content);
  await setTime(name, seconds);
}

/** @param waitMs how long the job waits after its context was packed */
async function key(waitMs = 0): Promise<string> {
  const packed = await packContext({ context: project, spoolFolder: folder });
  try {
    await packed.done;
    vi.setSystemTime(Date.now() + waitMs);
    return await findContextKey(join(folder, 'key'), packed.source());
  } finally {
    await packed.close();
  }
}

test('stays while every change of a file also changes its time or size', async () => {
  await change('library', 'old', 1_000_000_000);
  await change('source', 'old', 1_600_000_000.25);
  const first = await key();
  expect(await key()).toBe(first);
  await change('source', 'new', 1_600_000_001.25);
  await change('library', 'newer', 1_000_000_000);
  expect(await key()).toBe(first);
});

test('changes when a program has set the time of another content, also if there was a third in between', async () => {
  await change('library', 'one', 1_000_000_000);
  const first = await key();
  await change('library', 'two', 1_000_000_100);
  expect(await key()).toBe(first);
  await change('library', 'six', 1_000_000_000);
  const second = await key();
  expect(second).not.toBe(first);
  expect(await key()).toBe(second);
});

test('changes when a file is changed twice in one tick of the clock', async () => {
  const now = Date.now() / 1000;
  await change('source', 'one', now);
  const first = await key();
  await change('source', 'two', now);
  expect(await key()).not.toBe(first);
});

test('changes when a file is changed twice in one tick of the clock, and the job waits in between', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const now = Date.now() / 1000;
  await change('source', 'one', now);
  const first = await key(60_000);
  await change('source', 'two', now);
  expect(await key()).not.toBe(first);
});

test('is remembered without the names of files, and found again from nothing if the memory is lost', async () => {
  const first = await key();
  expect(await readFile(join(folder, 'key'), 'utf8')).not.toContain('library');
  await writeFile(join(folder, 'key'), 'broken');
  expect(await key()).not.toBe(first);
});
