import { createHash } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fail } from '../../shared/problem.ts';

/** The Containerfile of a build and its name in the packed context. */
export interface Containerfile {
  /** Absolute path on this computer. */
  readonly path: string;
  /** Name inside the context, with forward slashes. */
  readonly name: string;
  /** The file is not in the context and is sent under a hidden name. */
  readonly isOutside: boolean;
  /** Paths in the context that the file links to, so they must be sent, too. */
  readonly linkTargets: readonly string[];
}

/**
 * The context as an absolute path without symlinks.
 * @throws Failure `context.missing` if it is not a folder
 */
export async function findContext(context: string): Promise<string> {
  const path = resolve(context);
  const kind = await kindOf(path);
  if (kind !== 'folder') {
    throw fail(
      'context.missing',
      kind === 'missing' ? `The folder ${path} does not exist.` : `${path} is not a folder.`,
      'Choose the project folder that contains the Containerfile.',
    );
  }
  return await realpath(path);
}

/**
 * Finds the Containerfile: the given file (absolute or relative to the working directory), otherwise `Containerfile`, otherwise
 * `Dockerfile` in the context.
 *
 * A file outside the context gets a hidden name made from its content, so that equal contexts are equal for a build cache,
 * whichever computer and folder they come from.
 *
 * @param root the context, from {@link findContext} @param content of the file, if it was read already
 * @throws Failure `context.file-missing`, naming the path or folder that was searched
 */
export async function findContainerfile(root: string, file?: string, content?: Buffer): Promise<Containerfile> {
  const candidates = file === undefined ? [join(root, 'Containerfile'), join(root, 'Dockerfile')] : [resolve(file)];
  for (const candidate of candidates) {
    if ((await kindOf(candidate)) === 'file') {
      return await resolveContainerfile(root, candidate, content);
    }
  }
  throw file === undefined
    ? fail(
        'context.file-missing',
        `There is no Containerfile or Dockerfile in ${root}.`,
        'Create one there, or choose another file (--file in a terminal).',
      )
    : fail(
        'context.file-missing',
        `The file ${candidates.join()} does not exist.`,
        'Check the path of the Containerfile.',
      );
}

async function resolveContainerfile(root: string, file: string, known?: Buffer): Promise<Containerfile> {
  // Only the folder is resolved, because the file's own name selects the ignore file beside it.
  const path = join(await realpath(dirname(file)), basename(file));
  const target = await realpath(path);
  const name = pathInside(root, path);
  const targetName = pathInside(root, target);
  if (name !== undefined && targetName !== undefined) {
    return { path, name, isOutside: false, linkTargets: name === targetName ? [] : [targetName] };
  }
  const content = known ?? (await readContainerfile(target));
  const hex = createHash('sha256').update(content).digest('hex').slice(0, 16);
  return { path, name: `.barnraiser-${hex}.Containerfile`, isOutside: true, linkTargets: [] };
}

/** @throws Failure `context.unreadable` */
export async function readContainerfile(path: string): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => {
    throw fail(
      'context.unreadable',
      `${path} cannot be read.`,
      `Give yourself permission to read it, for example with chmod u+r '${path}'.`,
      error instanceof Error ? error.message : undefined,
      error,
    );
  });
}

/** The path relative to a folder, with forward slashes. Undefined if it is not inside the folder. */
function pathInside(root: string, path: string): string | undefined {
  const name = relative(root, path);
  return name === '..' || name.startsWith(`..${sep}`) || isAbsolute(name) ? undefined : name.replaceAll(sep, '/');
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'missing'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return 'missing';
  }
}
