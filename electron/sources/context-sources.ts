/** Where the files of a build come from: a folder, a repository, an archive, or standard input. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, realpath, rm, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fail } from '../../shared/failure.ts';
import { formatBytes } from '../../shared/format.ts';
import { type GitSource, gitProject, isGitUrl, parseGitUrl, withoutLogin } from '../../shared/git-url.ts';
import { abortable } from '../system/abortable.ts';
import { diskFailure } from '../system/file-errors.ts';
import { checkOut } from './git-checkout.ts';
import type { GitRepositories } from './git-repository.ts';
import { archiveFormat, readHead, unpack } from './unpack.ts';

export interface SourceRequest {
  /** An absolute path of a folder or an archive, the URL of a git repository, or `-` for standard input. */
  readonly context: string;
  /** The file with what was read from standard input. */
  readonly input?: string | undefined;
  /** The commit to build, whatever the reference of a git URL is at now. */
  readonly commit?: string | undefined;
}

export interface OpenOptions {
  readonly signal: AbortSignal;
  /** A reference of a git URL that was looked up shortly before is not looked up again. */
  readonly acceptsRecent?: boolean;
}

/** A source whose files are in a folder. */
export interface OpenedSource {
  /** What is kept of the request: a URL is without its login. */
  readonly context: string;
  readonly folder: string;
  /** What caches of the project are kept under. */
  readonly project: string;
  readonly name: string;
  /** The files were not put there by the user of this computer: no link among them is followed out of the folder. */
  readonly isForeign: boolean;
  readonly commit?: string;
  /** Standard input was a Containerfile, and there are no files. */
  readonly containerfile?: Buffer;
  /** To be called when the files are not needed any more. May be called more than once. */
  release(): void;
}

export interface ContextSourcesOptions {
  readonly repositories: GitRepositories;
  /** For files that are not needed when this process has ended. */
  readonly spoolFolder: string;
  /** Called with the source, without its login, and what is being done with it. */
  readonly onProgress: (context: string, text: string) => void;
}

/** The name of standard input in a request. */
export const standardInputContext = '-';

/** So many folders are kept that nothing uses, for so long: a project is looked at before it is built. */
const maxUnused = 3;
const keptMs = 5 * 60_000;
/** How long the commit of a reference is taken for the present one, in milliseconds. */
const recentMs = 60_000;
const maxContainerfileBytes = 1024 * 1024;

interface Unpacked {
  readonly key: string;
  readonly folder: Promise<string>;
  /** Ends the work when nothing waits for it. */
  readonly stopping: AbortController;
  users: number;
  usedMs: number;
}

export class ContextSources {
  readonly #options: ContextSourcesOptions;
  #unpacked: Unpacked[] = [];
  readonly #commits = new Map<
    string,
    { readonly repository: string; readonly commit: string; readonly atMs: number }
  >();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ContextSourcesOptions) {
    this.#options = options;
  }

  /** @throws Failure `context.*`, `source.*`, `input.invalid`, `disk.full`; the reason of the signal */
  async open(request: SourceRequest, options: OpenOptions): Promise<OpenedSource> {
    const { context, input } = request;
    if (isGitUrl(context)) {
      return this.#openGit(request, options);
    }
    if (context === standardInputContext) {
      if (input === undefined) {
        throw fail(
          'source.input',
          'The context was read from standard input, and is not kept.',
          'Run the command again with the same input.',
        );
      }
      return this.#openInput(input, options);
    }
    if (/^[a-z][a-z0-9+.-]+:\/\//i.test(context)) {
      throw fail(
        'context.missing',
        `${withoutLogin(context)} is not the URL of a git repository.`,
        'Use a URL that ends in .git, or download the archive and use the file.',
      );
    }
    const path = resolve(context);
    return (await isFile(path))
      ? this.#openArchive({ path, context: await realpath(path), name: basename(path) }, options)
      : { context, folder: path, project: path, name: basename(path), isForeign: false, release: () => undefined };
  }

  /** Removes everything. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all(this.#unpacked.splice(0).map(remove));
  }

  async #openGit({ context, commit: wanted }: SourceRequest, options: OpenOptions): Promise<OpenedSource> {
    const parsed = parseGitUrl(context);
    const { ref: _, ...withoutRef } = parsed;
    const source = wanted === undefined ? parsed : { ...withoutRef, commit: wanted };
    const shown = withoutLogin(context);
    const report = (text: string): void => this.#options.onProgress(shown, text);
    const { repository, commit } = await this.#findCommit(source, shown, options, report);
    const { remote, folder: subfolder, submodules, credentials } = source;
    const unpacked = await this.#use(
      ['git', remote, commit, submodules, subfolder].join('\0'),
      async (folder, signal) => {
        report(`Writing the files of commit ${commit.slice(0, 12)}`);
        const { repositories } = this.#options;
        const task = { repositories, submodules, credentials, signal, onProgress: report };
        await checkOut({ repository, commit, remote, folder }, task);
        return subfolder === '' ? folder : findSubfolder(folder, subfolder, source);
      },
      options.signal,
    );
    return {
      ...unpacked,
      context: shown,
      project: gitProject(source),
      name: subfolder === '' ? source.name : basename(subfolder),
      isForeign: true,
      commit,
    };
  }

  async #findCommit(
    source: GitSource,
    shown: string,
    { signal, acceptsRecent = false }: OpenOptions,
    onProgress: (text: string) => void,
  ): Promise<{ readonly repository: string; readonly commit: string }> {
    const key = [source.remote, source.ref, source.commit].join('\0');
    const known = this.#commits.get(key);
    if (acceptsRecent && known && Date.now() - known.atMs < recentMs) {
      return known;
    }
    onProgress(`Asking for ${source.ref ?? 'the default branch'} of ${shown}`);
    const { credentials } = source;
    const found = await this.#options.repositories.fetch(source, { signal, onProgress, credentials });
    this.#commits.set(key, { ...found, atMs: Date.now() });
    return found;
  }

  async #openInput(path: string, options: OpenOptions): Promise<OpenedSource> {
    const context = standardInputContext;
    const common = { context, name: 'standard-input' };
    if (archiveFormat(await readHead(path).catch(unreadableInput))) {
      return { ...(await this.#openArchive({ path, ...common }, options)), project: context };
    }
    const { size } = await stat(path);
    if (size > maxContainerfileBytes || size === 0) {
      throw fail(
        'source.input',
        size === 0
          ? 'Standard input is empty.'
          : `Standard input has ${formatBytes(size)} and is neither an archive nor a Containerfile.`,
        'Pipe a tar of the project or a Containerfile into the command.',
      );
    }
    const containerfile = await readFile(path);
    const empty = await this.#use(`empty\0${randomUUID()}`, async (folder) => folder, options.signal);
    return { ...common, ...empty, project: context, isForeign: true, containerfile };
  }

  async #openArchive(
    { path, context, name }: { readonly path: string; readonly context: string; readonly name: string },
    { signal: waiting }: OpenOptions,
  ): Promise<OpenedSource> {
    const { ino, size, mtimeMs, ctimeMs } = await stat(path);
    const unpacked = await this.#use(
      ['archive', path, ino, size, mtimeMs, ctimeMs].join('\0'),
      async (folder, signal) => {
        const onProgress = (bytes: number): void =>
          this.#options.onProgress(context, `Unpacking: ${formatBytes(bytes)} of ${formatBytes(size)}`);
        await unpack(path, folder, { name: context === path ? path : name, signal, onProgress });
        return folder;
      },
      waiting,
    );
    return {
      ...unpacked,
      context,
      project: context,
      name: name.replace(/\.(?:tar|tgz|tbz2?|txz|tzst)(?:\.\w+)?$/i, ''),
      isForeign: true,
    };
  }

  /** The folder that `fill` makes, which all that use it at once share. */
  async #use(
    key: string,
    fill: (folder: string, signal: AbortSignal) => Promise<string>,
    signal: AbortSignal,
  ): Promise<Pick<OpenedSource, 'folder' | 'release'>> {
    let unpacked = this.#unpacked.find((each) => each.key === key);
    if (!unpacked) {
      const stopping = new AbortController();
      unpacked = { key, folder: this.#fill(fill, stopping.signal), stopping, users: 0, usedMs: Date.now() };
      this.#unpacked.push(unpacked);
    }
    const used = unpacked;
    used.users += 1;
    let isReleased = false;
    const release = (): void => {
      if (!isReleased) {
        isReleased = true;
        used.users -= 1;
        used.usedMs = Date.now();
        this.#prune();
      }
    };
    try {
      return { folder: await abortable(signal, used.folder), release };
    } catch (error) {
      release();
      if (used.users === 0) {
        this.#unpacked = this.#unpacked.filter((each) => each !== used);
        await remove(used);
      }
      throw error;
    }
  }

  async #fill(fill: (folder: string, signal: AbortSignal) => Promise<string>, signal: AbortSignal): Promise<string> {
    const folder = join(this.#options.spoolFolder, `source-${randomUUID()}`);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      return await fill(await realpath(folder), signal);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw diskFailure(error, folder);
    }
  }

  #prune(): void {
    const unused = this.#unpacked.filter(({ users }) => users === 0).sort((one, other) => other.usedMs - one.usedMs);
    const old = unused.filter(({ usedMs }, index) => index >= maxUnused || Date.now() - usedMs >= keptMs);
    this.#unpacked = this.#unpacked.filter((each) => !old.includes(each));
    for (const each of old) {
      void remove(each);
    }
    clearTimeout(this.#timer);
    if (unused.length > old.length) {
      this.#timer = setTimeout(() => this.#prune(), keptMs).unref();
    }
  }
}

async function remove({ folder, stopping }: Unpacked): Promise<void> {
  stopping.abort(fail('call.cancelled', 'The project is not needed any more.', 'Start it again if it is.'));
  const path = await folder.catch(() => undefined);
  const top = path?.match(/^.*[/\\]source-[0-9a-f-]+/)?.[0];
  if (top !== undefined) {
    await rm(top, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** @throws Failure `context.missing` for a folder that is not there, or that a link leads out to */
async function findSubfolder(root: string, subfolder: string, { remote }: GitSource): Promise<string> {
  const folder = await realpath(join(root, subfolder)).catch(() => undefined);
  const isFolder = folder !== undefined && isInside(root, folder) && (await stat(folder)).isDirectory();
  if (!isFolder) {
    throw fail(
      'context.missing',
      `There is no folder ${subfolder} in ${remote}.`,
      'Check the part of the URL after the last colon.',
    );
  }
  return folder;
}

/** @param path a real path */
export function isInside(root: string, path: string): boolean {
  const name = relative(root, path);
  return name !== '..' && !name.startsWith(`..${sep}`) && !isAbsolute(name);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

function unreadableInput(error: unknown): never {
  throw fail(
    'source.input',
    'What was read from standard input is no longer there.',
    'Run the command again with the same input.',
    error instanceof Error ? error.message : undefined,
    error,
  );
}
