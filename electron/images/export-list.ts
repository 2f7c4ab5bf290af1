/** Outputs of images of local storage as files and folders. */
import { constants, createWriteStream, openSync } from 'node:fs';
import { readFile, rename, rm, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import type { Digest } from '../../shared/image.ts';
import { formatOutput, type Output, outputRow, standardOutput } from '../../shared/output.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import { diskFailure, errnoCode } from '../system/file-errors.ts';
import { folderState, removeLeft } from '../system/new-folder.ts';
import { partPath } from '../system/part-path.ts';
import { syncFolder } from '../system/sync-folder.ts';
import { type TarFile, tarOf } from '../system/tar-of.ts';
import { dockerArchiveFiles, layoutFiles, writeTar } from './export-archive.ts';
import { contentOf, contentOfImage, layerBytes, onlyImage, totalBytes } from './export-content.ts';
import { dirVersionFile, exportDir } from './export-dir.ts';
import { exportFolder } from './export-folder.ts';
import { exportRootFolder, rootTarFiles } from './export-rootfs.ts';
import type { ExportOptions } from './export-types.ts';
import type { ImageStore } from './image-store.ts';
import type { StoredList } from './stored-list.ts';

export interface OutputOptions extends ExportOptions {
  /** Called once, with the bytes that {@link ExportOptions.onBytes} will count. */
  readonly onTotal?: (bytes: number) => void;
  /** Replaces a file or folder that is there. */
  readonly replaces?: boolean;
  /** The list that the reference has to have. */
  readonly digest?: Digest | undefined;
}

export interface WrittenOutput {
  readonly path: string;
  /** Of the blobs, or of the files of root file systems. */
  readonly bytes: number;
  readonly notes: readonly string[];
}

/** Files and folders; engines are not written by this module. */
type FileOutput = Output & { readonly path: string };

function assertFile(output: Output): asserts output is FileOutput {
  if (output.path === undefined) {
    throw new Error(`${formatOutput(output)} is no file`);
  }
}

/**
 * Writes an output, which is not of an engine. What fails or is cancelled is removed again, and what was there stays.
 * @throws Failure `image.unknown`, `image.platform`, `image.destination`, `image.corrupt`, `disk.full`, `settings.unwritable`
 */
export async function exportList(
  store: ImageStore,
  reference: string,
  output: Output,
  options: OutputOptions = {},
): Promise<WrittenOutput> {
  assertFile(output);
  const { path } = output;
  await assertFree(output, options.replaces);
  return withList(store, reference, options.digest, async (stored) => {
    const content = (): ReturnType<typeof contentOf> => contentOf(stored, reference, output.platforms);
    const name = output.name ?? reference;
    const begin = (bytes: number): number => {
      options.onTotal?.(bytes);
      return bytes;
    };
    try {
      switch (output.kind) {
        case 'oci': {
          const part = content();
          const bytes = begin(totalBytes(part));
          await exportFolder(store, part, { path, name }, options);
          return { path, bytes, notes: [] };
        }
        case 'dir': {
          const part = content();
          const bytes = begin(totalBytes(part));
          await exportDir(store.blobs, part, path, options);
          return { path, bytes, notes: [] };
        }
        case 'rootfs': {
          const { images } = content();
          // each layer is read twice
          begin(2 * layerBytes(images));
          return { path, ...(await exportRootFolder(store.blobs, images, path, options)) };
        }
        default: {
          const { files, bytes } = archiveFiles(store, stored, reference, output, options);
          begin(bytes);
          return { path, bytes: await writeFile(path, files, options), notes: [] };
        }
      }
    } catch (error) {
      throw options.signal?.aborted ? options.signal.reason : diskFailure(error, path);
    }
  });
}

/** Writes an output that is one file to a stream, such as standard output. @throws Failure as {@link exportList} */
export async function exportStream(
  store: ImageStore,
  reference: string,
  output: Output,
  target: Writable,
  options: OutputOptions = {},
): Promise<WrittenOutput> {
  return withList(store, reference, options.digest, async (stored) => {
    const { files, bytes } = archiveFiles(store, stored, reference, output, options);
    options.onTotal?.(bytes);
    await pipeline(tarOf(files), target, { end: false, ...(options.signal ? { signal: options.signal } : {}) });
    return { path: standardOutput, bytes, notes: [] };
  });
}

interface ArchiveFiles {
  readonly files: Iterable<TarFile> | AsyncIterable<TarFile>;
  readonly bytes: number;
}

function archiveFiles(
  { blobs }: ImageStore,
  stored: StoredList,
  reference: string,
  { kind, name = reference, platforms }: Output,
  options: ExportOptions,
): ArchiveFiles {
  switch (kind) {
    case 'oci-archive': {
      const content = contentOf(stored, reference, platforms);
      return { files: layoutFiles(blobs, content, name, options), bytes: totalBytes(content) };
    }
    case 'docker-archive': {
      const content = contentOfImage(onlyImage(stored, reference, platforms?.[0]));
      return { files: dockerArchiveFiles(blobs, [{ content, name }], options), bytes: totalBytes(content) };
    }
    case 'rootfs-tar': {
      const { images } = contentOf(stored, reference, platforms);
      return { files: rootTarFiles(blobs, images, options), bytes: 2 * layerBytes(images) };
    }
    default:
      throw new Error(`${kind} is no archive`);
  }
}

/** Uses a list whose blobs are held meanwhile. @throws Failure `image.unknown`, also if it is another one */
export async function withList<T>(
  store: ImageStore,
  reference: string,
  digest: Digest | undefined,
  use: (stored: StoredList) => Promise<T>,
): Promise<T> {
  const { stored, lease } = await store.leaseList(reference);
  try {
    if (digest !== undefined && stored.list.digest !== digest) {
      throw fail(
        'image.unknown',
        `${reference} in local storage is another image now.`,
        'Build it again, or export the image that is there.',
      );
    }
    return await use(stored);
  } finally {
    await lease.release();
  }
}

/** The file gets its name only when it is complete. A named pipe or device is written as it is. @returns the size of the file */
async function writeFile(path: string, files: ArchiveFiles['files'], options: OutputOptions): Promise<number> {
  const stats = await stat(path).catch(() => undefined);
  if (stats && !stats.isFile()) {
    const { signal } = options;
    const target = stats.isFIFO() ? await openPipe(path, signal) : createWriteStream(path, { flags: 'w' });
    await pipeline(tarOf(files), target, ...(signal ? [{ signal }] : []));
    return 0;
  }
  const part = partPath(path);
  try {
    await writeTar(files, part, options);
    // another program may have made one meanwhile
    if (!options.replaces && (await stat(path).catch(() => undefined))) {
      throw existsFailure(path, 'file');
    }
    await rename(part, path);
    await syncFolder(dirname(path));
    await removeLeft(path);
    return (await stat(path)).size;
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** Between attempts to open a named pipe that nothing reads yet. */
const pipeRetryMs = 100;

/** A named pipe whose reader may come later and may stop to read: writes to a file would wait for it in a thread that nothing ends. */
async function openPipe(path: string, signal: AbortSignal | undefined): Promise<Writable> {
  for (;;) {
    try {
      const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
      return new Socket({ fd, readable: false, writable: true });
    } catch (error) {
      if (errnoCode(error) !== 'ENXIO') {
        throw error;
      }
    }
    await setTimeout(pipeRetryMs, undefined, signal ? { signal } : {});
  }
}

/**
 * Checks before any work whether an output can be written.
 * @throws Failure `image.destination`
 */
export async function assertFree(output: Output, replaces = false): Promise<void> {
  const { kind, path } = output;
  if (path === undefined || path === standardOutput) {
    return;
  }
  const { target } = outputRow(kind);
  if (target === 'file') {
    const stats = await stat(path).catch((error: unknown) => {
      if (errnoCode(error) === 'ENOTDIR') {
        throw fail('image.destination', `${dirname(path)} is a file, not a folder.`, 'Choose another file.');
      }
      return undefined;
    });
    if (stats?.isDirectory()) {
      throw fail('image.destination', `${path} is a folder, but a file is written.`, 'Choose the name of a file.');
    }
    if (stats?.isFile() && !replaces) {
      throw existsFailure(path, 'file');
    }
    await assertFolder(dirname(path));
    return;
  }
  const state = await folderState(path).catch((error: unknown) => {
    throw diskFailure(error, path);
  });
  if (state === 'file') {
    throw fail(
      'image.destination',
      `${path} is a file, but ${kind} needs a folder.`,
      kind === 'oci' ? 'Choose another folder, or use oci-archive:FILE for a tar file.' : 'Choose another folder.',
    );
  }
  if (state !== 'full' || (await isOfKind(kind, path))) {
    return;
  }
  if (kind === 'oci') {
    throw fail(
      'image.destination',
      `The folder ${path} is not empty and is not an OCI layout.`,
      'Choose a new or empty folder, or an OCI layout to add to.',
    );
  }
  if (!replaces) {
    throw existsFailure(path, 'folder');
  }
}

async function assertFolder(folder: string): Promise<void> {
  const stats = await stat(folder).catch(() => undefined);
  if (!stats?.isDirectory()) {
    throw fail('image.destination', `There is no folder ${folder}.`, 'Make it first, or choose another one.');
  }
}

/** Whether a folder that is not empty may be written: a layout is added to, and a `dir:` image is replaced, as skopeo does it. */
async function isOfKind(kind: Output['kind'], path: string): Promise<boolean> {
  if (kind === 'oci') {
    return (await stat(join(path, 'oci-layout')).catch(() => undefined))?.isFile() ?? false;
  }
  const version = kind === 'dir' ? await readFile(join(path, dirVersionFile), 'utf8').catch(() => '') : '';
  return version.startsWith('Directory Transport Version:');
}

function existsFailure(path: string, what: 'file' | 'folder'): Failure {
  return what === 'file'
    ? fail('image.destination', `${path} already exists.`, 'Remove it first, or choose another file.')
    : fail('image.destination', `The folder ${path} is not empty.`, 'Empty it first, or choose another folder.');
}
