/** Writes what the packages contain besides the app to `out/packages/`: manual pages, and completions for shells. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createProgram } from '../../electron/terminal/commands/program.ts';
import { completionScript, shells } from '../../electron/terminal/completion/scripts.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { commandFacts } from '../rules/reference/command-pages.ts';
import { manPages } from './man-pages.ts';

/** The names that shells look for. */
const completionNames: Readonly<Record<(typeof shells)[number], string>> = {
  bash: 'barnraiser',
  zsh: '_barnraiser',
  fish: 'barnraiser.fish',
  powershell: 'barnraiser.ps1',
};

/** @param folder is made new */
export async function writePackageFiles(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const ignore = (): void => undefined;
  const program = createProgram({
    ...{ env: {}, workingFolder: '/', onCommand: ignore, onText: ignore },
  });
  const manFolder = join(folder, 'man1');
  await mkdir(manFolder, { recursive: true });
  for (const { name, text } of manPages(commandFacts(program), { version: packageJson.version, date: date() })) {
    await writeFile(join(manFolder, name), text);
  }
  for (const shell of shells) {
    const shellFolder = join(folder, 'completions', shell);
    await mkdir(shellFolder, { recursive: true });
    await writeFile(join(shellFolder, completionNames[shell]), completionScript(shell));
  }
}

/** Of the build that is repeated, else of today. */
function date(): string {
  const seconds = process.env.SOURCE_DATE_EPOCH;
  return (seconds === undefined ? new Date() : new Date(Number(seconds) * 1000)).toISOString().slice(0, 10);
}

if (process.argv[1] === import.meta.filename) {
  await writePackageFiles(resolve(import.meta.dirname, '../../out/packages'));
}
