/** Electron's runtime, which the electron package downloads when it is first needed. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const packageFolder = join(root, 'node_modules', 'electron');

/** The download is about 110 MB. */
const fetchTimeoutMs = 120_000;

/** The path of Electron's program, or undefined if the runtime is not installed. */
export function findRuntime(): string | undefined {
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  const file = join(packageFolder, 'path.txt');
  const name = existsSync(file)
    ? readFileSync(file, 'utf8')
    : process.platform === 'win32'
      ? 'electron.exe'
      : 'electron';
  const path = override === undefined ? join(packageFolder, 'dist', name) : join(override, name);
  return existsSync(path) ? path : undefined;
}

/** Downloads the runtime with the script of the electron package. Resolves with the program's path, or undefined on failure. */
export async function fetchRuntime(): Promise<string | undefined> {
  const code = await new Promise<number | null>((resolve) => {
    const child = spawn(process.execPath, [join(packageFolder, 'install.js')], {
      stdio: 'ignore',
      timeout: fetchTimeoutMs,
    });
    child.on('error', () => resolve(null));
    child.on('exit', resolve);
  });
  return code === 0 ? findRuntime() : undefined;
}

/** Arguments before the app's folder. Chromium's sandbox does not start for root, the usual user in containers. */
export function runtimeArguments(): string[] {
  return process.getuid?.() === 0 ? ['--no-sandbox'] : [];
}

/** Whether windows can be shown. Without a display, Electron does not start. */
export function hasDisplay(): boolean {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}

/** What is missing to show Electron's windows, as part of a sentence, or undefined if nothing is missing. */
export function findMissingRequirement(): string | undefined {
  if (findRuntime() === undefined) {
    return 'the Electron runtime is not installed';
  }
  return hasDisplay() ? undefined : 'there is no display';
}
