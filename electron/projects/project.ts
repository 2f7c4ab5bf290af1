/** Projects: what their Containerfiles contain, and what a build would send. */
import { readdir } from 'node:fs/promises';
import { relative } from 'node:path';
import type { AutomaticValues } from '../../shared/automatic-options.ts';
import type { BuildRequest } from '../../shared/build.ts';
import type { Project } from '../../shared/project.ts';
import { allSourceMounts } from '../../shared/source-mounts.ts';
import { pathInside, standardInput } from '../context/containerfile.ts';
import { type ContextContents, openContents } from '../context/contents.ts';
import { findSource } from '../context/find-source.ts';
import { previewContext } from '../context/preview.ts';
import type { ContextSources } from '../sources/context-sources.ts';
import { automaticValuesOf } from './automatic-options.ts';
import { formatWarnings } from './docker-format.ts';
import type { Finding } from './lint/findings.ts';
import { type LintOptions, lintContainerfile } from './lint/lint-containerfile.ts';
import { type BuiltFile, type OpenedProject, openProject, type ProjectRequest } from './open-project.ts';
import { parseContainerfile } from './parse-containerfile.ts';

/**
 * The build arguments and labels that a build can get from the git repository of a project.
 * @throws Failure `context.*`, and the reason of the signal
 */
export async function automaticOptions(
  request: ProjectRequest,
  sources: ContextSources,
  signal: AbortSignal,
): Promise<AutomaticValues> {
  const { source, folder, containerfile } = await openProject(request, sources, { signal, acceptsRecent: true });
  source.release();
  return automaticValuesOf({ source, folder, containerfile }, signal);
}

/** A project, and what decides what is found in its Containerfile. */
type InspectRequest = ProjectRequest &
  Pick<BuildRequest, 'target' | 'format' | 'contexts'> &
  Pick<LintOptions, 'buildArgs' | 'platforms' | 'imageFacts'>;

/**
 * Inspects a project: its Containerfiles, stages and build arguments, what a build would send, and what is wrong with the
 * Containerfile.
 * @throws Failure `context.*`, `source.*`
 */
export async function inspectProject(
  request: InspectRequest,
  sources: ContextSources,
  signal: AbortSignal,
): Promise<Project> {
  const project = await openProject(request, sources, { signal, acceptsRecent: true });
  try {
    return await inspectOpened(project, request, signal);
  } finally {
    project.source.release();
  }
}

type ProjectFindings = Pick<Project, 'warnings' | 'errors'>;

/** What is wrong with the Containerfile of a project. The other files are not read. @throws Failure `context.*`, `source.*` */
export async function lintProject(
  request: InspectRequest,
  sources: ContextSources,
  signal: AbortSignal,
): Promise<ProjectFindings & Pick<Project, 'context' | 'containerfiles'>> {
  const project = await openProject(request, sources, { signal, acceptsRecent: true });
  try {
    const contents = await openContents(project.contents);
    return {
      context: contextOf(project),
      containerfiles: [chosenFile(project)],
      ...(await findingsIn(project, contents, request)),
    };
  } finally {
    project.source.release();
  }
}

async function inspectOpened(project: OpenedProject, request: InspectRequest, signal: AbortSignal): Promise<Project> {
  const { source, folder, contents: options } = project;
  const parsed = parseContainerfile(project.containerfile.content.toString('utf8'));
  const [preview, names] = await Promise.all([previewContext({ ...options, signal }), readdir(folder)]);
  const chosen = chosenFile(project);
  const others = names.filter((name) => /^(Containerfile|Dockerfile)(\.|$)|\.(Containerfile|Dockerfile)$/i.test(name));
  const { contents, files, bytes, ignoredCount, largest, warnings } = preview;
  const { file: ignorePath } = contents.rules;
  const ignoreFile = ignorePath === undefined ? {} : { file: pathInside(folder, ignorePath) ?? ignorePath };
  const found = await findingsIn(project, contents, request);
  return {
    context: contextOf(project),
    name: source.name,
    containerfiles: [...new Set([chosen, ...others.filter((name) => !/ignore$/.test(name)).sort()])],
    stages: parsed.stages,
    buildArgs: [...parsed.buildArgs],
    mounts: allSourceMounts(parsed.instructions),
    files,
    bytes,
    ignoredCount,
    largest: [...largest],
    ...(source.commit === undefined ? {} : { commit: source.commit }),
    warnings: [
      ...warnings.map(({ pattern, ...warning }) => ({
        ...warning,
        // the ignore file of a project from elsewhere is not changed
        ...(pattern === undefined || source.isForeign
          ? {}
          : { actions: [{ id: 'ignore-files' as const, patterns: [pattern], ...ignoreFile }] }),
      })),
      ...(request.format === 'docker' ? [] : formatWarnings(parsed, chosen, request.target)),
      ...found.warnings,
    ],
    errors: found.errors,
  };
}

function contextOf({ source, folder }: OpenedProject): string {
  return source.isForeign ? source.context : folder;
}

/** The path of the Containerfile, relative to the context. */
function chosenFile({ folder, contents: { file } }: OpenedProject): string {
  return file === undefined ? standardInput : relative(folder, file);
}

async function findingsIn(
  project: OpenedProject,
  contents: ContextContents,
  { target, buildArgs, platforms, contexts, imageFacts }: InspectRequest,
): Promise<ProjectFindings> {
  const { containerfile } = project;
  const chosen = chosenFile(project);
  const findings = await lintContainerfile(parseContainerfile(containerfile.content.toString('utf8')), {
    ...{ fileName: chosen, target, buildArgs, platforms, imageFacts },
    contexts: Object.keys(contexts ?? {}),
    findSource: (path) => findSource(contents, path),
  });
  const located = findings.map((finding) => locate(finding, containerfile, chosen));
  return {
    warnings: located.flatMap(({ path, finding }) =>
      finding.severity === 'error' ? [] : [findingWarning(path, finding)],
    ),
    errors: located.flatMap(({ path, finding }) =>
      finding.severity === 'error' ? [findingProblem(path, finding)] : [],
    ),
  };
}

/** Which of the joined files a finding is in, and where. */
function locate(
  finding: Finding,
  { parts }: BuiltFile,
  chosen: string,
): { readonly path: string; readonly finding: Finding } {
  const part = parts.findLast(({ firstLine }) => firstLine <= finding.line);
  return part && parts.length > 1
    ? { path: part.path, finding: { ...finding, line: finding.line - part.firstLine + 1 } }
    : { path: chosen, finding };
}

function findingWarning(path: string, { line, message, fix, rule, severity }: Finding): Project['warnings'][number] {
  const text = [message, fix].join(' ').trim();
  return { kind: 'containerfile', path, line, message: text, rule, ...(severity === 'note' ? { isNote: true } : {}) };
}

function findingProblem(path: string, { line, message, fix, rule }: Finding): Project['errors'][number] {
  return { code: 'context.containerfile', line, message: `${path}, line ${line}: ${message}`, fix, rule };
}
