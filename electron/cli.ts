#!/usr/bin/env node
import { problemOf } from '../shared/problem.ts';
import { createApp } from './app.ts';
import { version } from './system/version.ts';
import { parseArguments } from './terminal/arguments.ts';
import { interruption } from './terminal/interruption.ts';
import { printProblem, printUsageProblem } from './terminal/problem.ts';
import { runCommand } from './terminal/run.ts';
import { TerminalFrontEnd } from './terminal/terminal.ts';

/** The terminal door. Resolves with the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const { stdin, stdout, stderr } = process;
  const columns = stdout.columns ?? 80;
  const parsed = parseArguments(argv, { version, env: process.env, cwd: process.cwd(), columns });
  switch (parsed.kind) {
    case 'text':
      stdout.write(parsed.text);
      return 0;
    case 'wrong':
      printUsageProblem(stderr, parsed.problem, parsed);
      return 2;
    case 'command':
      break;
  }
  const { command, global } = parsed;
  const interrupted = interruption();
  try {
    const app = await createApp({ frontEnd: 'terminal' });
    try {
      const door = new TerminalFrontEnd(app, { input: stdin, output: stdout, errors: stderr, interrupted, ...global });
      return await runCommand(door, command);
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

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
    // an open standard input must not keep a finished command waiting
    process.stdin.unref?.();
  },
  (error: unknown) => {
    printProblem(process.stderr, problemOf(error));
    process.exitCode = 1;
  },
);
