/** Makes folders that appear only when all of their content is there. */
import { chmod, lstat, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoCode } from './file-errors.ts';
import { leftParts, partPath } from './part-path.ts';
import { syncFolder } from './sync-folder.ts';

/** What is at a path where a folder is to be made. */
export type FolderState = 'missing' | 'empty' | 'full' | 'file';

export async function folderState(path: string): Promise<FolderState> {
  try {
    return (await readdir(path)).length === 0 ? 'empty' : 'full';
  } catch (error) {
    switch (errnoCode(error)) {
      case 'ENOENT':
        return 'missing';
      case 'ENOTDIR':
        return 'file';
      default:
        throw error;
    }
  }
}

/**
 * Fills a new folder and moves it to `path`, where there is nothing or an empty folder, or a folder that it replaces. A failure leaves
 * what was there.
 */
export async function makeFolder(path: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const state = await folderState(path);
  // an empty folder may be the root of another file system, or the working folder of a program
  const parent = state === 'empty' ? path : dirname(path);
  const part = partPath(path, 'part', parent);
  await mkdir(parent, { recursive: true });
  await mkdir(part, { mode: 0o700 });
  try {
    await fill(part);
    if (state === 'empty') {
      await moveContent(part, path);
    } else {
      await replaceFolder(part, path, state === 'full' ? partPath(path, 'old') : undefined);
    }
    await syncFolder(parent);
    await removeLeft(path);
  } catch (error) {
    await removeTree(part);
    throw error;
  }
}

/** Removes what killed processes have left of a file or folder that is whole now. Never rejects. */
export async function removeLeft(path: string): Promise<void> {
  for (const left of await leftParts(path).catch(() => [])) {
    await removeTree(left);
  }
}

async function replaceFolder(part: string, path: string, old: string | undefined): Promise<void> {
  if (old === undefined) {
    await rename(part, path);
    return;
  }
  await rename(path, old);
  try {
    await rename(part, path);
  } catch (error) {
    await rename(old, path);
    throw error;
  }
  await removeTree(old);
}

async function moveContent(part: string, path: string): Promise<void> {
  const moved: string[] = [];
  const { mode } = await lstat(part);
  await chmod(part, 0o700);
  try {
    for (const name of await readdir(part)) {
      await rename(join(part, name), join(path, name));
      moved.push(name);
    }
  } catch (error) {
    await Promise.all(moved.map((name) => removeTree(join(path, name))));
    throw error;
  }
  await rmdir(part);
  // that of the root of the image
  await chmod(path, mode & 0o7777).catch(() => undefined);
}

/** Removes a folder with all that is in it, also folders that are read-only. Never rejects. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(async () => {
    await makeWritable(path).catch(() => undefined);
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  });
}

async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      await makeWritable(join(folder, entry.name));
    }
  }
}
