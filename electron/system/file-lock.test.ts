import { mkdir, mkdtemp, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { takeLock } from './file-lock.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-lock-'));
  path = join(folder, 'farms.json');
});
afterEach(() => rm(folder, { recursive: true }));

// the shortest time that the lock allows
const staleMs = 2_000;
const nextYear = new Date(Date.now() + 365 * 24 * 3_600_000);

it('takes a lock of a dead process whose time is in the future', async () => {
  await mkdir(`${path}.lock`);
  await utimes(`${path}.lock`, nextYear, nextYear);
  const release = await takeLock(path, { staleMs, timeoutMs: 30_000, onCompromised: () => undefined });
  expect((await stat(`${path}.lock`)).mtimeMs).toBeLessThan(Date.now() + 1_000);
  await release();
});

it('does not take a lock that a living process renews, however wrong its clock is', async () => {
  await mkdir(`${path}.lock`);
  let later = nextYear.getTime();
  const renew = async (): Promise<void> => {
    later += 500;
    await utimes(`${path}.lock`, new Date(later), new Date(later));
  };
  await renew();
  const timer = setInterval(() => void renew(), 500);
  try {
    await expect(takeLock(path, { staleMs, timeoutMs: 6_000, onCompromised: () => undefined })).rejects.toMatchObject({
      code: 'ELOCKED',
    });
  } finally {
    clearInterval(timer);
  }
});
