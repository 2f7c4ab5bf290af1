/** The bundle of the app in out/. */
import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const sources = [
  ...['electron', 'renderer', 'shared', 'samples', 'docs/guide', 'e2e/docs'],
  ...['package.json', 'package-lock.json', 'electron.vite.config.ts'],
];
const outputs = [
  'out/main/main.cjs',
  'out/main/browser.cjs',
  'out/main/cli.cjs',
  'out/main/pack-worker.cjs',
  'out/preload/preload.cjs',
  'out/renderer/index.html',
];

let bundled: Promise<void> | undefined;

/**
 * Bundles the app if a source is newer than the bundle. This is looked at once in a process: it takes as long as many a command.
 * @throws Error with the output of the bundler if it fails
 */
export function ensureBundled(): Promise<void> {
  bundled ??= bundle();
  return bundled;
}

async function bundle(): Promise<void> {
  const outputTimes = await Promise.all(outputs.map((path) => modificationTime(join(root, path))));
  const oldestOutput = Math.min(...outputTimes.map((time) => time ?? 0));
  if (oldestOutput > (await newestModification(sources.map((path) => join(root, path))))) {
    return;
  }
  const child = spawn(
    process.execPath,
    [join(root, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js'), 'build'],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) {
    throw new Error(`The app could not be bundled:\n${output}`);
  }
}

/** The newest time of files and folders and everything in them, in milliseconds since the epoch. */
async function newestModification(paths: readonly string[]): Promise<number> {
  let time = 0;
  for (const path of paths) {
    const stats = await stat(path);
    time = Math.max(time, stats.mtimeMs);
    if (stats.isDirectory()) {
      time = Math.max(time, await newestModification((await readdir(path)).map((name) => join(path, name))));
    }
  }
  return time;
}

async function modificationTime(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return undefined;
  }
}
