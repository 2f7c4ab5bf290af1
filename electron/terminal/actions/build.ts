/** Actions: what each command of the terminal does. Each calls the app and prints the result. */

import { writeFile } from 'node:fs/promises';
import type { Build } from '../../../shared/build.ts';
import { fail } from '../../../shared/problem.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { printSummary } from '../output/build-summary.ts';
import type { BuildView } from '../output/build-view.ts';
import { JsonView, PlainTextView } from '../output/line-views.ts';
import { LiveGrid } from '../output/live-grid.ts';
import { isTerminal } from '../output/paint.ts';
import type { Pausable } from '../prompt.ts';

/** Builds an image and shows its progress. */
export function buildImage(
  frontEnd: TerminalFrontEnd,
  { request, digestFile }: Extract<Command, { kind: 'build' }>,
): Promise<number> {
  return followBuild(frontEnd, () => frontEnd.start('builds.start', request), digestFile);
}

/** Builds what an earlier build lacks and shows its progress. */
export function retryBuild(
  frontEnd: TerminalFrontEnd,
  { request, digestFile }: Extract<Command, { kind: 'retry' }>,
): Promise<number> {
  return followBuild(frontEnd, () => frontEnd.start('builds.retry', request), digestFile);
}

/** Follows a build to its end: as a live grid on a terminal, else as plain lines, or as JSON. */
async function followBuild(
  frontEnd: TerminalFrontEnd,
  startBuild: () => Promise<Build>,
  digestFile: string | undefined,
): Promise<number> {
  const { output, json } = frontEnd.options;
  const view = createView(frontEnd);
  try {
    const { build } = await frontEnd.withScreen(isPausable(view) ? view : undefined, () =>
      frontEnd.follow('build.finished', {
        start: async () => {
          const { id } = await frontEnd.showWait('Checking the nodes', startBuild());
          return id;
        },
        cancel: 'builds.cancel',
        onEvent: (event) => view.onEvent(event),
      }),
    );
    view.finish();
    if (!json) {
      // on a terminal the rows of the grid serve as the table
      printSummary(output, build, { table: !isTerminal(output) });
    }
    if (digestFile !== undefined && build.list) {
      await writeDigest(digestFile, build.list.digest);
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

function createView(frontEnd: TerminalFrontEnd): BuildView {
  const { output, json } = frontEnd.options;
  if (json) {
    return new JsonView(output);
  }
  return isTerminal(output) ? new LiveGrid(output) : new PlainTextView(output);
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

function exitCode({ status }: Build): number {
  switch (status) {
    case 'done':
      return 0;
    case 'cancelled':
      return 130; // the code that shells report for a program that Ctrl+C ended
    default:
      return 1;
  }
}
