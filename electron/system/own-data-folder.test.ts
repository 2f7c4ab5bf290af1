import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDataFolder } from './own-data-folder.ts';

let parent: string;
let folder: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'barnraiser-data-'));
  folder = join(parent, 'data');
});
afterEach(() => rm(parent, { recursive: true }));

const modeOf = async (): Promise<string> => ((await stat(folder)).mode & 0o7777).toString(8);

describe.skipIf(process.platform === 'win32')('a data folder', () => {
  it('is created for this user only', async () => {
    await makeDataFolder(folder);
    expect(await modeOf()).toBe('700');
  });

  it('is closed to others if it is empty or was used before', async () => {
    await mkdir(folder);
    await mkdir(join(folder, 'desktop'));
    for (const mode of [0o755, 0o777]) {
      await chmod(folder, mode);
      await makeDataFolder(folder);
      expect(await modeOf()).toBe('700');
      await mkdir(join(folder, 'images.work'), { recursive: true });
    }
  });

  it('is refused and not changed if it has other things in it, or is shared', async () => {
    await mkdir(folder);
    await writeFile(join(folder, '.profile'), '');
    await chmod(folder, 0o755);
    await expect(makeDataFolder(folder)).rejects.toMatchObject({ problem: { code: 'settings.unwritable' } });
    expect(await modeOf()).toBe('755');
    await mkdir(join(folder, 'images.work'));
    await chmod(folder, 0o1777);
    await expect(makeDataFolder(folder)).rejects.toMatchObject({ problem: { code: 'settings.unwritable' } });
    expect(await modeOf()).toBe('1777');
  });

  it('may have other things in it if others cannot enter it', async () => {
    await mkdir(folder, { mode: 0o700 });
    await writeFile(join(folder, '.profile'), '');
    await makeDataFolder(folder);
  });
});
