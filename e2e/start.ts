/** What `npm start` does: opens the desktop door where it can be opened, else the browser door, with a folder if one is given. */
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ensureBuilt } from './built.ts';
import { fetchRuntime, findRuntime, hasDisplay, runtimeArguments } from './electron-runtime.ts';

const root = resolve(import.meta.dirname, '..');

try {
  const folder = givenFolder(process.argv[2]);
  await ensureBuilt();
  const door = await chooseDoor();
  if (door.missing !== undefined) {
    console.log(`${door.missing} Opening Barnraiser in the browser instead.`);
  }
  process.exitCode = await run(door.command, [...door.args, ...(folder === undefined ? [] : door.folderArgs(folder))]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

interface Door {
  /** Why it is not the desktop's. */
  readonly missing?: string;
  readonly command: string;
  readonly args: readonly string[];
  folderArgs(folder: string): string[];
}

async function chooseDoor(): Promise<Door> {
  if (!hasDisplay()) {
    return browserDoor('There is no display for a window.', ['--no-window']);
  }
  const runtime = findRuntime() ?? (await fetchRuntime());
  return runtime === undefined
    ? browserDoor("Electron's runtime is not here and could not be downloaded.", [])
    : { command: runtime, args: [...runtimeArguments(), root], folderArgs: (folder) => [folder] };
}

function browserDoor(missing: string, args: readonly string[]): Door {
  return {
    missing,
    command: process.execPath,
    args: [join(root, 'out', 'main', 'browser.js'), ...args],
    folderArgs: (folder) => [`--folder=${folder}`],
  };
}

/** The folder that a person named, from where they called npm. @throws Error where there is none */
function givenFolder(argument: string | undefined): string | undefined {
  if (argument === undefined) {
    return undefined;
  }
  const folder = resolve(process.env.INIT_CWD ?? process.cwd(), argument);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(
      `There is no folder ${folder}. Give one that holds a Containerfile, as in \`npm start -- ~/project\`.`,
    );
  }
  return folder;
}

/** Runs the door as this process: signals are the terminal's, and end both. Resolves with its exit code. */
function run(command: string, args: readonly string[]): Promise<number> {
  return new Promise((settle, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        // Ctrl-C reaches the whole group by itself
        if (signal === 'SIGTERM' || !process.stdin.isTTY) {
          child.kill(signal);
        }
      });
    }
    child.on('error', reject);
    child.on('exit', (code) => settle(code ?? 1));
  });
}
