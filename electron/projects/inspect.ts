import { readdir, readFile } from 'node:fs/promises';
import { basename, relative } from 'node:path';
import type { Project } from '../../shared/contract.ts';
import { type ContextWarning, previewContext } from '../context/preview.ts';
import { resolveProject } from './resolve.ts';
import { readSource } from './source.ts';

const warningText: Readonly<Record<ContextWarning['kind'], string>> = {
  'env-file': 'looks like a file of secrets; it would be sent to every node',
  'private-key': 'looks like a private key; it would be sent to every node',
  credentials: 'looks like stored credentials; it would be sent to every node',
  'git-folder': 'the history of the project is rarely needed in a build',
  dependencies: 'installed dependencies are usually installed anew in the image',
  'special-file': 'is a socket, pipe or device and is left out',
};

/**
 * Looks at a project folder: its Containerfiles, stages and arguments, and what a build would send of it.
 * @throws Failure `context.*`
 */
export async function inspectProject(request: { context: string; file?: string | undefined }): Promise<Project> {
  const { context, containerfile } = await resolveProject(request);
  const [preview, text, names] = await Promise.all([
    previewContext({ context, file: containerfile }),
    readFile(containerfile, 'utf8'),
    readdir(context),
  ]);
  const { stages, buildArgs } = readSource(text);
  const chosen = relative(context, containerfile);
  const others = names.filter((name) => /^(Containerfile|Dockerfile)(\.|$)|\.(Containerfile|Dockerfile)$/i.test(name));
  const { files, bytes, ignoredCount, largest, warnings } = preview;
  return {
    context,
    name: basename(context),
    containerfiles: [...new Set([chosen, ...others.filter((name) => !/ignore$/.test(name)).sort()])],
    stages,
    buildArgs,
    files,
    bytes,
    ignoredCount,
    largest: [...largest],
    warnings: warnings.map(({ kind, path }) => ({ kind, path, message: warningText[kind] })),
  };
}
