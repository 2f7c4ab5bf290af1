/** Reads layers as what they do to a file system: the files that they add, and the paths that they remove. */
import { decompress } from './decompress.ts';
import { readTarPath } from './tar-path.ts';
import { readTar, type TarEntry } from './tar-reader.ts';

/** A regular file of a layer. */
export interface LayerFile {
  /** Without a leading slash. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly isExecutable: boolean;
  /** Can be read once. What is not read is skipped. */
  readonly content: AsyncIterable<Buffer>;
}

/** What a layer hides of the layers below it. */
export interface LayerPaths {
  /** Everything but folders. */
  readonly added: readonly string[];
  /** What it removes. A folder that ends with a slash loses only its content. */
  readonly removed: readonly string[];
  /** Why the rest of the layer was not read. */
  readonly problem?: string | undefined;
}

export interface LayerLimits {
  /** Bytes of all files, uncompressed. */
  readonly maxBytes: number;
  readonly maxPaths: number;
  readonly maxPathLength: number;
}

const defaultLimits: LayerLimits = { maxBytes: 16 * 1024 ** 3, maxPaths: 500_000, maxPathLength: 1000 };

export interface ReadLayerOptions {
  /** Called for each regular file, one after the other. */
  readonly onFile: (file: LayerFile) => Promise<void>;
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly limits?: LayerLimits;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a layer: a tar archive that may be compressed with gzip or zstd. It is read from its beginning to its end, and nothing of it is
 * kept but its paths.
 * @param blob the bytes as they are stored
 * @throws the reason of the signal; what `onFile` throws. A layer that is damaged or beyond the limits has a problem instead.
 */
export async function readLayer(
  blob: AsyncIterable<Buffer>,
  { onFile, onBytes, limits = defaultLimits, signal }: ReadLayerOptions,
): Promise<LayerPaths> {
  const added: string[] = [];
  const removed: string[] = [];
  const thrown: { error?: unknown } = {};
  let problem: string | undefined;
  try {
    for await (const entry of readTar(limited(decompress(counted(blob, onBytes)), limits.maxBytes, signal))) {
      const { path, whiteout } = readTarPath(entry.name);
      if (path.length > limits.maxPathLength || (path === '' && !whiteout)) {
        continue;
      }
      if (whiteout && whiteout !== 'invalid') {
        removed.push(whiteout === 'opaque' && path !== '' ? `${path}/` : path);
      } else if (!whiteout && entry.type !== 'directory') {
        added.push(path);
      }
      if (added.length + removed.length > limits.maxPaths) {
        throw new Error(`it has more than ${limits.maxPaths} paths`);
      }
      if (entry.type === 'file' && !whiteout) {
        await onFile(fileOf(path, entry)).catch((error: unknown) => {
          thrown.error = error;
          throw error;
        });
      }
    }
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  signal?.throwIfAborted();
  if ('error' in thrown) {
    throw thrown.error;
  }
  return { added, removed, ...(problem === undefined ? {} : { problem }) };
}

function fileOf(path: string, entry: TarEntry): LayerFile {
  const content = { [Symbol.asyncIterator]: () => entry.content() };
  return { path, size: entry.size, isExecutable: (entry.mode & 0o111) !== 0, content };
}

/** Which of the files of lower layers a layer leaves as they are. */
export class HiddenPaths {
  readonly #whole: ReadonlySet<string>;
  readonly #contents: ReadonlySet<string>;

  constructor({ added, removed }: LayerPaths) {
    this.#whole = new Set([...added, ...removed.filter((path) => !path.endsWith('/'))]);
    this.#contents = new Set(removed.filter((path) => path.endsWith('/') || path === ''));
  }

  has(path: string): boolean {
    if (this.#whole.has(path) || this.#contents.has('')) {
      return true;
    }
    for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1)) {
      if (this.#whole.has(path.slice(0, end)) || this.#contents.has(path.slice(0, end + 1))) {
        return true;
      }
    }
    return false;
  }
}

async function* limited(
  source: AsyncIterable<Buffer>,
  maxBytes: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    signal?.throwIfAborted();
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new Error(`it has more than ${maxBytes} bytes`);
    }
    yield chunk;
  }
}

async function* counted(
  source: AsyncIterable<Buffer>,
  onBytes: ((bytes: number) => void) | undefined,
): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    onBytes?.(chunk.length);
    yield chunk;
  }
}
