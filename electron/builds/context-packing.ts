import type { BuildRequest } from '../../shared/build.ts';
import type { ContentsOptions } from '../context/contents.ts';
import { indexPath } from '../context/file-index.ts';
import { type ContextOptions, type PackedContext, packContext } from '../context/pack-context.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Pushes } from '../registry/pushes.ts';
import { type ArchiveOptions, type OpenedArchives, openImageArchives } from './image-archives.ts';

/** The context of a build, which is packed from the moment on at which its project is known: while the nodes are probed. */
export class ContextPacking {
  readonly #stopping = new AbortController();
  readonly #context: Promise<PackedContext>;
  #onProgress: ContextOptions['onProgress'];
  #packedBytes = 0;

  /** @param addFiles what of the files has to be made first */
  constructor(options: Omit<ContextOptions, 'signal' | 'onProgress'>, addFiles?: AddFiles) {
    const onProgress: ContextOptions['onProgress'] = (progress) => {
      this.#packedBytes = progress.tarBytes ?? progress.bytes;
      this.#onProgress?.(progress);
    };
    const { signal } = this.#stopping;
    this.#context = addFiles
      ? packWith(addFiles, { ...options, signal, onProgress })
      : packContext({ ...options, signal, onProgress });
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

/** Makes files that are sent as if they were in the context. */
type AddFiles = (options: ArchiveOptions) => Promise<OpenedArchives>;

async function packWith(addFiles: AddFiles, options: ContextOptions & Pick<ArchiveOptions, 'signal'>) {
  const { signal, onProgress, mapped = [] } = options;
  const added = await addFiles({ signal, onBytes: (bytes) => onProgress?.({ files: 0, bytes }) });
  try {
    return await packContext({ ...options, mapped: [...mapped, ...added.mapped], onClosed: () => added.close() });
  } catch (error) {
    await added.close();
    throw error;
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
  readonly request: Pick<BuildRequest, 'imageArchives' | 'platforms'>;
}

/** Where images come from whose archives are among the files. */
export interface ArchiveSources {
  readonly store: ImageStore;
  readonly pushes: Pick<Pushes, 'source'>;
}

/** @param sources needed by builds with such archives only */
export function startPacking(
  { contents, project, request: { imageArchives, platforms } }: ProjectToPack,
  { spoolFolder, indexFolder }: PackingFolders,
  sources?: ArchiveSources,
): ContextPacking {
  const addFiles: AddFiles | undefined =
    imageArchives &&
    sources &&
    ((options) => {
      const services = { store: sources.store, credentials: sources.pushes.source(), spoolFolder };
      return openImageArchives(imageArchives, platforms, services, options);
    });
  return new ContextPacking({ ...contents, spoolFolder, index: indexPath(indexFolder, project.id) }, addFiles);
}
