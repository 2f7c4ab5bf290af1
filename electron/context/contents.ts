import { stat } from 'node:fs/promises';
import { type Containerfile, findContainerfile, findContext, standardInput } from './containerfile.ts';
import { type IgnoreRules, loadIgnoreRules } from './ignore.ts';
import { type ContextEntry, type MappedFolder, modeOf, readProblem, type WalkOptions, walkContext } from './walk.ts';

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
  /** False: the folder is not a project but only holds files, whose ignore file is at its root. */
  readonly hasContainerfile?: boolean;
  /** Further Containerfiles, which are sent under these names and are in no image. */
  readonly addedFiles?: readonly AddedFile[];
  /** Other folders and files that are sent as if they were in the context. */
  readonly mapped?: readonly MappedFolder[];
}

export interface AddedFile {
  readonly name: string;
  readonly content: Buffer;
}

/** A context whose Containerfile and ignore rules are known. */
export interface ContextContents {
  /** The context as an absolute path. */
  readonly root: string;
  readonly containerfile: Containerfile | undefined;
  readonly rules: IgnoreRules;
  /**
   * What the engine must exclude from each COPY: the patterns of the ignore file, and Containerfiles from outside the context.
   * Never empty.
   */
  readonly excludes: readonly string[];
  /** The Containerfile of the context as a plain file, whatever it is there: a link may lead to a file that is not sent. */
  readonly ownFile: ContextEntry | undefined;
  /** What is sent before the files of the context. */
  readonly addedFiles: readonly ContextEntry[];
  readonly mapped: readonly MappedFolder[];
}

/**
 * Finds the Containerfile and the ignore rules of a context.
 * @throws Failure `context.missing`, `context.file-missing`, `context.ignore-file`, `context.unreadable`
 */
export async function openContents({
  context,
  file,
  content,
  hasContainerfile = true,
  addedFiles = [],
  mapped = [],
}: ContentsOptions): Promise<ContextContents> {
  const root = await findContext(context);
  const containerfile = hasContainerfile ? await findContainerfile(root, { file, content }) : undefined;
  const rules = await loadIgnoreRules(root, containerfile);
  const entry = containerfile && (await containerfileEntry(containerfile));
  const added = [
    ...(entry && containerfile.isOutside ? [entry] : []),
    ...addedFiles.map((each) => fileEntry(each.name, each.content)),
  ];
  return {
    root,
    containerfile,
    rules,
    excludes: [...rules.patterns, ...added.map(({ path }) => path)],
    ownFile: containerfile?.isOutside ? undefined : entry,
    // a file that is there twice is sent once
    addedFiles: [...new Map(added.map((each) => [each.path, each])).values()],
    mapped,
  };
}

/** What decides which entries a context has. */
export type EntriesInput = Pick<ContextContents, 'root' | 'rules' | 'ownFile' | 'addedFiles' | 'mapped'>;

/** The files, folders and links to send, some at a time, in the order of the tar. */
export async function* contextEntries(
  { root, rules, ownFile, addedFiles, mapped }: EntriesInput,
  options?: WalkOptions,
): AsyncGenerator<ContextEntry[]> {
  if (addedFiles.length > 0) {
    yield [...addedFiles];
  }
  for await (const entries of walkContext(root, rules, { ...options, mapped })) {
    yield ownFile ? entries.map((entry) => (entry.path === ownFile.path ? ownFile : entry)) : entries;
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
  const entry = fileEntry(name, content);
  if (path === standardInput) {
    return entry;
  }
  const stats = await stat(path).catch((error: unknown) => {
    throw readProblem(path, error);
  });
  return { ...entry, mode: modeOf(stats) & 0o777, modifiedMs: stats.mtimeMs };
}

function fileEntry(path: string, content: Buffer): ContextEntry {
  return { kind: 'file', path, size: content.length, content, mode: 0o644, modifiedMs: 0 };
}
