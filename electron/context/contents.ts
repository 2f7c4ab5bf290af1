import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Containerfile, findContainerfile, findContext } from './containerfile.ts';
import { type IgnoreRules, loadIgnore } from './ignore.ts';
import { type ContextEntry, failureAt, type WalkOptions, walkContext } from './walk.ts';

export interface ContentsOptions {
  /** The project folder. */
  readonly context: string;
  /** The Containerfile, relative to the working directory or absolute; without one it is looked for in the context. */
  readonly file?: string;
}

/** A context whose Containerfile and rules are known, before any of it was read. */
export interface Contents {
  /** The context as an absolute path. */
  readonly root: string;
  readonly containerfile: Containerfile;
  readonly rules: IgnoreRules;
  /**
   * What an engine has to leave out of each COPY: what the ignore file says, and a Containerfile that is no part of the context.
   * Never empty.
   */
  readonly excludes: readonly string[];
  entries(options?: WalkOptions): AsyncGenerator<ContextEntry>;
}

/**
 * Finds out what travels to the nodes.
 * @throws Failure `context.missing`, `context.file-missing`, `context.ignore-file`, `context.unreadable`
 */
export async function openContents({ context, file }: ContentsOptions): Promise<Contents> {
  const root = await findContext(context);
  const containerfile = await findContainerfile(root, file);
  const rules = await loadIgnore(root, containerfile);
  return {
    root,
    containerfile,
    rules,
    excludes: containerfile.outside ? [...rules.patterns, containerfile.name] : rules.patterns,
    async *entries(options) {
      if (containerfile.outside) {
        yield await stranger(containerfile);
      }
      for await (const entry of walkContext(root, rules, options)) {
        // a link of the context to a Containerfile outside of it: podman refuses a context with a link that leads out
        if (!containerfile.outside || join(root, entry.path) !== containerfile.path) {
          yield entry;
        }
      }
    },
  };
}

/** The paths of everything that would travel, in the order of the tar; folders end in a slash. */
export async function listContext(options: ContentsOptions & { readonly signal?: AbortSignal }): Promise<string[]> {
  const contents = await openContents(options);
  const paths: string[] = [];
  for await (const entry of contents.entries(options)) {
    paths.push(entry.kind === 'folder' ? `${entry.path}/` : entry.path);
  }
  return paths;
}

/** A Containerfile from outside of the context, under its hidden name. */
async function stranger({ path, name }: Containerfile): Promise<ContextEntry> {
  const { size, mode, mtimeMs } = await stat(path).catch((error: unknown) => {
    throw failureAt(path, error);
  });
  return { kind: 'file', path: name, source: await realpath(path), size, mode: mode & 0o777, modifiedMs: mtimeMs };
}
