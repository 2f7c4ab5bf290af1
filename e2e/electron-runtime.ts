/** Electron's runtime, which its package fetches when it is first needed. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const packageFolder = join(root, 'node_modules', 'electron');

/** How long fetching it may take, in milliseconds; it has about 110 MB. */
const fetchMs = 120_000;

/** Electron's program, or undefined where it is not here. */
export function findRuntime(): string | undefined {
  const given = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  const file = join(packageFolder, 'path.txt');
  const name = existsSync(file)
    ? readFileSync(file, 'utf8')
    : process.platform === 'win32'
      ? 'electron.exe'
      : 'electron';
  const path = given === undefined ? join(packageFolder, 'dist', name) : join(given, name);
  return existsSync(path) ? path : undefined;
}

/** Fetches the runtime as Electron's package does it. Resolves with the program, or with undefined where it cannot be had. */
export async function fetchRuntime(): Promise<string | undefined> {
  const code = await new Promise<number | null>((settle) => {
    const child = spawn(process.execPath, [join(packageFolder, 'install.js')], { stdio: 'ignore', timeout: fetchMs });
    child.on('error', () => settle(null));
    child.on('exit', settle);
  });
  return code === 0 ? findRuntime() : undefined;
}

/** Arguments before the app's folder. Chromium's sandbox refuses to start for root, which is who one is in most containers. */
export function runtimeArguments(): string[] {
  return process.getuid?.() === 0 ? ['--no-sandbox'] : [];
}

/** Can a window be shown? Where it cannot, Electron does not start. */
export function hasDisplay(): boolean {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}

/** What is missing for windows of Electron's own, in words; undefined where nothing is. */
export function whatLacks(): string | undefined {
  if (findRuntime() === undefined) {
    return 'the Electron runtime is not here';
  }
  return hasDisplay() ? undefined : 'there is no display for its windows';
}
