/** Actions: what each command of the terminal does. Each calls the app and prints the result. */

import { writeFile } from 'node:fs/promises';
import type { Build } from '../../../shared/build.ts';
import { isReadable } from '../../../shared/build-entry.ts';
import { fail } from '../../../shared/problem.ts';
import type { Project } from '../../../shared/project.ts';
import { suggestReferences } from '../../../shared/suggested-references.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import type { BuildView } from '../output/build-view.ts';
import { JsonView, PlainTextView } from '../output/line-views.ts';
import { isTerminal } from '../output/paint.ts';
import { printProblem } from '../output/problem.ts';
import { printWarnings } from '../output/project-warnings.ts';
import type { Pausable } from '../prompt.ts';
import { readTextInput, type TextInput } from '../text-input.ts';
import { readCredentials } from './push.ts';

type BuildCommand = Extract<Command, { kind: 'build' }>;

/** Builds an image and shows its progress. */
export async function buildImage(
  frontEnd: TerminalFrontEnd,
  { request: given, containerfileFrom, digestFile, credentials }: BuildCommand,
): Promise<number> {
  const withFile =
    containerfileFrom === undefined
      ? given
      : { ...given, containerfile: await readTextInput(frontEnd, containerfileInput(containerfileFrom)) };
  const project = await checkProject(frontEnd, withFile);
  if (project.errors.length > 0) {
    return 1;
  }
  const pushCredentials = await readCredentials(frontEnd, credentials);
  const request = {
    ...withFile,
    pushCredentials,
    reference: given.reference ?? (await suggestReference(frontEnd, given, project)),
  };
  return followBuild(frontEnd, () => frontEnd.start('builds.start', request), digestFile);
}

/** The name that the window proposes for the next build of the project. */
async function suggestReference(
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
async function checkProject(frontEnd: TerminalFrontEnd, request: BuildCommand['request']): Promise<Project> {
  const { errors: stream, json } = frontEnd.options;
  const { context, file, containerfile, target, format } = request;
  const project = await frontEnd.showWait(
    'Reading the project',
    frontEnd.call('projects.inspect', { context, file, containerfile, target, format }),
  );
  if (!json) {
    printWarnings(stream, project.warnings);
  }
  for (const error of project.errors) {
    printProblem(stream, error, { json });
  }
  return project;
}

/** Builds what an earlier build lacks and shows its progress. */
export async function retryBuild(
  frontEnd: TerminalFrontEnd,
  { request, digestFile, credentials }: Extract<Command, { kind: 'retry' }>,
): Promise<number> {
  const pushCredentials = await readCredentials(frontEnd, credentials);
  return followBuild(frontEnd, () => frontEnd.start('builds.retry', { ...request, pushCredentials }), digestFile);
}

/** Follows a build to its end: as a live grid on a terminal, else as plain lines, or as JSON. */
async function followBuild(
  frontEnd: TerminalFrontEnd,
  startBuild: () => Promise<Build>,
  digestFile: string | undefined,
): Promise<number> {
  const { output, json } = frontEnd.options;
  const view = await createView(frontEnd);
  try {
    const { build } = await frontEnd.withScreen(isPausable(view) ? view : undefined, () =>
      frontEnd.follow('build.finished', {
        start: async () => {
          const { id } = await frontEnd.showWait('Checking the nodes', startBuild());
          if (!json) {
            // now, while the nodes work: at the end it would be waited for
            void import('../output/build-summary.ts');
          }
          return id;
        },
        cancel: 'builds.cancel',
        onEvent: (event) => view.onEvent(event),
      }),
    );
    view.finish();
    if (!json) {
      const { printSummary } = await import('../output/build-summary.ts');
      // on a terminal the rows of the grid serve as the table
      printSummary(output, build, { table: !isTerminal(output), next: isTerminal(output) });
    }
    // that of a list which nodes have pushed is only in the registry
    const digest = build.list?.digest ?? build.push?.digest;
    if (digestFile !== undefined && digest !== undefined) {
      await writeDigest(digestFile, digest);
    }
    return exitCode(build);
  } catch (error) {
    view.finish();
    throw error;
  }
}

/** Writes a small project to try a build with. */
export async function writeSampleProject(frontEnd: TerminalFrontEnd, folder: string | undefined): Promise<number> {
  const { context } = await frontEnd.call('projects.sample', folder === undefined ? {} : { folder });
  frontEnd.printResult({ context }, () => [
    `Created a sample project in ${context}.`,
    `Build it: barnraiser build -t hello:1 ${context}`,
  ]);
  return 0;
}

function isPausable(view: BuildView): view is BuildView & Pausable {
  return 'pause' in view;
}

async function createView(frontEnd: TerminalFrontEnd): Promise<BuildView> {
  const { output, json } = frontEnd.options;
  if (json) {
    return new JsonView(output);
  }
  if (!isTerminal(output)) {
    return new PlainTextView(output);
  }
  const { LiveGrid } = await import('../output/live-grid.ts');
  return new LiveGrid(output);
}

/** @throws Failure `input.invalid` */
async function writeDigest(path: string, digest: string): Promise<void> {
  await writeFile(path, digest).catch((error: unknown) => {
    throw fail(
      'input.invalid',
      `Could not write the digest to ${path}: ${error instanceof Error ? error.message : String(error)}`,
      `The image was built. Its digest is ${digest}.`,
    );
  });
}

function exitCode({ status, push }: Build): number {
  switch (status === 'done' && push ? push.status : status) {
    case 'done':
      return 0;
    case 'cancelled':
      return 130; // the code that shells report for a program that Ctrl+C ended
    default:
      return 1;
  }
}

function containerfileInput(from: number): TextInput {
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
