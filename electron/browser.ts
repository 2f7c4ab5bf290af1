/** The entry of the browser front end. */
import './system/signal-listeners.ts';
import { keepCompiledCode } from './system/compiled-code.ts';
import { dataFolder } from './system/data-folder.ts';

async function main(args: readonly string[]): Promise<void> {
  keepCompiledCode(dataFolder(), 'browser');
  const { openBrowserFrontEnd, parseOptions } = await import('./browser/front-end.ts');
  await openBrowserFrontEnd(parseOptions(args));
}

main(process.argv.slice(2)).catch(async (error: unknown) => {
  const { problemOf } = await import('../shared/problem.ts');
  const { message, fix } = problemOf(error);
  console.error(`${message}\n${fix}`);
  process.exitCode = 1;
});
