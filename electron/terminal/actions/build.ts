/** Actions: what each command of the terminal does. Each calls the app and prints the result. */

import { closeSync, openSync, writeSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { Writable } from 'node:stream';
import type { Build, BuildRequest } from '../../../shared/build.ts';
import { isReadable } from '../../../shared/build-entry.ts';
import type { CallInput } from '../../../shared/contract.ts';
import { withoutLogin } from '../../../shared/git-url.ts';
import { isStandardOutput } from '../../../shared/output.ts';
import { fail } from '../../../shared/problem.ts';
import type { Project, ProjectWarning } from '../../../shared/project.ts';
import { proxiesOf } from '../../../shared/proxy-variables.ts';
import { suggestReferences } from '../../../shared/suggested-references.ts';
import type { Command, OutputFiles } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { buildMetadata } from '../output/build-metadata.ts';
import { type BuildView, isPausable } from '../output/build-view.ts';
import { JsonView, PlainTextView } from '../output/line-views.ts';
import { isTerminal } from '../output/paint.ts';
import { printProblem } from '../output/problem.ts';
import { printWarnings } from '../output/project-warnings.ts';
import { jsonLine } from '../output/text.ts';
import { withStandardInput } from '../standard-input.ts';
import { readTextInput, type TextInput } from '../text-input.ts';
import { newestBuild } from './history.ts';
import { readCredentials } from './push.ts';
import { readSecrets } from './secrets.ts';

type BuildCommand = Extract<Command, { kind: 'build' }>;

/** Builds an image and shows its progress. */
export async function buildImage(
  frontEnd: TerminalFrontEnd,
  { request: flags, containerfileFrom, usesRecipe, ...options }: BuildCommand,
): Promise<number> {
  const given = usesRecipe ? await withRecipe(frontEnd, flags) : flags;
  return withStandardInput(frontEnd, given.context, async (input) => {
    const withInput = { ...given, input };
    const request =
      containerfileFrom === undefined
        ? withInput
        : { ...withInput, containerfile: await readTextInput(frontEnd, containerfileInput(containerfileFrom)) };
    return buildRequest(frontEnd, request, options);
  });
}

/** The request with the options of the project's recipes. What the command line says wins. */
export async function withRecipe(
  frontEnd: TerminalFrontEnd,
  flags: BuildCommand['request'],
): Promise<BuildCommand['request']> {
  const { context } = flags;
  if (!(await isFolder(context))) {
    return flags;
  }
  const { files, kept } = await frontEnd.call('recipes.find', { folder: context });
  if (!kept && !files.includes('barnraiser.json')) {
    return flags;
  }
  const [{ buildSettings }, { sharedFields }] = await Promise.all([
    import('../../recipes/describe-bake.ts'),
    import('../../recipes/recipe-file.ts'),
  ]);
  const { buildArgs: _args, labels: _labels, ...given } = flags;
  const { fields, isOfProject } = await buildSettings(context, kept ? sharedFields(kept) : {}, Object.keys(given));
  const { farm, connections, buildArgs, labels, ...others } = fields;
  const hasNodes = flags.farm !== undefined || flags.connections !== undefined;
  const used = Object.keys(fields).filter((name) => !Object.hasOwn(flags, name));
  if (used.length > 0) {
    const origin = [...(kept ? ['the recipe of the app'] : []), ...(isOfProject ? ['barnraiser.json'] : [])].join(
      ' and ',
    );
    frontEnd.printNotes(`Options of ${origin}: ${used.join(', ')}. To leave them out, add --no-recipe.`);
  }
  return {
    ...others,
    ...(hasNodes
      ? {}
      : { ...(farm === undefined ? {} : { farm }), ...(connections === undefined ? {} : { connections }) }),
    ...flags,
    ...(buildArgs || flags.buildArgs ? { buildArgs: { ...buildArgs, ...flags.buildArgs } } : {}),
    ...(labels || flags.labels ? { labels: { ...labels, ...flags.labels } } : {}),
  };
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

async function buildRequest(
  frontEnd: TerminalFrontEnd,
  withFile: BuildCommand['request'],
  {
    equivalent,
    dryRun,
    quiet,
    outputFiles,
    credentials,
    lint,
  }: Omit<BuildCommand, 'kind' | 'request' | 'containerfileFrom' | 'usesRecipe'>,
): Promise<number> {
  const { farm, connections } = withFile;
  // while the project is read; the build reports the problems
  frontEnd.call('nodes.connect', { farm, connections }).catch(() => undefined);
  const project = await checkProject(frontEnd, withFile, lint);
  if (project.errors.length > 0) {
    return 1;
  }
  if (lint === 'error' && project.warnings.some(isLintWarning)) {
    throw fail(
      'context.containerfile',
      'The Containerfile has warnings, and --lint=error refuses to build it then.',
      'Correct them, leave rules out with a line such as `# check=skip=UndefinedVar` at its top, or build without --lint.',
    );
  }
  if (equivalent) {
    const { printEquivalents } = await import('./equivalent.ts');
    const reference = withFile.reference ?? (await suggestReference(frontEnd, withFile, project));
    return printEquivalents(frontEnd, { request: { ...withFile, reference } }, equivalent);
  }
  if (dryRun) {
    const { printPlan } = await import('./dry-run.ts');
    const reference = withFile.reference ?? (await suggestReference(frontEnd, withFile, project));
    const warnings = project.warnings.filter((warning) => isShown(warning, lint));
    return printPlan(frontEnd, { ...withFile, reference }, warnings);
  }
  await sayDirectLimits(frontEnd, withFile);
  const pushCredentials = await readCredentials(frontEnd, credentials);
  const request = {
    ...withFile,
    pushCredentials,
    reference: withFile.reference ?? (await suggestReference(frontEnd, withFile, project)),
  };
  const { request: prepared, inputs } = await readSecrets(frontEnd, request);
  const printed = prepared.outputs?.filter(isStandardOutput) ?? [];
  const outputs = prepared.outputs?.filter((output) => !isStandardOutput(output));
  const all = { ...prepared, outputs, ...inputs, ...proxyInput(prepared) };
  return followBuild(frontEnd, () => frontEnd.start('builds.start', all), {
    quiet,
    files: outputFiles,
    source: withoutLogin(request.context),
    reported: project.warnings.filter((warning) => isShown(warning, lint)),
    printed,
  });
}

/** Says which settings of the registry the nodes do not get that push to it themselves. */
async function sayDirectLimits(
  frontEnd: TerminalFrontEnd,
  { push, reference }: BuildCommand['request'],
): Promise<void> {
  const destination = push?.destination ?? reference;
  if (push?.direct && destination !== undefined) {
    const limits = await frontEnd.call('registries.directLimits', { destination, tlsVerify: push.tlsVerify });
    frontEnd.printNotes(...limits.map(({ message, fix }) => `${message} ${fix}`));
  }
}

/** The name that the window proposes for the next build of the project. */
export async function suggestReference(
  frontEnd: TerminalFrontEnd,
  { context }: BuildCommand['request'],
  { name, context: folder }: Project,
): Promise<string> {
  // earlier builds may have been made through another path of the folder
  const pages = await Promise.all(
    [...new Set([context, folder])].map((project) => frontEnd.call('builds.list', { filter: { project } })),
  );
  const builds = pages.flatMap(({ entries }) => entries).filter(isReadable);
  const { first } = suggestReferences(
    builds.sort((one, other) => (one.createdAt < other.createdAt ? 1 : -1)),
    name,
  );
  frontEnd.printNotes(`Building ${first}. To choose another name, add -t NAME:TAG.`);
  return first;
}

/** Prints what is wrong with the project, before anything is sent. */
export async function checkProject(
  frontEnd: TerminalFrontEnd,
  request: BuildCommand['request'],
  lint: BuildCommand['lint'],
): Promise<Project> {
  const { errors: stream, json } = frontEnd.options;
  const inspected = await frontEnd.showWait(
    'Reading the project',
    frontEnd.call('projects.inspect', projectRequestOf(request)),
    withoutLogin(request.context),
  );
  // who asks for it waits for the registries of base images, too
  const found =
    lint === 'error' && (await frontEnd.call('projects.lint', { ...projectRequestOf(request), checkBases: true }));
  const project = found
    ? {
        ...inspected,
        warnings: [...inspected.warnings.filter(({ rule }) => !rule), ...found.warnings],
        errors: found.errors,
      }
    : inspected;
  if (!json) {
    printWarnings(
      stream,
      project.warnings.filter((warning) => isShown(warning, lint)),
    );
  }
  for (const error of project.errors) {
    printProblem(stream, error, { json });
  }
  return project;
}

/** The part of a build request that says what is built of which files. */
function projectRequestOf(request: BuildCommand['request']): CallInput<'projects.inspect'> {
  const { context, file, files, filesFor, sources, containerfile, contexts, input } = request;
  const { target, format, buildArgs = {}, platforms } = request;
  return {
    ...{ context, file, files, filesFor, sources, containerfile, contexts, input },
    ...{ target, format, buildArgs, platforms },
  };
}

/** Notes are for `lint`. */
export function isShown({ isNote, rule }: ProjectWarning, lint: BuildCommand['lint']): boolean {
  return !isNote && !(lint === 'off' && rule !== undefined);
}

/** What `--lint=error` refuses. */
export function isLintWarning({ rule, isNote }: ProjectWarning): boolean {
  return rule !== undefined && !isNote;
}

/** Builds what an earlier build lacks and shows its progress. */
export async function retryBuild(
  frontEnd: TerminalFrontEnd,
  { request, outputFiles, credentials }: Extract<Command, { kind: 'retry' }>,
): Promise<number> {
  const pushCredentials = await readCredentials(frontEnd, credentials);
  const id = request.id ?? (await newestBuild(frontEnd));
  const { request: first } = await frontEnd.call('builds.get', { id });
  const { inputs } = await readSecrets(frontEnd, first);
  const all = { ...request, id, pushCredentials, ...inputs, ...proxyInput(first) };
  return followBuild(frontEnd, () => frontEnd.start('builds.retry', all), {
    quiet: false,
    files: outputFiles,
  });
}

/** The proxies of this environment, for a build that is to use them. */
export function proxyInput({ proxy }: Pick<BuildRequest, 'proxy'>): Pick<CallInput<'builds.start'>, 'proxyVariables'> {
  return proxy ? { proxyVariables: proxiesOf(process.env) } : {};
}

interface FollowOptions {
  /** Only the digest and problems are printed. */
  readonly quiet: boolean;
  readonly files: OutputFiles;
  /** The context of the request, without its login. */
  readonly source?: string;
  /** What was reported of the Containerfile before. */
  readonly reported?: readonly ProjectWarning[];
  /** Outputs that go to standard output when the image is stored. */
  readonly printed?: readonly string[];
}

/** Follows a build to its end: as a live grid on a terminal, else as plain lines, or as JSON. */
export async function followBuild(
  frontEnd: TerminalFrontEnd,
  startBuild: () => Promise<Build>,
  { quiet, files, source, reported = [], printed = [] }: FollowOptions,
): Promise<number> {
  const { json } = frontEnd.options;
  const log = files.logfile === undefined ? undefined : openLog(files.logfile);
  const view = quiet ? undefined : await createView(frontEnd);
  const views = [view, log].filter((each) => each !== undefined);
  try {
    const { build } = await frontEnd.withScreen(view && isPausable(view) ? view : undefined, () =>
      frontEnd.follow('build.finished', {
        start: async () => {
          const { id } = await (quiet ? startBuild() : frontEnd.showWait('Checking the nodes', startBuild(), source));
          if (!json) {
            // now, while the nodes work: at the end it would be waited for
            void import('../output/build-summary.ts');
          }
          return id;
        },
        cancel: 'builds.cancel',
        onEvent: (event) => {
          for (const each of views) {
            each.onEvent(event);
          }
        },
      }),
    );
    for (const each of views) {
      each.finish();
    }
    await printEnd(frontEnd, build, quiet, reported);
    await writeOutputFiles(build, files);
    if (printed.length > 0 && build.list) {
      const { printImage } = await import('./export.ts');
      for (const output of printed) {
        await printImage(frontEnd, build.reference, output, build.list.digest);
      }
    }
    return exitCode(build);
  } catch (error) {
    for (const each of views) {
      each.finish();
    }
    throw error;
  }
}

/** Prints the summary of a build, or its digest if that is all that is asked for. */
export async function printEnd(
  frontEnd: TerminalFrontEnd,
  build: Build,
  quiet: boolean,
  reported: readonly ProjectWarning[],
): Promise<void> {
  const { output, errors, json } = frontEnd.options;
  const digest = digestOf(build);
  if (quiet && exitCode(build) === 0) {
    output.write(json ? jsonLine({ digest }) : `${digest}\n`);
  } else if (quiet || !json) {
    const { printSummary } = await import('../output/build-summary.ts');
    const stream = quiet ? errors : output;
    // on a terminal the rows of the grid serve as the table
    const draws = frontEnd.draws(output);
    printSummary(stream, build, { table: quiet || !draws, next: !quiet && isTerminal(output), reported });
  }
}

/** That of a list which nodes have pushed is only in the registry. */
function digestOf({ list, push, foundDigest }: Build): string | undefined {
  return list?.digest ?? push?.digest ?? foundDigest;
}

/** A log that has every line, however fast they come. @throws Failure `input.invalid` */
export function openLog(path: string): BuildView {
  const file = openFile(path);
  const view = new PlainTextView(
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        try {
          writeSync(file, chunk);
          done();
        } catch (error) {
          done(error instanceof Error ? error : new Error(String(error)));
        }
      },
    }).on('error', () => undefined),
  );
  return {
    onEvent: (event) => view.onEvent(event),
    finish: () => {
      view.finish();
      closeSync(file);
    },
  };
}

function openFile(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw fail('input.invalid', `Could not open the log file ${path}: ${reason}`, 'Use a path that you may write to.');
  }
}

/** @throws Failure `input.invalid` */
export async function writeOutputFiles(build: Build, { iidfile, metadataFile }: OutputFiles): Promise<void> {
  const digest = digestOf(build);
  if (digest === undefined) {
    return;
  }
  if (iidfile !== undefined) {
    await writeResult(iidfile, digest, digest);
  }
  if (metadataFile !== undefined) {
    await writeResult(metadataFile, `${JSON.stringify(buildMetadata(build), undefined, 2)}\n`, digest);
  }
}

export async function createView(frontEnd: TerminalFrontEnd): Promise<BuildView> {
  const { output, json } = frontEnd.options;
  if (json) {
    return new JsonView(output);
  }
  if (!frontEnd.draws(output)) {
    return new PlainTextView(output);
  }
  const { LiveGrid } = await import('../output/live-grid.ts');
  return new LiveGrid(output);
}

/** @throws Failure `input.invalid` */
async function writeResult(path: string, text: string, digest: string): Promise<void> {
  await writeFile(path, text).catch((error: unknown) => {
    throw fail(
      'input.invalid',
      `Could not write to ${path}: ${error instanceof Error ? error.message : String(error)}`,
      `The image was built. Its digest is ${digest}.`,
    );
  });
}

export function exitCode({ status, push, furtherPushes = [], outputs = [] }: Build): number {
  const ends = [...(push ? [push] : []), ...furtherPushes, ...outputs].map((each) => each.status);
  const isWhole = status === 'done' && ends.every((end) => end === 'done');
  const end = status !== 'done' ? status : (ends.find((each) => each === 'failed') ?? 'cancelled');
  // the code that shells report for a program that Ctrl+C ended
  return isWhole ? 0 : end === 'cancelled' ? 130 : 1;
}

export function containerfileInput(from: number): TextInput {
  return {
    from,
    maxBytes: 1024 * 1024,
    failure: (detail) =>
      detail === undefined
        ? fail(
            'context.unreadable',
            'The Containerfile is larger than 1 MiB.',
            'Move what is generated into files that the Containerfile copies.',
          )
        : fail('context.unreadable', 'The Containerfile cannot be read.', 'Check what follows -f.', detail),
  };
}
