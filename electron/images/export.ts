import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import type { Digest } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import { diskFailure, syncFolder, systemCode } from '../system/file-errors.ts';
import { BlobWriter } from './blob-writer.ts';
import { damaged } from './blobs.ts';
import { emptyLayoutIndex, layoutMarker, readLayoutIndex, withReference, writeLayoutIndex } from './layout-index.ts';
import { withLayoutLock } from './layout-lock.ts';
import type { Descriptor } from './manifest.ts';
import type { ImageStore } from './store.ts';
import { blobsOf } from './stored-list.ts';

export interface ExportOptions {
  readonly signal?: AbortSignal;
  /** Called with the size of each piece of a blob that was copied. */
  readonly onBytes?: (count: number) => void;
}

/** Where an export goes, as `podman` and `skopeo` write it. `name` is what the list is called there. */
interface Destination {
  readonly kind: 'oci' | 'oci-archive';
  readonly path: string;
  readonly name: string;
}

/** What is copied: the blobs, and the descriptor that names the list in the new index. */
interface Contents {
  readonly blobs: readonly { readonly digest: Digest; readonly size: number }[];
  readonly descriptor: Descriptor;
}

/**
 * Writes a list with all of its images where other tools can read it, and tells how many bytes of blobs that were.
 * - `oci:FOLDER[:NAME]`: a new or empty folder, or an OCI layout, which keeps its other images.
 * - `oci-archive:FILE[:NAME]`: a new tar file.
 *
 * Without a name the list keeps its reference. What is not finished is removed again.
 * @throws Failure `image.unknown`, `image.destination`, `image.corrupt`, `disk.full`, `settings.unwritable`
 */
export async function exportList(
  store: ImageStore,
  reference: string,
  destination: string,
  options: ExportOptions = {},
): Promise<{ path: string; bytes: number }> {
  const target = parseDestination(destination, reference);
  const { stored, lease } = await store.borrow(reference);
  try {
    const { digest, mediaType, bytes } = stored.list;
    const blobs = blobsOf(stored);
    const contents = { blobs, descriptor: { mediaType, digest, size: bytes.length } };
    await (target.kind === 'oci' ? toFolder : toArchive)(store, contents, target, options);
    return { path: target.path, bytes: blobs.reduce((sum, { size }) => sum + size, 0) };
  } finally {
    await lease.release();
  }
}

function parseDestination(text: string, reference: string): Destination {
  // a colon after a drive's letter belongs to the path
  const match = /^(oci|oci-archive):((?:[A-Za-z]:[\\/])?[^:]+)(?::(.+))?$/.exec(text);
  const [, kind, path, name] = match ?? [];
  if ((kind !== 'oci' && kind !== 'oci-archive') || !path) {
    throw fail(
      'image.destination',
      `"${text}" is not a place to export to.`,
      'Write oci:FOLDER for an OCI layout or oci-archive:FILE for one tar file.',
    );
  }
  return { kind, path: resolve(path), name: name ?? reference };
}

async function toFolder(store: ImageStore, contents: Contents, target: Destination, options: ExportOptions) {
  const isNew = await assertLayoutOrEmpty(target.path);
  const added: string[] = [];
  try {
    await mkdir(join(target.path, 'blobs', 'sha256'), { recursive: true });
    const folder = await realpath(target.path);
    if (folder === store.folder) {
      throw fail('image.destination', `${target.path} is the image store itself.`, 'Export to another folder.');
    }
    const pathOf = (digest: Digest): string => join(folder, 'blobs', 'sha256', digest.slice('sha256:'.length));
    for (const { digest, size } of contents.blobs) {
      if ((await stat(pathOf(digest)).catch(() => undefined))?.size === size) {
        continue;
      }
      const stagingPath = join(folder, `.part-${randomBytes(8).toString('hex')}`);
      const writer = new BlobWriter({ stagingPath, pathOf, maxBytes: size });
      try {
        await copy(store.blobs.read(digest), (chunk) => writer.write(chunk), options);
        await writer.finish(digest);
      } finally {
        await writer.abort();
      }
      added.push(pathOf(digest));
    }
    await syncFolder(join(folder, 'blobs', 'sha256'));
    await withLayoutLock(folder, async () => {
      const index = (await readLayoutIndex(folder)) ?? emptyLayoutIndex;
      options.signal?.throwIfAborted();
      if (isNew) {
        await writeFile(join(folder, 'oci-layout'), layoutMarker);
      }
      await writeLayoutIndex(folder, withReference(index, target.name, contents.descriptor));
    });
  } catch (error) {
    await (isNew ? empty(target.path) : Promise.all(added.map((path) => rm(path, { force: true }))));
    throw diskFailure(error, target.path);
  }
}

async function toArchive(store: ImageStore, contents: Contents, target: Destination, options: ExportOptions) {
  await assertNew(target.path);
  const part = `${target.path}.${randomBytes(4).toString('hex')}.part`;
  const archive = pack();
  try {
    const index = withReference(emptyLayoutIndex, target.name, contents.descriptor);
    const file = createWriteStream(part, { flags: 'wx', highWaterMark: 1024 * 1024, flush: true });
    const written = pipeline(archive, file, options.signal ? { signal: options.signal } : {});
    // whoever fails first ends the other; the entries' failure tells more
    written.catch((error: Error) => archive.destroy(error));
    archive.entry({ name: 'oci-layout' }, layoutMarker);
    archive.entry({ name: 'index.json' }, JSON.stringify(index));
    for (const folder of ['blobs/', 'blobs/sha256/']) {
      archive.entry({ name: folder, type: 'directory' });
    }
    for (const { digest, size } of contents.blobs) {
      const name = `blobs/sha256/${digest.slice('sha256:'.length)}`;
      await addEntry(archive.entry({ name, size }), store.blobs.read(digest), digest, options);
    }
    archive.finalize();
    await written;
    await assertNew(target.path);
    await rename(part, target.path);
    await syncFolder(dirname(target.path));
  } catch (error) {
    archive.destroy();
    await rm(part, { force: true });
    throw options.signal?.aborted ? options.signal.reason : diskFailure(error, target.path);
  }
}

async function addEntry(
  entry: ReturnType<Pack['entry']>,
  content: Readable,
  expected: Digest,
  options: ExportOptions,
): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(
    content,
    async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        hash.update(chunk);
        options.onBytes?.(chunk.length);
        yield chunk;
      }
    },
    entry,
    options.signal ? { signal: options.signal } : {},
  );
  const actual = hash.digest('hex');
  if (expected !== `sha256:${actual}`) {
    throw damaged(expected, `Its bytes are sha256:${actual}.`);
  }
}

async function copy(
  content: Readable,
  write: (chunk: Buffer) => Promise<void>,
  { signal, onBytes }: ExportOptions,
): Promise<void> {
  for await (const chunk of content) {
    signal?.throwIfAborted();
    await write(chunk);
    onBytes?.(chunk.length);
  }
}

/** Is the folder new or empty? Throws where it holds anything but an OCI layout. */
async function assertLayoutOrEmpty(path: string): Promise<boolean> {
  let names: string[];
  try {
    names = await readdir(path);
  } catch (error) {
    switch (systemCode(error)) {
      case 'ENOENT':
        return true;
      case 'ENOTDIR':
        throw fail(
          'image.destination',
          `${path} is a file, and an OCI layout is a folder.`,
          'Name another folder, or write oci-archive:FILE for one tar file.',
        );
      default:
        throw diskFailure(error, path);
    }
  }
  if (names.length > 0 && !names.includes('oci-layout')) {
    throw fail(
      'image.destination',
      `The folder ${path} holds other things than an OCI layout.`,
      'Name a new or empty folder, or an OCI layout to add to.',
    );
  }
  return names.length === 0;
}

async function assertNew(path: string): Promise<void> {
  if (await stat(path).catch(() => undefined)) {
    throw fail('image.destination', `${path} exists already.`, 'Remove it first, or name another file.');
  }
}

async function empty(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}
