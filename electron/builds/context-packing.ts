import type { ContentsOptions } from '../context/contents.ts';
import { indexPath } from '../context/file-index.ts';
import { type ContextOptions, type PackedContext, packContext } from '../context/pack-context.ts';

/** The context of a build, which is packed from the moment on at which its project is known: while the nodes are probed. */
export class ContextPacking {
  readonly #stopping = new AbortController();
  readonly #context: Promise<PackedContext>;
  #onProgress: ContextOptions['onProgress'];
  #packedBytes = 0;

  constructor(options: Omit<ContextOptions, 'signal' | 'onProgress'>) {
    const onProgress: ContextOptions['onProgress'] = (progress) => {
      this.#packedBytes = progress.tarBytes ?? progress.bytes;
      this.#onProgress?.(progress);
    };
    this.#context = packContext({ ...options, signal: this.#stopping.signal, onProgress });
    this.#context.catch(() => undefined); // the caller of `open` gets the failure
  }

  /** The size of the packed context so far, as it was last reported. */
  get packedBytes(): number {
    return this.#packedBytes;
  }

  /**
   * The context, once its Containerfile and ignore rules are known. The caller closes it.
   * @param signal stops the packing with its reason. @throws Failure of `packContext`
   */
  open(signal: AbortSignal, onProgress: ContextOptions['onProgress']): Promise<PackedContext> {
    const stop = (): void => this.#stopping.abort(signal.reason);
    this.#onProgress = onProgress;
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) {
      stop();
    }
    return this.#context;
  }

  /** Whether the packed context has another digest. @throws Failure of `packContext` */
  async differsFrom(digest: string): Promise<boolean> {
    return (await this.#context).differsFrom(digest);
  }

  /** Stops the packing of a build that does not start. Never rejects. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#context.then((context) => context.close()).catch(() => undefined);
  }
}

/** Folders in the data folder. */
export interface PackingFolders {
  /** For packed contexts. */
  readonly spoolFolder: string;
  /** For what is known of the files of projects. */
  readonly indexFolder: string;
}

/** What is packed for a build, see `PreparedBuild`. */
export interface ProjectToPack {
  readonly contents: ContentsOptions;
  readonly project: { readonly id: string };
}

export function startPacking(
  { contents, project }: ProjectToPack,
  { spoolFolder, indexFolder }: PackingFolders,
): ContextPacking {
  return new ContextPacking({ ...contents, spoolFolder, index: indexPath(indexFolder, project.id) });
}
