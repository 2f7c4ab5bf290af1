import { createHash } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fail } from '../../shared/problem.ts';

/** The Containerfile of a build and the name that it has in the packed context. */
export interface Containerfile {
  /** Absolute path on this computer. */
  readonly path: string;
  /** Name inside the context, with forward slashes. */
  readonly name: string;
  /** It is not part of the context and travels beside it, under a hidden name. */
  readonly outside: boolean;
  /** Other paths of the context that are needed to read it: what it links to. */
  readonly alsoNeeded: readonly string[];
}

/**
 * The context as an absolute path without symlinks.
 * @throws Failure `context.missing` where it is not a folder
 */
export async function findContext(context: string): Promise<string> {
  const path = resolve(context);
  const kind = await kindOf(path);
  if (kind !== 'folder') {
    throw fail(
      'context.missing',
      kind === 'missing' ? `There is no folder ${path}.` : `${path} is not a folder.`,
      'Give the path of the project folder that holds the Containerfile.',
    );
  }
  return await realpath(path);
}

/**
 * Finds the Containerfile: the given one (relative to the working directory or absolute), else `Containerfile`, else
 * `Dockerfile` in the context.
 *
 * One outside of the context gets a hidden name made of its content, so that equal contexts stay equal for a build cache,
 * whoever sends them and from wherever.
 *
 * @param root the context, from {@link findContext}
 * @throws Failure `context.file-missing`, naming what was looked for
 */
export async function findContainerfile(root: string, file?: string): Promise<Containerfile> {
  const candidates = file === undefined ? [join(root, 'Containerfile'), join(root, 'Dockerfile')] : [resolve(file)];
  for (const candidate of candidates) {
    if ((await kindOf(candidate)) === 'file') {
      return await locate(root, candidate);
    }
  }
  throw file === undefined
    ? fail(
        'context.file-missing',
        `There is no Containerfile and no Dockerfile in ${root}.`,
        'Write one there, or name another file with --file.',
      )
    : fail('context.file-missing', `There is no file ${candidates.join()}.`, 'Check the path given with --file.');
}

async function locate(root: string, given: string): Promise<Containerfile> {
  // the folder is resolved and the file itself is not: its name decides about the ignore file beside it
  const path = join(await realpath(dirname(given)), basename(given));
  const target = await realpath(path);
  const name = nameInside(root, path);
  const targetName = nameInside(root, target);
  if (name !== undefined && targetName !== undefined) {
    return { path, name, outside: false, alsoNeeded: name === targetName ? [] : [targetName] };
  }
  const content = await readFile(target).catch((error: unknown) => {
    throw fail(
      'context.unreadable',
      `${given} cannot be read.`,
      `Give yourself permission to read it, for example with chmod u+r '${given}'.`,
      error instanceof Error ? error.message : undefined,
      error,
    );
  });
  const hex = createHash('sha256').update(content).digest('hex').slice(0, 16);
  return { path, name: `.barnraiser-${hex}.Containerfile`, outside: true, alsoNeeded: [] };
}

function nameInside(root: string, path: string): string | undefined {
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
