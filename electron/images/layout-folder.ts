import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { fail } from '../../shared/problem.ts';
import { diskFailure, errnoCode } from '../system/file-errors.ts';
import { syncFolder } from '../system/sync-folder.ts';
import type { BlobStore } from './blob-store.ts';
import { emptyLayoutIndex, layoutMarker, writeLayoutIndex } from './layout-index.ts';
import { withLayoutLock } from './layout-lock.ts';

/**
 * Creates the files of an OCI layout in a folder that is not one yet. Other files in the folder stay.
 * @throws Failure `image.corrupt` if the folder has blobs but no index.
 */
export async function createLayout(folder: string, blobs: BlobStore): Promise<void> {
  if (await isLayout(folder)) {
    await blobs.createFolder();
    return;
  }
  await withLayoutLock(folder, async () => {
    await blobs.createFolder();
    if (!(await stat(join(folder, 'index.json')).catch(() => undefined))) {
      if ((await blobs.listDigests()).length > 0) {
        throw missingIndexFailure(folder);
      }
      await writeLayoutIndex(folder, emptyLayoutIndex);
    }
    // written last, so that a folder with this file is a complete layout
    await writeFileAtomic(join(folder, 'oci-layout'), layoutMarker);
    await syncFolder(folder);
  });
}

async function isLayout(folder: string): Promise<boolean> {
  try {
    await readFile(join(folder, 'oci-layout'));
    return true;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') {
      return false;
    }
    throw diskFailure(error, folder);
  }
}

/**
 * Blobs are renamed from the work folder into the layout, which works only inside one file system.
 * @throws Failure `settings.unwritable`
 */
export async function assertSameFileSystem(folder: string, workFolder: string): Promise<void> {
  if ((await stat(folder)).dev !== (await stat(workFolder)).dev) {
    throw fail(
      'settings.unwritable',
      `The image store ${folder} is a mount point, so its work folder ${workFolder} is on another file system.`,
      `Use a folder inside it instead, for example ${join(folder, 'images')}.`,
      `${dirname(folder)} and ${folder} are on different file systems.`,
    );
  }
}

export function missingIndexFailure(folder: string) {
  return fail(
    'image.corrupt',
    `The file index.json of the image store ${folder} is missing.`,
    'Restore it from a backup, or move the folder away to start with an empty one.',
  );
}
