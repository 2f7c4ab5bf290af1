/** Project folders: where they are, and what their Containerfiles contain. */
import { readdir } from 'node:fs/promises';
import { basename, relative } from 'node:path';
import type { BuildRequest } from '../../shared/build.ts';
import type { Project } from '../../shared/project.ts';
import {
  type Containerfile,
  findContainerfile,
  findContext,
  pathInside,
  standardInput,
} from '../context/containerfile.ts';
import { findSource } from '../context/find-source.ts';
import { previewContext } from '../context/preview.ts';
import { formatWarnings } from './docker-format.ts';
import { type Finding, lintContainerfile } from './lint-containerfile.ts';
import { parseContainerfile } from './parse-containerfile.ts';

/** A project folder, and which Containerfile of it: a file, or a text that is in no file. */
export interface ProjectRequest {
  readonly context: string;
  readonly file?: string | undefined;
  readonly containerfile?: string | undefined;
}

/**
 * The real paths of a project's context and Containerfile, so that links to it do not make it another project, and the content
 * of the Containerfile.
 * @throws Failure `context.missing`, `context.file-missing`, `context.unreadable`
 */
export async function resolveProject({
  context: folder,
  file,
  containerfile: text,
}: ProjectRequest): Promise<{ context: string; containerfile: Containerfile }> {
  const context = await findContext(folder);
  const choice = text === undefined ? { file } : { content: Buffer.from(text) };
  return { context, containerfile: await findContainerfile(context, choice) };
}

/**
 * Inspects a project folder: its Containerfiles, stages and build arguments, what a build would send, and what is wrong with the
 * Containerfile.
 * @throws Failure `context.*`
 */
export async function inspectProject(
  { target, format, ...request }: ProjectRequest & Pick<BuildRequest, 'target' | 'format'>,
  signal?: AbortSignal,
): Promise<Project> {
  const { context, containerfile } = await resolveProject(request);
  const isFile = containerfile.path !== standardInput;
  const { content } = containerfile;
  const parsed = parseContainerfile(content.toString('utf8'));
  const [preview, names] = await Promise.all([
    previewContext({
      context,
      content,
      ...(isFile ? { file: containerfile.path } : {}),
      ...(signal ? { signal } : {}),
    }),
    readdir(context),
  ]);
  const chosen = isFile ? relative(context, containerfile.path) : standardInput;
  const others = names.filter((name) => /^(Containerfile|Dockerfile)(\.|$)|\.(Containerfile|Dockerfile)$/i.test(name));
  const { contents, files, bytes, ignoredCount, largest, warnings } = preview;
  const findings = await lintContainerfile(parsed, {
    fileName: chosen,
    target,
    findSource: (path) => findSource(context, contents.rules, path),
  });
  const { file: ignorePath } = contents.rules;
  const ignoreFile = ignorePath === undefined ? {} : { file: pathInside(context, ignorePath) ?? ignorePath };
  return {
    context,
    name: basename(context),
    containerfiles: [...new Set([chosen, ...others.filter((name) => !/ignore$/.test(name)).sort()])],
    stages: parsed.stages,
    buildArgs: [...parsed.buildArgs],
    files,
    bytes,
    ignoredCount,
    largest: [...largest],
    warnings: [
      ...warnings.map(({ pattern, ...warning }) => ({
        ...warning,
        ...(pattern === undefined
          ? {}
          : { actions: [{ id: 'ignore-files' as const, patterns: [pattern], ...ignoreFile }] }),
      })),
      ...(format === 'docker' ? [] : formatWarnings(parsed, chosen, target)),
      ...findings.flatMap((finding) => (finding.severity === 'warning' ? [findingWarning(chosen, finding)] : [])),
    ],
    errors: findings.flatMap((finding) => (finding.severity === 'error' ? [findingProblem(chosen, finding)] : [])),
  };
}

function findingWarning(path: string, { line, message, fix }: Finding): Project['warnings'][number] {
  return { kind: 'containerfile', path, line, message: [message, fix].join(' ').trim() };
}

function findingProblem(path: string, { line, message, fix }: Finding): Project['errors'][number] {
  return { code: 'context.containerfile', line, message: `${path}, line ${line}: ${message}`, fix };
}
