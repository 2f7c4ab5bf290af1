import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fail } from '../../shared/failure.ts';
import { readProjectFile } from './project-file.ts';

/** The Containerfile of a build, its content, and its name in the packed context. */
export interface Containerfile {
  /** Absolute path on this computer. {@link standardInput} if it is in no file. */
  readonly path: string;
  /** Name inside the context, with forward slashes. */
  readonly name: string;
  /** The file is not in the context and is sent under a hidden name. */
  readonly isOutside: boolean;
  /** What is sent, also where the file is a link. */
  readonly content: Buffer;
}

/** The path of a Containerfile that was not read from a file. */
export const standardInput = 'standard input';

/**
 * The context as an absolute path without symlinks.
 * @throws Failure `context.missing` if it is not a folder
 */
export async function findContext(context: string): Promise<string> {
  const path = resolve(context);
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => undefined,
  );
  if (!isFolder) {
    throw fail(
      'context.missing',
      isFolder === undefined ? `The folder ${path} does not exist.` : `${path} is not a folder.`,
      'Choose the project folder that contains the Containerfile.',
    );
  }
  return await realpath(path);
}

/** Which Containerfile of a context to use. */
export interface ContainerfileChoice {
  /** Absolute, or relative to the working directory. Without it: `Containerfile`, otherwise `Dockerfile` in the context. */
  readonly file?: string | undefined;
  /** The content of the file, if it was read already. Without a file, the content is in no file. */
  readonly content?: Buffer | undefined;
  /** What messages call the context. Without it: its path. */
  readonly contextName?: string | undefined;
}

/**
 * Finds and reads the Containerfile.
 *
 * A file outside the context gets a hidden name made from its content, so that equal contexts are equal for a build cache,
 * whichever computer and folder they come from. It keeps the suffix `.in`, for which podman runs the C preprocessor.
 *
 * @param root the context, from {@link findContext}
 * @throws Failure `context.file-missing`, naming the path or folder that was searched; `context.unreadable`
 */
export async function findContainerfile(
  root: string,
  { file, content, contextName }: ContainerfileChoice = {},
): Promise<Containerfile> {
  if (file === undefined && content) {
    return { path: standardInput, name: hiddenName(content), isOutside: true, content };
  }
  const candidates = file === undefined ? [join(root, 'Containerfile'), join(root, 'Dockerfile')] : [resolve(file)];
  for (const candidate of candidates) {
    const found = content ?? (await readCandidate(candidate));
    if (found) {
      // Only the folder is resolved, because the file's own name selects the ignore file beside it.
      const path = join(await realpath(dirname(candidate)).catch(() => dirname(candidate)), basename(candidate));
      const name = pathInside(root, path);
      return {
        path,
        name: name ?? hiddenName(found, extname(path)),
        isOutside: name === undefined,
        content: found,
      };
    }
  }
  throw file === undefined
    ? fail(
        'context.file-missing',
        `There is no Containerfile or Dockerfile in ${contextName ?? root}.`,
        'Create one there, or choose another file.',
      ).offering({ id: 'choose-containerfile' })
    : fail(
        'context.file-missing',
        missingFile(root, resolve(file), contextName),
        'Check the path of the Containerfile.',
      ).offering({ id: 'choose-containerfile' });
}

function missingFile(root: string, path: string, contextName: string | undefined): string {
  const name = contextName === undefined ? undefined : pathInside(root, path);
  return name === undefined ? `The file ${path} does not exist.` : `There is no file ${name} in ${contextName}.`;
}

/** @returns undefined if there is no such file. A folder may have the name of a Containerfile. */
async function readCandidate(path: string): Promise<Buffer | undefined> {
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  return isFolder ? undefined : await readProjectFile(path, 'Containerfile');
}

/** The name under which a Containerfile is sent that is not a file of the context, or not one alone. */
export function hiddenName(content: Buffer, suffix = ''): string {
  const hex = createHash('sha256').update(content).digest('hex').slice(0, 16);
  return `.barnraiser-${hex}.Containerfile${suffix === '.in' ? suffix : ''}`;
}

/** The path relative to a folder, with forward slashes. Undefined if it is not inside the folder. */
export function pathInside(root: string, path: string): string | undefined {
  const name = relative(root, path);
  return name === '..' || name.startsWith(`..${sep}`) || isAbsolute(name) ? undefined : name.replaceAll(sep, '/');
}
