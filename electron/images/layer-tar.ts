/** The entries of a layer, whatever it is compressed with. */
import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import { Failure, fail } from '../../shared/problem.ts';
import type { BlobStore } from './blob-store.ts';
import { decompress } from './decompress.ts';
import { openBlob } from './export-content.ts';
import type { ExportOptions } from './export-types.ts';
import type { Descriptor } from './manifest.ts';

export interface LayerEntry {
  readonly header: Header;
  /** To be read before the next entry, or not at all. */
  readonly content: AsyncIterable<Buffer>;
}

/**
 * The entries of a layer in order, which is compared with its digest.
 * @throws Failure `image.corrupt`, `image.incomplete`; the reason of the signal
 */
export async function* layerEntries(
  blobs: BlobStore,
  layer: Descriptor,
  options: ExportOptions,
): AsyncGenerator<LayerEntry> {
  const unpack = extract();
  const flow = pipeline(openBlob(blobs, layer, options), decompress, unpack);
  const ended = flow.then(
    () => undefined,
    (error: unknown) => error,
  );
  let isWhole = false;
  try {
    for await (const entry of unpack) {
      yield { header: entry.header, content: entry as AsyncIterable<Buffer> };
      entry.resume();
    }
    isWhole = true;
    await flow;
  } catch (error) {
    const cause = (await ended) ?? error;
    options.signal?.throwIfAborted();
    throw cause instanceof Failure ? cause : corruptLayer(layer, cause);
  } finally {
    if (!isWhole) {
      unpack.destroy();
    }
    await ended;
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
