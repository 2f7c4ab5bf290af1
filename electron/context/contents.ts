import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Containerfile, findContainerfile, findContext } from './containerfile.ts';
import { type IgnoreRules, loadIgnoreRules } from './ignore.ts';
import { type ContextEntry, readProblem, type WalkOptions, walkContext } from './walk.ts';

export interface ContentsOptions {
  /** The project folder. */
  readonly context: string;
  /** The Containerfile, absolute or relative to the working directory. Without it, the context is searched for one. */
  readonly file?: string;
  /** The content of the Containerfile, if it was read already. It is sent, even if the file has changed. */
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
  /** The files, folders and links to send, in the order of the tar. */
  entries(options?: WalkOptions): AsyncGenerator<ContextEntry>;
}

/**
 * Finds the Containerfile and the ignore rules of a context.
 * @throws Failure `context.missing`, `context.file-missing`, `context.ignore-file`, `context.unreadable`
 */
export async function openContents({ context, file, content }: ContentsOptions): Promise<ContextContents> {
  const root = await findContext(context);
  const containerfile = await findContainerfile(root, file, content);
  const rules = await loadIgnoreRules(root, containerfile);
  const fileName = containerfile.linkTargets[0] ?? containerfile.name;
  const withContent = ({ path, mode, modifiedMs, ...entry }: ContextEntry): ContextEntry =>
    content && (entry.kind === 'file' || entry.kind === 'hardlink')
      ? { path, mode, modifiedMs, kind: 'file', source: join(root, path), size: content.length, content }
      : { path, mode, modifiedMs, ...entry };
  return {
    root,
    containerfile,
    rules,
    excludes: containerfile.isOutside ? [...rules.patterns, containerfile.name] : rules.patterns,
    async *entries(options) {
      if (containerfile.isOutside) {
        yield withContent(await externalContainerfile(containerfile));
      }
      for await (const entry of walkContext(root, rules, options)) {
        // The context may hold a link to the external Containerfile. podman refuses a context with a link that points out of it.
        if (!containerfile.isOutside || join(root, entry.path) !== containerfile.path) {
          yield entry.path === fileName ? withContent(entry) : entry;
        }
      }
    },
  };
}

/** The paths to send, in the order of the tar. Folders end in a slash. */
export async function listContext(options: ContentsOptions & { readonly signal?: AbortSignal }): Promise<string[]> {
  const contents = await openContents(options);
  const paths: string[] = [];
  for await (const entry of contents.entries(options)) {
    paths.push(entry.kind === 'folder' ? `${entry.path}/` : entry.path);
  }
  return paths;
}

/** The entry of a Containerfile from outside the context, under its hidden name. */
async function externalContainerfile({ path, name }: Containerfile): Promise<ContextEntry> {
  const { size, mode, mtimeMs } = await stat(path).catch((error: unknown) => {
    throw readProblem(path, error);
  });
  return { kind: 'file', path: name, source: await realpath(path), size, mode: mode & 0o777, modifiedMs: mtimeMs };
}
