/** Packs the files of a project once, as a tar on disk, for all nodes of a build. */
import { Readable } from 'node:stream';
import type { ContextSummary } from '../../shared/build.ts';
import { Failure, fail } from '../../shared/failure.ts';
import { withEdits } from './confined-links.ts';
import { ContentIndex } from './content-index.ts';
import { type ContentsOptions, type ContextContents, openContents } from './contents.ts';
import { type ContextSource, type PackedTar, type TarHash, tarHashes } from './context-source.ts';
import { GrowingFile } from './growing-file.ts';
import type { PackedProgress } from './packing.ts';
import type { Report } from './packing-messages.ts';
import { PackingThread } from './packing-thread.ts';

export interface ContextOptions extends ContentsOptions {
  /** The folder for the packed context. */
  readonly spoolFolder: string;
  /** The path of the index of the project, by which unchanged files are recognized. Without it, all files are read. */
  readonly index?: string;
  /** Aborting it stops the packing, and makes readers fail. */
  readonly signal?: AbortSignal;
  /** Called about every half megabyte of tar, and at the end. `files` counts everything except folders, `bytes` their content. */
  readonly onProgress?: (progress: PackedProgress) => void;
  /** Called when the files are no longer read. */
  readonly onClosed?: () => Promise<void>;
}

export interface ContextDigest {
  /** `sha256:…` */
  readonly digest: string;
  readonly isChanged: boolean;
}

/** A context that is being packed. */
export interface PackedContext {
  /** Name of the Containerfile inside the tar. Empty if there is none. */
  readonly containerfile: string;
  /**
   * What the engine must exclude from each COPY, in the syntax of an ignore file. Never empty. podman takes it as the JSON array
   * `excludes` of a build. Without it, podman applies the ignore file that it finds in the tar, which may be a different one
   * than the one that applies. docker applies none to a tar.
   */
  readonly excludes: readonly string[];
  /**
   * Resolves when everything is packed, or when the digest of a context that is as it was last is asked for. `bytes` is the size
   * of the files in it.
   */
  readonly done: Promise<ContextSummary>;
  /**
   * The digest as soon as it is known, and whether the context has changed since it was packed last. It covers what
   * the tar consists of: what is sent has this digest, or every reader fails with `context.changed`.
   */
  digest(): Promise<ContextDigest>;
  /** Whether the digest is another one, as soon as that is known. The answer does not bind what is sent. */
  differsFrom(digest: string): Promise<boolean>;
  /** Makes the tar of a context that is as it was last now, and not only when it is read. */
  prepare(): void;
  /** Hashes the tar as soon as it is made, if it is, for engines that ask for its {@link PackedTar.digest}. */
  hash(hash: TarHash): void;
  /**
   * The files for one reader, which follows the packing at its own speed.
   * @param onBytes called with the number of bytes of each chunk that is read
   */
  source(onBytes?: (bytes: number) => void): ContextSource;
  /** Stops packing, makes readers fail, and removes the tar. May be called more than once. */
  close(): Promise<void>;
}

/**
 * Packs a context once for any number of readers. Resolves as soon as its Containerfile and ignore rules are known. A later
 * problem fails `done` and every reader with the same Failure.
 *
 * With an index, a context in which nothing has changed is recognized without reading its files, and its tar is made when it is
 * read. Otherwise it is made at once.
 *
 * Owners and groups are left out. Modes and modification times are kept (no engine's build cache depends on the times). A file
 * that grows in the meantime is cut off at its first size.
 *
 * @throws Failure `context.missing`, `context.file-missing`, `context.ignore-file`, `context.unreadable`, `disk.full`; later
 *   also `context.changed` and, if stopped, `build.cancelled`
 */
export async function packContext(options: ContextOptions): Promise<PackedContext> {
  const contents = await openContents(options);
  return new ThreadedContext(options, contents, await GrowingFile.create(options.spoolFolder));
}

class ThreadedContext implements PackedContext {
  readonly containerfile: string;
  readonly excludes: readonly string[];
  readonly done: Promise<ContextSummary>;
  readonly #options: ContextOptions;
  readonly #spool: GrowingFile;
  readonly #entries = new ContentIndex();
  readonly #readFromMs = Date.now();
  readonly #thread: PackingThread;
  /** What is known of the digest. Replaced if the content was altered before anything relied on it. */
  readonly #early = deferred<ContextDigest>();
  readonly #final = deferred<ContextDigest>();
  readonly #done = deferred<ContextSummary>();
  /** The length of the tar, known as early as its digest. */
  #tarBytes = 0;
  readonly #digests = { blake2b512: deferred<string>(), sha256: deferred<string>() } satisfies Record<TarHash, unknown>;
  /** What is packed once it is asked for. */
  #unchanged: ContextSummary | undefined;
  /** Something relies on what is known of the entries. */
  #isRelied = false;
  #isDone = false;
  #state: 'running' | 'finished' | 'failed' = 'running';
  #closing: Promise<void> | undefined;

  constructor(
    options: ContextOptions,
    { root, containerfile, rules, excludes, ownFile, addedFiles, mapped }: ContextContents,
    spool: GrowingFile,
  ) {
    const { index, signal } = options;
    this.containerfile = containerfile?.name ?? '';
    this.excludes = excludes;
    this.done = this.#done.promise;
    this.#options = options;
    this.#spool = spool;
    this.#thread = new PackingThread(
      {
        input: { root, ignore: rules.source, ownFile, addedFiles, mapped, index },
        tar: spool.descriptor,
        tarPath: spool.path,
      },
      (report) => this.#handle(report),
    );
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (signal?.aborted) {
      this.#onAbort();
    }
  }

  async digest(): Promise<ContextDigest> {
    const early = await this.#early.promise;
    return this.#rely() ? early : this.#final.promise;
  }

  async differsFrom(digest: string): Promise<boolean> {
    return (await this.#early.promise).digest !== digest;
  }

  prepare(): void {
    this.#thread.order('pack');
  }

  hash(hash: TarHash): void {
    this.#thread.hash(hash);
  }

  source(onBytes?: (bytes: number) => void): ContextSource {
    return {
      tar: ({ confinesLinks = false } = {}) => {
        this.prepare();
        const tar = this.#spool.open({ onBytes });
        return confinesLinks ? withEdits(tar, this.#entries.confinedLinks) : tar;
      },
      files: () => this.#listFiles(),
      open: (path) => {
        this.prepare();
        return Readable.from(this.#readFile(path, onBytes), { objectMode: false });
      },
      packed: this.#packed(onBytes),
      readFromMs: this.#readFromMs,
    };
  }

  #packed(onBytes: ((bytes: number) => void) | undefined): PackedTar {
    return {
      confinedLinks: this.#entries.confinedLinks,
      reaches: async (bytes) => {
        const known = await Promise.race([this.#early.promise, this.#spool.reaches(bytes)]);
        return typeof known === 'boolean' ? known : this.#tarBytes >= bytes;
      },
      layout: async () => {
        this.prepare();
        await this.#final.promise;
        return this.#entries.layout();
      },
      digest: (hash) => {
        this.hash(hash);
        this.prepare();
        return this.#digests[hash].promise;
      },
      read: (start, end) => {
        this.prepare();
        return this.#spool.open({ start, ...(end === undefined ? {} : { end }), onBytes });
      },
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#fail(cancelledProblem());
    await this.#thread.stop();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    await this.#spool.close();
    await this.#options.onClosed?.();
  }

  readonly #onAbort = (): void => {
    this.#fail(cancelledProblem(this.#options.signal));
    void this.#thread.stop();
  };

  async *#listFiles(): ReturnType<ContextSource['files']> {
    this.#rely();
    this.#thread.order('list');
    yield* this.#entries.list();
  }

  async *#readFile(path: string, onBytes: ((bytes: number) => void) | undefined): AsyncGenerator<Buffer> {
    yield* this.#spool.open({ ...(await this.#entries.locate(path)), onBytes });
  }

  /** @returns whether the content is the one of the digest that is known first */
  #rely(): boolean {
    const isAsKnown = this.#thread.rely();
    this.#isRelied ||= isAsKnown;
    this.#endUnchanged();
    return isAsKnown;
  }

  /** Nothing has to wait for the tar of an unchanged context. */
  #endUnchanged(): void {
    if (this.#isRelied && this.#unchanged) {
      this.#isDone = true;
      this.#done.resolve(this.#unchanged);
    }
  }

  #handle(report: Report): void {
    if (this.#state === 'running') {
      this.#handlePacking(report);
    } else if (report.kind === 'hashed') {
      this.#digests[report.hash].resolve(report.digest);
    } else if (report.kind === 'broken' || report.kind === 'failed') {
      this.#rejectDigests(errorOf(report));
    }
  }

  #handlePacking(report: Report): void {
    switch (report.kind) {
      case 'entries':
        this.#entries.add(report.rows, report.edits);
        if (report.isComplete) {
          this.#entries.finish();
        }
        break;
      case 'restart':
        this.#entries.clear();
        break;
      case 'progress':
        this.#spool.grow(report.written);
        this.#reportProgress(report.progress);
        break;
      case 'summary':
        this.#tarBytes = report.summary.tarBytes ?? 0;
        this.#early.resolve({ digest: report.summary.digest, isChanged: report.isChanged });
        this.#unchanged = report.isChanged ? undefined : report.summary;
        this.#endUnchanged();
        break;
      case 'finished':
        this.#finish(report.summary, report.written);
        break;
      case 'failed':
      case 'broken':
        this.#fail(errorOf(report));
        break;
    }
  }

  #finish(summary: ContextSummary, size: number): void {
    this.#state = 'finished';
    this.#entries.finish();
    this.#spool.grow(size);
    this.#spool.finish();
    this.#final.resolve({ digest: summary.digest, isChanged: true });
    const { digest: _, ...progress } = summary;
    this.#reportProgress(progress);
    this.#done.resolve(summary);
  }

  #reportProgress(progress: PackedProgress): void {
    if (!this.#isDone) {
      this.#options.onProgress?.(progress);
    }
  }

  #fail(error: Error): void {
    if (this.#state !== 'running') {
      return;
    }
    this.#state = 'failed';
    this.#spool.fail(error);
    this.#entries.fail(error);
    for (const promise of [this.#early, this.#final, this.#done]) {
      promise.reject(error);
    }
    this.#rejectDigests(error);
  }

  #rejectDigests(error: Error): void {
    for (const hash of tarHashes) {
      this.#digests[hash].reject(error);
    }
  }
}

function cancelledProblem(signal?: AbortSignal): Failure {
  return signal?.reason instanceof Failure
    ? signal.reason
    : fail('build.cancelled', 'Packing the context was cancelled.', 'Start the build again.');
}

function errorOf(report: Extract<Report, { readonly kind: 'failed' | 'broken' }>): Error {
  if (report.kind === 'failed') {
    return new Failure(report.problem);
  }
  return report.error instanceof Error ? report.error : new Error(String(report.error));
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

/** A promise that may be rejected without anything that waits for it. */
function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
