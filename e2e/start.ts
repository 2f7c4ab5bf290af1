/** `npm start [-- FOLDER]`: starts the desktop front end, or the browser front end if Electron or a display is missing. */
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ensureBundled } from './bundle.ts';
import { findSandboxProblem } from './chromium-sandbox.ts';
import { progressPrinter } from './download-progress.ts';
import { fetchRuntime, findRuntime, hasDisplay, runtimeArguments } from './electron-runtime.ts';

const root = resolve(import.meta.dirname, '..');

const cancel = new AbortController();

try {
  const folder = resolveFolder(process.argv[2]);
  await ensureBundled();
  const { notice, command, args, folderArgs } = await chooseFrontEnd();
  if (notice !== undefined) {
    console.log(notice);
  }
  process.exitCode = await run(command, [...args, ...(folder === undefined ? [] : folderArgs(folder))]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = cancel.signal.aborted ? 130 : 1;
}

interface FrontEndProgram {
  /** Why it is not the desktop front end. */
  readonly notice?: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly folderArgs: (folder: string) => string[];
}

async function chooseFrontEnd(): Promise<FrontEndProgram> {
  if (!hasDisplay()) {
    return browserFrontEnd('There is no display. Opening Barnraiser in the browser instead.', ['--no-window']);
  }
  let runtime = findRuntime();
  try {
    runtime ??= await fetchWithProgress();
  } catch (error) {
    if (cancel.signal.aborted) {
      throw error;
    }
    const reason = error instanceof Error ? error.message : String(error);
    return browserFrontEnd(
      [
        `Electron could not be downloaded: ${reason}.`,
        'Behind a proxy, set HTTPS_PROXY; for another server, set ELECTRON_MIRROR.',
        'Opening Barnraiser in the browser instead.',
      ].join('\n'),
      [],
    );
  }
  const sandbox = findSandboxProblem(runtime, { uid: process.getuid?.() ?? -1, platform: process.platform });
  if (sandbox !== undefined) {
    return browserFrontEnd(
      [
        `${sandbox.message} To allow it:`,
        ...sandbox.commands.map((command) => `  ${command}`),
        'Opening Barnraiser in the browser instead.',
      ].join('\n'),
      [],
    );
  }
  return { command: runtime, args: [...runtimeArguments(), root], folderArgs: (folder) => [folder] };
}

/** Shows the progress in this terminal. Ctrl+C cancels the download. */
async function fetchWithProgress(): Promise<string> {
  const show = progressPrinter('Downloading Electron', process.stderr);
  const onInterrupt = (): void => cancel.abort(new Error('The download was cancelled.'));
  process.once('SIGINT', onInterrupt).once('SIGTERM', onInterrupt);
  try {
    return await fetchRuntime({ signal: cancel.signal, onProgress: show });
  } finally {
    process.off('SIGINT', onInterrupt).off('SIGTERM', onInterrupt);
    show.end();
  }
}

function browserFrontEnd(notice: string, args: readonly string[]): FrontEndProgram {
  return {
    notice,
    command: process.execPath,
    args: [join(root, 'out', 'main', 'browser.cjs'), ...args],
    folderArgs: (folder) => [`--folder=${folder}`],
  };
}

/** Resolves the folder argument from the folder where npm was called. @throws Error if the folder does not exist */
function resolveFolder(argument: string | undefined): string | undefined {
  if (argument === undefined) {
    return undefined;
  }
  const folder = resolve(process.env.INIT_CWD ?? process.cwd(), argument);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(
      `${folder} is not a folder. Enter a folder with a Containerfile, such as \`npm start -- ~/project\`.`,
    );
  }
  return folder;
}

/** Runs a program in this terminal and passes signals on to it. Resolves with its exit code. */
function run(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        // the terminal sends the SIGINT of Ctrl+C to the whole process group
        if (signal === 'SIGTERM' || !process.stdin.isTTY) {
          child.kill(signal);
        }
      });
    }
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
