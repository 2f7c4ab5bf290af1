/** Project folders: where they are, and what their Containerfiles contain. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, relative } from 'node:path';
import type { Project } from '../../shared/project.ts';
import { findContainerfile, findContext } from '../context/containerfile.ts';
import { type ContextWarning, previewContext } from '../context/preview.ts';
import { parseContainerfile } from './parse-containerfile.ts';

/**
 * The real paths of a project's context and Containerfile, so that links to it do not make it another project.
 * @throws Failure `context.missing`, `context.file-missing`
 */
export async function resolveProject(request: {
  readonly context: string;
  readonly file?: string | undefined;
}): Promise<{ context: string; containerfile: string }> {
  const context = await findContext(request.context);
  const { path } = await findContainerfile(context, request.file);
  return { context, containerfile: path };
}

/** These follow a path in the context. */
const warningMessages: Readonly<Record<ContextWarning['kind'], string>> = {
  'env-file': 'may contain secrets; it would be sent to every node',
  'private-key': 'looks like a private key; it would be sent to every node',
  credentials: 'looks like stored credentials; it would be sent to every node',
  'git-folder': 'a build rarely needs the history of the project',
  dependencies: 'dependencies are usually installed again inside the image',
  'special-file': 'is a socket, pipe or device and is left out',
};

/**
 * Inspects a project folder: its Containerfiles, stages and build arguments, and what a build would send.
 * @throws Failure `context.*`
 */
export async function inspectProject(
  request: { context: string; file?: string | undefined },
  signal?: AbortSignal,
): Promise<Project> {
  const { context, containerfile } = await resolveProject(request);
  const [preview, text, names] = await Promise.all([
    previewContext({ context, file: containerfile, ...(signal ? { signal } : {}) }),
    readFile(containerfile, 'utf8'),
    readdir(context),
  ]);
  const { stages, buildArgs } = parseContainerfile(text);
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
    warnings: warnings.map(({ kind, path }) => ({ kind, path, message: warningMessages[kind] })),
  };
}
