import { mkdir, readdir, realpath, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Digest } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import { diskFailure, errnoCode } from '../system/file-errors.ts';
import { isOld } from '../system/part-path.ts';
import { syncFolder } from '../system/sync-folder.ts';
import { BlobStore } from './blob-store.ts';
import type { BlobWriter } from './blob-writer.ts';
import { readBlob } from './export-content.ts';
import type { ExportContent, ExportOptions } from './export-types.ts';
import { findReachableDigests } from './garbage-collection.ts';
import type { ImageStore } from './image-store.ts';
import { emptyLayoutIndex, layoutMarker, readLayoutIndex, withReference, writeLayoutIndex } from './layout-index.ts';
import { withLayoutLock } from './layout-lock.ts';

/** Exports into a new or empty folder, or adds to the OCI layout in a folder. Existing blobs are not copied. */
export async function exportFolder(
  store: ImageStore,
  content: ExportContent,
  destination: { readonly path: string; readonly name: string },
  options: ExportOptions,
): Promise<void> {
  const isNew = await isNewFolder(destination.path);
  const added = new Set<Digest>();
  try {
    await mkdir(destination.path, { recursive: true });
    const folder = await realpath(destination.path);
    if (folder === store.folder) {
      throw fail('image.destination', `${destination.path} is the image store itself.`, 'Export to another folder.');
    }
    const target = new BlobStore(folder, folder);
    // first, so that another export takes the folder for a layout; and again below, because a failed export removes it
    await writeMarker(folder);
    for (let isComplete = false; !isComplete; ) {
      for (const blob of await missingBlobs(target, content)) {
        await target.createFolder();
        try {
          const writer = target.createWriter({ maxBytes: blob.size });
          await copyBlob(readBlob(store.blobs, blob, options), writer, blob.digest);
          added.add(blob.digest);
        } catch (error) {
          // another export that was cancelled may have removed the folder while it was empty; the next round copies the blob
          if (errnoCode(error) !== 'ENOENT') {
            throw error;
          }
        }
      }
      isComplete = await withLayoutLock(folder, async () => {
        // another export that was cancelled may have removed a blob that it had added
        if ((await missingBlobs(target, content)).length > 0) {
          return false;
        }
        await syncFolder(target.folder);
        const index = (await readLayoutIndex(folder)) ?? emptyLayoutIndex;
        options.signal?.throwIfAborted();
        await writeMarker(folder);
        await writeLayoutIndex(folder, withReference(index, destination.name, content.root));
        await removeLeftBlobs(folder);
        return true;
      });
    }
  } catch (error) {
    // what cannot be removed does not hide the error
    await removeAdded(destination.path, added, isNew).catch(() => undefined);
    throw diskFailure(error, destination.path);
  }
}

async function missingBlobs(target: BlobStore, { blobs }: ExportContent): Promise<ExportContent['blobs']> {
  const sizes = await Promise.all(blobs.map(({ digest }) => target.size(digest)));
  return blobs.filter(({ size }, index) => sizes[index] !== size);
}

/** Removes what a failed export has added, except the blobs that an image of another export needs, too. */
async function removeAdded(path: string, added: ReadonlySet<Digest>, isNew: boolean): Promise<void> {
  const folder = await realpath(path);
  const blobs = new BlobStore(folder, folder);
  await withLayoutLock(folder, async () => {
    const index = await readLayoutIndex(folder);
    const needed = index ? await findReachableDigests(blobs, index) : new Set<Digest>();
    for (const digest of added) {
      if (needed && !needed.has(digest)) {
        await blobs.remove(digest);
      }
    }
    if (!isNew || index) {
      return;
    }
    await rm(join(folder, 'oci-layout'), { force: true });
    // incomplete blobs are those of another export; a folder that is not empty stays
    if (!(await readdir(folder)).some((name) => name.startsWith('blob-'))) {
      await rmdir(blobs.folder);
      await rmdir(dirname(blobs.folder));
    }
  });
}

/** Removes incomplete blobs of exports that were killed. */
async function removeLeftBlobs(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith('blob-') && (await isOld(join(folder, name)))) {
      await rm(join(folder, name), { force: true });
    }
  }
}

async function writeMarker(folder: string): Promise<void> {
  await writeFile(join(folder, 'oci-layout'), layoutMarker, { flag: 'wx' }).catch((error: unknown) => {
    if (errnoCode(error) !== 'EEXIST') {
      throw error;
    }
  });
}

async function copyBlob(blob: AsyncIterable<Buffer>, writer: BlobWriter, digest: Digest): Promise<void> {
  try {
    for await (const chunk of blob) {
      await writer.write(chunk);
    }
    await writer.finish(digest);
  } finally {
    await writer.abort();
  }
}

/**
 * Whether the folder does not exist yet or is empty.
 * @throws Failure `image.destination` if it has any content other than an OCI layout.
 */
async function isNewFolder(path: string): Promise<boolean> {
  let names: string[];
  try {
    names = await readdir(path);
  } catch (error) {
    switch (errnoCode(error)) {
      case 'ENOENT':
        return true;
      case 'ENOTDIR':
        throw fail(
          'image.destination',
          `${path} is a file, but an OCI layout needs a folder.`,
          'Choose another folder, or use oci-archive:FILE for a tar file.',
        );
      default:
        throw diskFailure(error, path);
    }
  }
  if (names.length > 0 && !names.includes('oci-layout')) {
    throw fail(
      'image.destination',
      `The folder ${path} is not empty and is not an OCI layout.`,
      'Choose a new or empty folder, or an OCI layout to add to.',
    );
  }
  return names.length === 0;
}
