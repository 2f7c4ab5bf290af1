/** A data folder on a disk that is full to the last byte. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ImageStore } from '../electron/images/image-store.ts';
import { addSampleImage, sampleImage } from '../electron/images/testing/sample-image.ts';
import { errnoCode } from '../electron/system/file-errors.ts';
import { Person } from './harness.ts';

const run = promisify(execFile);

/** Only root can mount a file system. */
const canMount = process.platform === 'linux' && process.getuid?.() === 0;

let folder: string;
let person: Person;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-full-'));
  if (canMount) {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=700', 'none', folder]);
  }
  person = await Person.create({ BARNRAISER_HOME: folder });
});
afterAll(async () => {
  if (canMount) {
    await run('umount', [folder]);
  }
  await person?.remove();
  await rm(folder, { recursive: true });
});

/** Writes a file until nothing more fits. */
async function fillDisk(): Promise<void> {
  const file = await open(join(folder, 'filler'), 'a');
  try {
    for (let size = 64 * 1024; size > 0; ) {
      try {
        await file.write(randomBytes(size));
      } catch (error) {
        expect(errnoCode(error)).toBe('ENOSPC');
        size = size > 1 ? Math.floor(size / 2) : 0;
      }
    }
  } finally {
    await file.close();
  }
  expect((await statfs(folder)).bfree).toBe(0);
}

it.skipIf(!canMount)('an image can be removed, which frees its space', async () => {
  // the first command makes the reserve
  expect(await person.mustRun('images', '--json')).toBe('[]\n');
  const store = await ImageStore.open(join(folder, 'images'));
  const lease = await store.createLease('test');
  const image = await addSampleImage(store, lease, sampleImage('linux/amd64', { layers: [randomBytes(1_000_000)] }));
  await store.commit('api:1', [image]);
  await lease.release();
  await store.close();
  await fillDisk();

  const { code, stderr, stdout } = await person.barnraiser('rm', 'api:1');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('api:1');
  expect(await person.mustRun('images', '--json')).toBe('[]\n');
  expect((await statfs(folder)).bfree).toBeGreaterThan(0);
});
