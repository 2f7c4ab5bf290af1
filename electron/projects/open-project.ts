/** Opens the project of a build: its files, wherever they come from, and its Containerfiles. */
import { realpath, stat } from 'node:fs/promises';
import { basename, extname, isAbsolute, join, resolve } from 'node:path';
import type { BuildRequest } from '../../shared/build.ts';
import { type Failure, fail } from '../../shared/failure.ts';
import { type Platform, parsePlatform } from '../../shared/platform.ts';
import {
  type Containerfile,
  findContainerfile,
  findContext,
  hiddenName,
  pathInside,
  standardInput,
} from '../context/containerfile.ts';
import type { AddedFile, ContentsOptions } from '../context/contents.ts';
import { rootIgnoreFiles } from '../context/ignore.ts';
import { readProjectFile } from '../context/project-file.ts';
import type { MappedFolder } from '../context/walk.ts';
import {
  type ContextSources,
  type OpenedSource,
  type OpenOptions,
  type SourceRequest,
  standardInputContext,
} from '../sources/context-sources.ts';

/** What of a build request names the project. */
export type ProjectRequest = Pick<BuildRequest, 'context'> &
  Partial<Pick<BuildRequest, 'file' | 'containerfile' | 'files' | 'filesFor' | 'sources'>> &
  Omit<SourceRequest, 'context'>;

/** A Containerfile as it is built: one file, or several that are joined. */
export interface BuiltFile {
  /** For people: absolute, or relative to a project that is in no folder of the user. */
  readonly path: string;
  /** Its name in the packed context. */
  readonly name: string;
  readonly content: Buffer;
  /** The files that it is joined of, with the number of the first line of each, counted from 1. */
  readonly parts: readonly { readonly path: string; readonly firstLine: number }[];
}

export interface OpenedProject {
  readonly source: OpenedSource;
  /** The context as an absolute path without links. */
  readonly folder: string;
  readonly containerfile: BuiltFile;
  /** The Containerfiles of single platforms. */
  readonly containerfilesFor: ReadonlyMap<Platform, BuiltFile>;
  /** What is packed. */
  readonly contents: ContentsOptions;
  /** What identifies the project and its Containerfile. */
  readonly key: { readonly context: string; readonly containerfile: string };
}

/**
 * The caller releases the source.
 * @throws Failure `context.*`, `source.*`, `input.invalid`; the reason of the signal
 */
export async function openProject(
  request: ProjectRequest,
  sources: ContextSources,
  options: OpenOptions,
): Promise<OpenedProject> {
  const source = await sources.open(request, options);
  try {
    return await openSource(request, source);
  } catch (error) {
    source.release();
    throw error;
  }
}

async function openSource(request: ProjectRequest, source: OpenedSource): Promise<OpenedProject> {
  const { file, files = [], filesFor = {} } = request;
  const folder = await findContext(source.folder);
  const text = request.containerfile === undefined ? source.containerfile : Buffer.from(request.containerfile);
  const path = file === undefined ? undefined : await findFile(folder, file, source);
  const contextName = source.context === standardInputContext ? standardInput : source.context;
  const found = await findContainerfile(folder, {
    ...(text ? { content: text } : { file: path }),
    ...(source.isForeign ? { contextName } : {}),
  });
  if (source.isForeign) {
    await assertOwnFiles(folder, found);
  }
  const shown = (each: string): string => (source.isForeign ? (pathInside(folder, each) ?? each) : each);
  const read = async (each: string): Promise<BuiltFile> => {
    const full = await findFile(folder, each, source);
    const content = await readProjectFile(full, 'Containerfile');
    if (!content) {
      throw missingFile(each);
    }
    const name = hiddenName(content, extname(full));
    return { path: shown(full), name, content, parts: [{ path: shownPart(folder, full), firstLine: 1 }] };
  };
  const main: BuiltFile = {
    path: shown(found.path),
    name: found.name,
    content: found.content,
    parts: [{ path: found.path === standardInput ? 'Containerfile' : shownPart(folder, found.path), firstLine: 1 }],
  };
  const containerfile = files.length === 0 ? main : joinFiles([main, ...(await Promise.all(files.map(read)))]);
  const containerfilesFor = new Map<Platform, BuiltFile>();
  for (const [name, each] of Object.entries(filesFor)) {
    const platform = parsePlatform(name);
    if (platform) {
      containerfilesFor.set(platform, await read(each));
    }
  }
  const built = [...(containerfile === main ? [] : [containerfile]), ...containerfilesFor.values()];
  return {
    source,
    folder,
    containerfile,
    containerfilesFor,
    contents: {
      context: folder,
      content: found.content,
      ...(found.path === standardInput ? {} : { file: found.path }),
      addedFiles: built.map(({ name, content }): AddedFile => ({ name, content })),
      mapped: await mappedFolders(request),
    },
    // a real path identifies a project whatever paths the user gave
    key: source.isForeign
      ? { context: source.project, containerfile: shown(found.path) }
      : { context: folder, containerfile: found.path },
  };
}

/** As podman does: the files follow one another. */
function joinFiles(files: readonly BuiltFile[]): BuiltFile {
  const parts: BuiltFile['parts'][number][] = [];
  const contents: Buffer[] = [];
  let firstLine = 1;
  for (const { content, parts: own } of files) {
    const text = content.at(-1) === 0x0a ? content : Buffer.concat([content, Buffer.from('\n')]);
    parts.push(...own.map((part) => ({ ...part, firstLine })));
    contents.push(text);
    firstLine += text.filter((byte) => byte === 0x0a).length;
  }
  const content = Buffer.concat(contents);
  const [first] = files;
  return { path: first?.path ?? standardInput, name: hiddenName(content), content, parts };
}

/** Relative paths of files start at the project. */
async function findFile(folder: string, given: string, { isForeign, context }: OpenedSource): Promise<string> {
  // a path below an archive is one in the archive
  const file = isForeign && isAbsolute(given) ? (pathInside(context, given) ?? given) : given;
  const path = resolve(folder, file);
  if (!isForeign || isAbsolute(file)) {
    return path;
  }
  if (pathInside(folder, path) === undefined) {
    throw fail(
      'context.file-missing',
      `The Containerfile ${file} is outside the project.`,
      'Use a path inside it, or an absolute path of this computer.',
    );
  }
  await assertInside(folder, path);
  return path;
}

/** A project from elsewhere may have links to any file of this computer, which would be read and sent. */
async function assertOwnFiles(folder: string, { path, isOutside }: Containerfile): Promise<void> {
  if (isOutside) {
    return;
  }
  const beside = [path, `${path}.dockerignore`, `${path}.containerignore`];
  for (const each of [...beside, ...rootIgnoreFiles.map((name) => join(folder, name))]) {
    await assertInside(folder, each);
  }
}

/** @throws Failure `context.unreadable` if a link leads out of the folder */
async function assertInside(folder: string, path: string): Promise<void> {
  const target = await realpath(path).catch(() => undefined);
  if (target !== undefined && pathInside(folder, target) === undefined) {
    throw fail(
      'context.unreadable',
      `${pathInside(folder, path) ?? path} is a link that leads out of the project.`,
      'Replace the link with a file.',
    );
  }
}

function shownPart(folder: string, path: string): string {
  return pathInside(folder, path) ?? basename(path);
}

function missingFile(path: string): Failure {
  return fail(
    'context.file-missing',
    `The file ${path} does not exist.`,
    'Check the path of the Containerfile.',
  ).offering({
    id: 'choose-containerfile',
  });
}

/** @throws Failure `context.missing`, `input.invalid` */
async function mappedFolders({ context, sources = [] }: ProjectRequest): Promise<MappedFolder[]> {
  const mapped = sources.map(({ from, to }) => ({ from: resolve(context, from), to: cleanTarget(to) }));
  return Promise.all(
    mapped.map(async ({ from, to }) => {
      const target = await realpath(from).catch(() => undefined);
      const stats = target === undefined ? undefined : await stat(target);
      if (target === undefined || !(stats?.isDirectory() || (stats?.isFile() && to !== ''))) {
        throw fail('context.missing', `The mapped folder ${from} does not exist.`, 'Correct its path.');
      }
      return { from: target, to };
    }),
  );
}

function cleanTarget(to: string): string {
  const names = to.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) {
    throw fail('input.invalid', `The path ${to} is not inside the context.`, 'Use a path without "..".');
  }
  return names.join('/');
}
