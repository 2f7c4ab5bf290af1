import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import type { Digest } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import { diskFailure } from '../system/file-errors.ts';
import { syncFolder } from '../system/sync-folder.ts';
import { corruptBlobFailure } from './blob-store.ts';
import { digestOfHash } from './digest.ts';
import type { ExportContent, ExportDestination, ExportOptions } from './export-types.ts';
import type { ImageStore } from './image-store.ts';
import { emptyLayoutIndex, layoutMarker, withReference } from './layout-index.ts';

/** Exports into a new tar file that holds an OCI layout. The file gets its name only when it is complete. */
export async function exportArchive(
  store: ImageStore,
  content: ExportContent,
  destination: ExportDestination,
  options: ExportOptions,
): Promise<void> {
  await assertMissing(destination.path);
  const partPath = `${destination.path}.${randomBytes(4).toString('hex')}.part`;
  const archive = pack();
  try {
    const index = withReference(emptyLayoutIndex, destination.name, content.descriptor);
    const file = createWriteStream(partPath, { flags: 'wx', highWaterMark: 1024 * 1024, flush: true });
    const written = pipeline(archive, file, options.signal ? { signal: options.signal } : {});
    // a failed file ends the entry that is being written; the error of the entry is the one that is reported
    written.catch((error: Error) => archive.destroy(error));
    archive.entry({ name: 'oci-layout' }, layoutMarker);
    archive.entry({ name: 'index.json' }, JSON.stringify(index));
    for (const folder of ['blobs/', 'blobs/sha256/']) {
      archive.entry({ name: folder, type: 'directory' });
    }
    for (const { digest, size } of content.blobs) {
      const name = `blobs/sha256/${digest.slice('sha256:'.length)}`;
      await addEntry(archive.entry({ name, size }), store.blobs.read(digest), digest, options);
    }
    archive.finalize();
    await written;
    await assertMissing(destination.path);
    await rename(partPath, destination.path);
    await syncFolder(dirname(destination.path));
  } catch (error) {
    archive.destroy();
    await rm(partPath, { force: true });
    throw options.signal?.aborted ? options.signal.reason : diskFailure(error, destination.path);
  }
}

async function addEntry(
  entry: ReturnType<Pack['entry']>,
  blob: Readable,
  digest: Digest,
  options: ExportOptions,
): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(
    blob,
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
  const actual = digestOfHash(hash);
  if (digest !== actual) {
    throw corruptBlobFailure(digest, `Its bytes have the digest ${actual}.`);
  }
}

async function assertMissing(path: string): Promise<void> {
  if (await stat(path).catch(() => undefined)) {
    throw fail('image.destination', `${path} already exists.`, 'Remove it first, or choose another file.');
  }
}
