#!/usr/bin/env node
/** The entry of the terminal front end. */
import { problemOf } from '../shared/problem.ts';
import { createApp } from './app.ts';
import { attachToRunningApp } from './attach/client.ts';
import { handleTermination } from './system/termination.ts';
import { version } from './system/version.ts';
import { parseArguments } from './terminal/commands/parse-arguments.ts';
import { TerminalFrontEnd } from './terminal/front-end.ts';
import { printProblem, printUsageProblem } from './terminal/output/problem.ts';
import { runCommand } from './terminal/run-command.ts';

/** @returns the exit code */
async function main(argv: readonly string[]): Promise<number> {
  const { stdin, stdout, stderr } = process;
  const columns = stdout.columns ?? 80;
  const parsed = parseArguments(argv, { version, env: process.env, cwd: process.cwd(), columns });
  switch (parsed.kind) {
    case 'text':
      stdout.write(parsed.text);
      return 0;
    case 'invalid':
      printUsageProblem(stderr, parsed.problem, parsed);
      return 2;
    case 'command':
      break;
  }
  const { command, global } = parsed;
  const interrupted = interruptSignal();
  try {
    const app =
      (await attachToRunningApp({ hasToShareEnvironment: true })) ?? (await createApp({ frontEnd: 'terminal' }));
    try {
      const frontEnd = new TerminalFrontEnd(app, {
        input: stdin,
        output: stdout,
        errors: stderr,
        interrupted,
        ...global,
      });
      return await runCommand(frontEnd, command);
    } finally {
      await app.close();
    }
  } catch (error) {
    if (interrupted.aborted && error === interrupted.reason) {
      return 130;
    }
    printProblem(stderr, problemOf(error), global);
    return 1;
  }
}

/**
 * Aborts when the person interrupts the program, so that running work can be cancelled in order, and when nothing reads
 * standard output any more, as in `barnraiser logs BUILD | head`. A second signal, later, ends the process at once.
 */
function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  handleTermination({
    onFirst: () => controller.abort(),
    onSecond: () =>
      process.stderr.write(
        'Ended without cleaning up. Steps that run on the nodes continue to their end. Temporary images that are left ' +
          'there are removed by `barnraiser prune` a day later.\n',
      ),
  });
  process.stdout.on('error', () => controller.abort());
  // an error of standard error cannot be reported anywhere
  process.stderr.on('error', () => undefined);
  return controller.signal;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
    // an open standard input must not keep a finished command running
    process.stdin.unref?.();
  },
  (error: unknown) => {
    printProblem(process.stderr, problemOf(error));
    process.exitCode = 1;
  },
);
