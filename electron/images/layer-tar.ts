/** The entries of a layer, whatever it is compressed with. */
import { Failure, fail } from '../../shared/problem.ts';
import type { BlobStore } from './blob-store.ts';
import { decompress } from './decompress.ts';
import { openBlob } from './export-content.ts';
import type { ExportOptions } from './export-types.ts';
import type { Descriptor } from './manifest.ts';
import { readTar, type TarEntry } from './tar-reader.ts';

/**
 * The entries of a layer in order, which is compared with its digest.
 * @throws Failure `image.corrupt`, `image.incomplete`; the reason of the signal
 */
export async function* layerEntries(
  blobs: BlobStore,
  layer: Descriptor,
  options: ExportOptions,
): AsyncGenerator<TarEntry> {
  const checked = async function* <T>(source: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* source;
    } catch (error) {
      options.signal?.throwIfAborted();
      throw error instanceof Failure ? error : corruptLayer(layer, error);
    }
  };
  for await (const entry of checked(readTar(decompress(openBlob(blobs, layer, options))))) {
    yield { ...entry, content: () => checked(entry.content()) };
  }
}

function corruptLayer({ digest }: Descriptor, error: unknown) {
  return fail(
    'image.corrupt',
    `The layer ${digest} is not a tar that can be read.`,
    'Build the image again. If that does not help, update the engine that built it.',
    error instanceof Error ? error.message : String(error),
    error,
  );
}
