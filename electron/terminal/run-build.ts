import { writeFile } from 'node:fs/promises';
import type { Build } from '../../shared/build.ts';
import { fail } from '../../shared/problem.ts';
import type { Pausable } from './ask.ts';
import type { BuildView } from './build-view.ts';
import type { Command } from './command.ts';
import { JsonView } from './json.ts';
import { LiveGrid } from './live-grid.ts';
import { isTerminal } from './paint.ts';
import { PlainView } from './plain.ts';
import { printSummary } from './summary.ts';
import type { TerminalFrontEnd } from './terminal.ts';

/** Builds and shows it: a live grid on a terminal, plain lines elsewhere, events as JSON where wanted. */
export async function runBuild(
  door: TerminalFrontEnd,
  { request, digestFile }: Extract<Command, { kind: 'build' }>,
): Promise<number> {
  const { output, json } = door.options;
  const view = makeView(door);
  try {
    const { build } = await door.follow('build.finished', {
      start: async () => {
        const { id } = await door.waitFor('Asking the nodes', door.call('builds.start', request));
        door.screen = isPausable(view) ? view : undefined;
        return id;
      },
      cancel: 'builds.cancel',
      onEvent: (event) => view.onEvent(event),
    });
    view.finish();
    if (!json) {
      // the grid's rows stay as the table
      printSummary(output, build, { table: !isTerminal(output) });
    }
    if (digestFile !== undefined && build.list) {
      await writeDigest(digestFile, build.list.digest);
    }
    return exitCode(build);
  } catch (error) {
    view.finish();
    throw error;
  } finally {
    door.screen = undefined;
  }
}

function isPausable(view: BuildView): view is BuildView & Pausable {
  return 'pause' in view;
}

function makeView(door: TerminalFrontEnd): BuildView {
  const { output, json } = door.options;
  if (json) {
    return new JsonView(output);
  }
  if (isTerminal(output)) {
    return new LiveGrid(output);
  }
  return new PlainView(output);
}

async function writeDigest(path: string, digest: string): Promise<void> {
  await writeFile(path, digest).catch((error: unknown) => {
    throw fail(
      'input.invalid',
      `The digest could not be written to ${path}: ${error instanceof Error ? error.message : String(error)}`,
      `The image is built; its digest is ${digest}.`,
    );
  });
}

function exitCode({ status }: Build): number {
  switch (status) {
    case 'done':
      return 0;
    case 'cancelled':
      return 130; // as shells report a program that Ctrl+C ended
    default:
      return 1;
  }
}
