#!/usr/bin/env node
/** The entry of the terminal front end. */
import { problemOf } from '../shared/problem.ts';
import { version } from './system/version.ts';
import { printProblem } from './terminal/output/problem.ts';

/** @returns the exit code */
async function main(argv: readonly string[]): Promise<number> {
  // each loads only what it needs: a shell waits for completions
  const [first, ...words] = argv;
  if (first === '__complete') {
    const { printCompletion } = await import('./terminal/completion/print-completion.ts');
    await printCompletion(words, version);
    return 0;
  }
  const { runTerminal } = await import('./terminal/run-terminal.ts');
  return runTerminal(argv, version);
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
