#!/usr/bin/env node
/** The entry of the terminal front end. */
import './system/signal-listeners.ts';
import { keepCompiledCode } from './system/compiled-code.ts';
import { dataFolder } from './system/data-folder.ts';

/** @returns the exit code */
async function main(argv: readonly string[]): Promise<number> {
  const [first = '', ...words] = argv;
  keepCompiledCode(dataFolder(), /^[a-z_]{1,20}$/.test(first) ? first : 'other');
  // each loads only what it needs: a shell waits for completions
  if (first === '__complete') {
    const { printCompletion } = await import('./terminal/completion/print-completion.ts');
    await printCompletion(words);
    return 0;
  }
  // a command validates little: compiling its schemas takes longer
  await import('../shared/zod-without-eval.ts');
  const { runTerminal } = await import('./terminal/run-terminal.ts');
  return runTerminal(argv);
}

/** Ends the process when all output is written. Node's own end frees memory piece by piece, which takes 20 ms. */
function exit(code: number): void {
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
}

main(process.argv.slice(2)).then(exit, async (error: unknown) => {
  const { problemOf } = await import('../shared/problem.ts');
  const { printProblem } = await import('./terminal/output/problem.ts');
  printProblem(process.stderr, problemOf(error));
  exit(1);
});
