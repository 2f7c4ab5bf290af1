import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { type Failure, fail } from '../../shared/failure.ts';
import { errnoCode, isMissingPath } from '../system/file-errors.ts';

/**
 * The size up to which a project's files are read, in KiB. Each path of a context is compared with all of an ignore file, which
 * takes a second at worst for the longest path and an ignore file of this size.
 */
const maxKibibytes = { Containerfile: 1024, 'ignore-file': 256, recipe: 1024 };

/** Opening a pipe must not wait for its other end. Windows has no such flag. */
export const withoutWaiting = constants.O_NONBLOCK ?? 0;

/** What a project's files are called in messages. */
export type ProjectFileKind = keyof typeof maxKibibytes;

const withArticle: Readonly<Record<ProjectFileKind, string>> = {
  Containerfile: 'a Containerfile',
  'ignore-file': 'an ignore file',
  recipe: 'a recipe',
};

const shorten: Readonly<Record<ProjectFileKind, string>> = {
  Containerfile: 'Move what is generated into files that the Containerfile copies.',
  'ignore-file': 'Replace many lines with a few patterns, such as **/*.log.',
  recipe: 'Divide it into several files.',
};

/**
 * Reads a file that a person wrote into a project, following links. A project is not trusted: the file may be a pipe, a device
 * or huge. Resolves with undefined if there is no such file.
 * @throws Failure `context.unreadable`; `context.ignore-file` or `context.file-missing` for a folder
 */
export async function readProjectFile(path: string, kind: ProjectFileKind): Promise<Buffer | undefined> {
  try {
    // opening some devices has an effect, so nothing but a file is opened; it may be replaced in between
    assertIsFile(path, kind, await stat(path));
    const file = await open(path, constants.O_RDONLY | withoutWaiting);
    try {
      assertIsFile(path, kind, await file.stat());
      return await readAtMost(file, path, kind);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isMissingPath(error)) {
      return undefined;
    }
    throw errnoCode(error) === undefined ? error : unreadable(path, error);
  }
}

function assertIsFile(path: string, kind: ProjectFileKind, stats: { isFile(): boolean; isDirectory(): boolean }): void {
  if (stats.isDirectory()) {
    throw fail(
      kind === 'ignore-file' ? 'context.ignore-file' : 'context.file-missing',
      `${path} is a folder, but ${withArticle[kind]} is expected there.`,
      'Remove or rename the folder.',
    );
  }
  if (!stats.isFile()) {
    throw fail(
      'context.unreadable',
      `${path} is a pipe, a socket or a device, but ${withArticle[kind]} is expected there.`,
      'Replace it with a file.',
    );
  }
}

/** The size that a system reports for some files is not theirs, so it is not asked for. */
async function readAtMost(file: FileHandle, path: string, kind: ProjectFileKind): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(64 * 1024), 0, 64 * 1024, null);
    if (bytesRead === 0) {
      return Buffer.concat(chunks, bytes);
    }
    bytes += bytesRead;
    assertSize(path, kind, bytes);
    chunks.push(buffer.subarray(0, bytesRead));
  }
}

/** @throws Failure `context.unreadable` if a file is larger than its kind may be */
export function assertSize(path: string, kind: ProjectFileKind, bytes: number): void {
  if (bytes > maxKibibytes[kind] * 1024) {
    throw fail(
      'context.unreadable',
      `${path} is larger than ${maxKibibytes[kind]} KiB, which is the limit for ${withArticle[kind]}.`,
      shorten[kind],
    );
  }
}

function unreadable(path: string, error: unknown): Failure {
  const code = errnoCode(error) ?? '';
  return fail(
    'context.unreadable',
    `${path} cannot be read (${code}).`,
    code === 'ELOOP'
      ? 'It is a link that leads back to itself. Replace it with a file.'
      : `Give yourself permission to read it, for example with \`chmod u+r '${path}'\`.`,
    error instanceof Error ? error.message : undefined,
    error,
  );
}
