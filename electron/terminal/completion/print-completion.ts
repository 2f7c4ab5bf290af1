import { dataFolder } from '../../system/data-folder.ts';
import { createProgram } from '../commands/program.ts';
import { complete, completionText } from './complete.ts';
import { namesIn } from './find-names.ts';

/** Prints what may follow the words up to the cursor, for the scripts of `barnraiser completion`. */
export async function printCompletion(words: readonly string[]): Promise<void> {
  const ignore = (): void => undefined;
  const program = createProgram({
    env: process.env,
    workingFolder: process.cwd(),
    onCommand: ignore,
    onText: ignore,
  });
  process.stdout.write(completionText(await complete(program, words, namesIn(dataFolder()))));
}
