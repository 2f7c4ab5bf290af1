import { stat } from 'node:fs/promises';
import { type Containerfile, findContainerfile, findContext, standardInput } from './containerfile.ts';
import { type IgnoreRules, loadIgnoreRules } from './ignore.ts';
import { type ContextEntry, modeOf, readProblem, type WalkOptions, walkContext } from './walk.ts';

export interface ContentsOptions {
  /** The project folder. */
  readonly context: string;
  /** The Containerfile, absolute or relative to the working directory. Without it, the context is searched for one. */
  readonly file?: string;
  /**
   * The content of the Containerfile, if it was read already. It is sent, even if the file has changed. Without a `file`, the
   * content is in no file.
   */
  readonly content?: Buffer;
}

/** A context whose Containerfile and ignore rules are known. */
export interface ContextContents {
  /** The context as an absolute path. */
  readonly root: string;
  readonly containerfile: Containerfile;
  readonly rules: IgnoreRules;
  /**
   * What the engine must exclude from each COPY: the patterns of the ignore file, and a Containerfile from outside the context.
   * Never empty.
   */
  readonly excludes: readonly string[];
  /** The Containerfile as a plain file, whatever it is in the context: a link may lead to a file that is not sent. */
  readonly ownFile: ContextEntry;
}

/**
 * Finds the Containerfile and the ignore rules of a context.
 * @throws Failure `context.missing`, `context.file-missing`, `context.ignore-file`, `context.unreadable`
 */
export async function openContents({ context, file, content }: ContentsOptions): Promise<ContextContents> {
  const root = await findContext(context);
  const containerfile = await findContainerfile(root, { file, content });
  const rules = await loadIgnoreRules(root, containerfile);
  return {
    root,
    containerfile,
    rules,
    excludes: containerfile.isOutside ? [...rules.patterns, containerfile.name] : rules.patterns,
    ownFile: await containerfileEntry(containerfile),
  };
}

/** What decides which entries a context has. */
export interface EntriesInput extends Pick<ContextContents, 'root' | 'rules' | 'ownFile'> {
  readonly containerfile: Pick<Containerfile, 'isOutside'>;
}

/** The files, folders and links to send, some at a time, in the order of the tar. */
export async function* contextEntries(
  { root, rules, ownFile, containerfile }: EntriesInput,
  options?: WalkOptions,
): AsyncGenerator<ContextEntry[]> {
  if (containerfile.isOutside) {
    yield [ownFile];
  }
  for await (const entries of walkContext(root, rules, options)) {
    yield entries.map((entry) => (entry.path === ownFile.path ? ownFile : entry));
  }
}

/** The paths to send, in the order of the tar. Folders end in a slash. */
export async function listContext(options: ContentsOptions & { readonly signal?: AbortSignal }): Promise<string[]> {
  const contents = await openContents(options);
  const paths: string[] = [];
  for await (const entries of contextEntries(contents, options)) {
    paths.push(...entries.map(({ kind, path }) => (kind === 'folder' ? `${path}/` : path)));
  }
  return paths;
}

async function containerfileEntry({ path, name, content }: Containerfile): Promise<ContextEntry> {
  const common = { kind: 'file' as const, path: name, size: content.length, content };
  if (path === standardInput) {
    return { ...common, mode: 0o644, modifiedMs: 0 };
  }
  const stats = await stat(path).catch((error: unknown) => {
    throw readProblem(path, error);
  });
  return { ...common, mode: modeOf(stats) & 0o777, modifiedMs: stats.mtimeMs };
}
