import { randomBytes } from 'node:crypto';
import { mkdir, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Digest } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import { diskFailure, errnoCode } from '../system/file-errors.ts';
import { syncFolder } from '../system/sync-folder.ts';
import { BlobWriter } from './blob-writer.ts';
import type { ExportContent, ExportDestination, ExportOptions } from './export-types.ts';
import type { ImageStore } from './image-store.ts';
import { emptyLayoutIndex, layoutMarker, readLayoutIndex, withReference, writeLayoutIndex } from './layout-index.ts';
import { withLayoutLock } from './layout-lock.ts';

/** Exports into a new or empty folder, or adds to the OCI layout in a folder. Existing blobs are not copied. */
export async function exportFolder(
  store: ImageStore,
  content: ExportContent,
  destination: ExportDestination,
  options: ExportOptions,
): Promise<void> {
  const isNew = await isNewFolder(destination.path);
  const addedPaths: string[] = [];
  try {
    await mkdir(join(destination.path, 'blobs', 'sha256'), { recursive: true });
    const folder = await realpath(destination.path);
    if (folder === store.folder) {
      throw fail('image.destination', `${destination.path} is the image store itself.`, 'Export to another folder.');
    }
    const pathOf = (digest: Digest): string => join(folder, 'blobs', 'sha256', digest.slice('sha256:'.length));
    for (const { digest, size } of content.blobs) {
      if ((await stat(pathOf(digest)).catch(() => undefined))?.size === size) {
        continue;
      }
      const stagingPath = join(folder, `.part-${randomBytes(8).toString('hex')}`);
      const writer = new BlobWriter({ stagingPath, pathOf, maxBytes: size });
      try {
        await copyBlob(store.blobs.read(digest), writer, options);
        await writer.finish(digest);
      } finally {
        await writer.abort();
      }
      addedPaths.push(pathOf(digest));
    }
    await syncFolder(join(folder, 'blobs', 'sha256'));
    await withLayoutLock(folder, async () => {
      const index = (await readLayoutIndex(folder)) ?? emptyLayoutIndex;
      options.signal?.throwIfAborted();
      if (isNew) {
        await writeFile(join(folder, 'oci-layout'), layoutMarker);
      }
      await writeLayoutIndex(folder, withReference(index, destination.name, content.descriptor));
    });
  } catch (error) {
    await (isNew ? emptyFolder(destination.path) : Promise.all(addedPaths.map((path) => rm(path, { force: true }))));
    throw diskFailure(error, destination.path);
  }
}

async function copyBlob(blob: Readable, writer: BlobWriter, { signal, onBytes }: ExportOptions): Promise<void> {
  for await (const chunk of blob) {
    signal?.throwIfAborted();
    await writer.write(chunk);
    onBytes?.(chunk.length);
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

async function emptyFolder(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}
