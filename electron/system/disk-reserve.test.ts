import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fail } from '../../shared/problem.ts';
import { DiskReserve } from './disk-reserve.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-reserve-'));
  path = join(folder, 'reserve');
});
afterEach(() => rm(folder, { recursive: true }));

it('lends the reserve once when the disk is full, and keeps one otherwise', async () => {
  const reserve = new DiskReserve(path);
  await reserve.lend(async () => undefined);
  expect((await stat(path)).size).toBe(64 * 1024);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const sizes: (number | undefined)[] = [];
  const result = await reserve.lend(async () => {
    sizes.push((await stat(path).catch(() => undefined))?.size);
    if (sizes.length === 1) {
      throw fail('disk.full', 'There is no space left.', 'Free some.');
    }
    return 'done';
  });
  expect(result).toBe('done');
  expect(sizes).toEqual([64 * 1024, undefined]);
});

it('passes on other failures, and that the disk is still full', async () => {
  const reserve = new DiskReserve(path);
  await reserve.lend(async () => undefined);
  const full = () => Promise.reject(fail('disk.full', 'There is no space left.', 'Free some.'));
  await expect(reserve.lend(full)).rejects.toMatchObject({ problem: { code: 'disk.full' } });
  await expect(reserve.lend(() => Promise.reject(new Error('other')))).rejects.toThrow('other');
});
