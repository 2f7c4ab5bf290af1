import { statfs } from 'node:fs/promises';

/** The size and free space of the file system of a folder, in bytes. Undefined where the system does not say it. */
export async function readDiskSpace(
  folder: string,
): Promise<{ readonly total: number; readonly free: number } | undefined> {
  try {
    const { bsize, blocks, bavail } = await statfs(folder);
    return { total: bsize * blocks, free: bsize * bavail };
  } catch {
    return undefined;
  }
}
