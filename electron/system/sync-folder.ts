import { open } from 'node:fs/promises';

/**
 * Flushes a folder to disk, so that renames and new names in it survive a loss of power. Does nothing where the system
 * cannot open folders (Windows): there, the file system's journal protects them.
 */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  if (handle) {
    await handle.sync().catch(() => undefined);
    await handle.close();
  }
}
