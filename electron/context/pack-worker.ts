/** The thread that packs a context. */
import { createHash } from 'node:crypto';
import { on } from 'node:events';
import { readSync, writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { Failure } from '../../shared/failure.ts';
import { type TarHash, tarHashes } from './context-source.ts';
import { spoolProblem } from './growing-file.ts';
import { Packing } from './packing.ts';
import { flags, type Order, type PackingThreadData, type Report, states } from './packing-messages.ts';
import type { ContextEntry } from './walk.ts';

/** Bytes of the tar that are read at once. */
const readBytes = 512 * 1024;

const report = (message: Report): void => parentPort?.postMessage(message);

/** Buffers arrive as plain arrays. */
function withBuffer(entry: ContextEntry): ContextEntry {
  return 'content' in entry ? { ...entry, content: Buffer.from(entry.content) } : entry;
}

/** The tar on disk. */
class TarFile {
  readonly #descriptor: number;
  readonly #path: string;
  readonly #shared: Int32Array;
  #written = 0;

  constructor({ tar, tarPath, state }: PackingThreadData) {
    this.#descriptor = tar;
    this.#path = tarPath;
    this.#shared = new Int32Array(state);
  }

  get written(): number {
    return this.#written;
  }

  /** The digests that somebody waits for. */
  get ordered(): readonly TarHash[] {
    const bits = Atomics.load(this.#shared, flags.hashes);
    return tarHashes.filter((_, index) => bits & (1 << index));
  }

  write(bytes: Buffer): void {
    try {
      for (let position = 0; position < bytes.length; ) {
        const rest = bytes.length - position;
        position += writeSync(this.#descriptor, bytes, position, rest, this.#written + position);
      }
    } catch (error) {
      throw spoolProblem(this.#path, error);
    }
    this.#written += bytes.length;
  }

  /**
   * The digest of the whole tar in hex. To be called when it is complete: who sends the tar needs its end before its digest, so
   * it is not hashed while it is written.
   */
  digest(algorithm: TarHash): string {
    const hash = createHash(algorithm);
    const buffer = Buffer.allocUnsafeSlow(Math.min(readBytes, this.#written));
    for (let hashed = 0; hashed < this.#written; ) {
      this.throwIfStopped();
      const length = Math.min(buffer.length, this.#written - hashed);
      const bytes = readSync(this.#descriptor, buffer, 0, length, hashed);
      if (bytes === 0) {
        throw new Error('the packed context has become shorter');
      }
      hash.update(buffer.subarray(0, bytes));
      hashed += bytes;
    }
    return hash.digest('hex');
  }

  throwIfStopped(): void {
    if (this.isStopped) {
      throw new Error('stopped');
    }
  }

  get isStopped(): boolean {
    return Atomics.load(this.#shared, flags.ends) !== 0;
  }

  /** Whether a file may have another content than was said. */
  mayAlter(): boolean {
    return Atomics.compareExchange(this.#shared, flags.state, states.open, states.altered) !== states.relied;
  }
}

/** What arrives after the first message: arrays with an {@link Order}. */
type Orders = AsyncIterator<readonly unknown[]>;

/** Makes the tar and its digests, and ends when it is stopped. */
async function run(data: PackingThreadData, orders: Orders): Promise<void> {
  const { ownFile, addedFiles } = data.input;
  const input = {
    ...data.input,
    ownFile: ownFile && withBuffer(ownFile),
    addedFiles: addedFiles.map(withBuffer),
  };
  const tar = new TarFile(data);
  const packing = new Packing(input, {
    write: (bytes) => tar.write(bytes),
    addEntries: (rows, edits, isComplete) => report({ kind: 'entries', rows, edits, isComplete }),
    reportProgress: (progress) => report({ kind: 'progress', progress, written: tar.written }),
    restartEntries: () => report({ kind: 'restart' }),
    summarize: (summary, isChanged) => report({ kind: 'summary', summary, isChanged }),
    finish: (summary) => report({ kind: 'finished', summary, written: tar.written }),
    throwIfAborted: () => tar.throwIfStopped(),
    mayAlter: () => tar.mayAlter(),
  });
  /** Waits for an order, or for the end. */
  const isOrdered = async (awaited: 'pack' | 'hash'): Promise<boolean> => {
    while (!tar.isStopped) {
      const { value } = await orders.next();
      const order: unknown = value?.[0];
      if (order === ('list' satisfies Order)) {
        packing.listEntries();
      } else if (order === awaited) {
        return true;
      }
    }
    return false;
  };
  const isPacked = await packing.start();
  if (!isPacked) {
    packing.saveIndex();
    if (!(await isOrdered('pack'))) {
      return;
    }
    await packing.pack();
  }
  const hashed = new Set<TarHash>();
  do {
    for (const hash of tar.ordered.filter((each) => !hashed.has(each))) {
      hashed.add(hash);
      report({ kind: 'hashed', hash, digest: tar.digest(hash) });
    }
    packing.saveIndex();
  } while (await isOrdered('hash'));
}

const port = parentPort;
port?.once('message', (data: PackingThreadData) => {
  run(data, on(port, 'message')[Symbol.asyncIterator]())
    .catch((error: unknown) => {
      report(error instanceof Failure ? { kind: 'failed', problem: error.problem } : { kind: 'broken', error });
    })
    .finally(() => port.close());
});
