/** What each layer says of packages. It is kept beside the layout by the digest of the layer, so that a base image is read once. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { dataFormats } from '../../../shared/data-formats.ts';
import type { Digest } from '../../../shared/image.ts';
import { packageSchema } from '../../../shared/packages.ts';
import type { BlobStore } from '../../images/blob-store.ts';
import { readLayer } from '../../images/layer-reader.ts';
import { makePrivateFolder } from '../../system/private-folder.ts';
import { readPackageFile } from './package-files.ts';

const { version } = dataFormats.layerPackages;
/** Of one layer. */
const maxPackages = 100_000;

const foundSchema = z.object({
  path: z.string(),
  packages: z.array(packageSchema),
  system: z.record(z.string(), z.string()).optional(),
  licence: z.string().optional(),
  problem: z.string().optional(),
});
export const layerPackagesSchema = z.object({
  version: z.literal(version),
  found: z.array(foundSchema),
  added: z.array(z.string()),
  removed: z.array(z.string()),
  problem: z.string().optional(),
});
export type LayerPackages = Readonly<z.infer<typeof layerPackagesSchema>>;

export interface ReadPackagesOptions {
  /** Called with numbers of bytes of layers, as they are stored. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws Failure `image.incomplete`; the reason of the signal */
export async function readLayerPackages(
  blobs: BlobStore,
  layer: Digest,
  { onBytes, signal }: ReadPackagesOptions,
): Promise<LayerPackages> {
  const path = blobs.packagesPathOf(layer);
  const known = await readKnown(path);
  if (known) {
    onBytes?.((await blobs.size(layer)) ?? 0);
    return known;
  }
  const read = await scanLayer(blobs, layer, { onBytes, signal });
  // without the file, the layer is read again the next time
  await makePrivateFolder(dirname(path))
    .then(async () => writeFileAtomic(path, await promisify(gzip)(JSON.stringify(read)), { mode: 0o600, fsync: false }))
    .catch(() => undefined);
  return read;
}

async function readKnown(path: string): Promise<LayerPackages | undefined> {
  try {
    return layerPackagesSchema.parse(JSON.parse((await promisify(gunzip)(await readFile(path))).toString('utf8')));
  } catch {
    return undefined;
  }
}

async function scanLayer(
  blobs: BlobStore,
  layer: Digest,
  { onBytes, signal }: ReadPackagesOptions,
): Promise<LayerPackages> {
  await blobs.assertThere(layer);
  const scratch = await mkdtemp(join(tmpdir(), 'barnraiser-packages-'));
  const found: z.infer<typeof foundSchema>[] = [];
  let count = 0;
  try {
    const { added, removed, problem } = await readLayer(blobs.read(layer), {
      onFile: async (file) => {
        const result = await readPackageFile(file, scratch);
        count += result?.packages.length ?? 0;
        if (count > maxPackages) {
          throw new TooManyPackages();
        }
        if (result) {
          const { packages, system, licence, problem: why } = result;
          found.push({
            path: file.path,
            packages: [...packages],
            ...(system ? { system } : {}),
            ...(licence === undefined ? {} : { licence }),
            ...(why === undefined ? {} : { problem: why }),
          });
        }
      },
      onBytes,
      signal,
    });
    return { version, found, added: [...added], removed: [...removed], ...(problem === undefined ? {} : { problem }) };
  } catch (error) {
    if (error instanceof TooManyPackages) {
      return { version, found, added: [], removed: [], problem: `it names more than ${maxPackages} packages` };
    }
    throw error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

class TooManyPackages extends Error {}
