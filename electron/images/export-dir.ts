import { createWriteStream } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { makeFolder } from '../system/new-folder.ts';
import type { BlobStore } from './blob-store.ts';
import { openBlob } from './export-content.ts';
import type { ExportContent, ExportOptions } from './export-types.ts';

/** The file by which tools know such a folder. */
export const dirVersionFile = 'version';
export const dirVersion = 'Directory Transport Version: 1.1\n';

/**
 * Writes a folder in the form `dir:` of containers/image, with all images as `skopeo copy --all` does: `manifest.json` is the list, and
 * blobs and further manifests have their digests as names. Source: containers/image, directory/.
 */
export async function exportDir(
  blobs: BlobStore,
  content: ExportContent,
  path: string,
  options: ExportOptions,
): Promise<void> {
  const nameOf = (digest: string): string => digest.slice('sha256:'.length);
  const manifests = new Map(content.manifests.map((manifest) => [manifest.digest, manifest]));
  await makeFolder(path, async (folder) => {
    await writeFile(join(folder, dirVersionFile), dirVersion, { flush: true });
    for (const blob of content.blobs) {
      const isRoot = blob.digest === content.root.digest;
      const name = isRoot
        ? 'manifest.json'
        : `${nameOf(blob.digest)}${manifests.has(blob.digest) ? '.manifest.json' : ''}`;
      const file = createWriteStream(join(folder, name), { flags: 'wx', highWaterMark: 1024 * 1024, flush: true });
      await pipeline(openBlob(blobs, blob, options), file);
    }
    await chmod(folder, 0o755);
  });
}
