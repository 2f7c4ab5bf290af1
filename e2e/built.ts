/** The bundle in out/, built when a source is newer than it. */
import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const sources = ['electron', 'renderer', 'shared', 'package.json', 'package-lock.json', 'electron.vite.config.ts'];
const results = [
  'out/main/main.js',
  'out/main/browser.js',
  'out/main/cli.js',
  'out/preload/preload.cjs',
  'out/renderer/index.html',
];

/** Builds what is stale. @throws Error with what the bundler said */
export async function ensureBuilt(): Promise<void> {
  const built = await Promise.all(results.map((path) => modified(join(root, path))));
  const oldest = Math.min(...built.map((time) => time ?? 0));
  if (oldest > (await newest(sources.map((path) => join(root, path))))) {
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
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const code = await new Promise<number | null>((settle, reject) => {
    child.on('error', reject);
    child.on('close', settle);
  });
  if (code !== 0) {
    throw new Error(`The app could not be bundled.\n${said}`);
  }
}

async function newest(paths: readonly string[]): Promise<number> {
  let time = 0;
  for (const path of paths) {
    const found = await stat(path);
    time = Math.max(time, found.mtimeMs);
    if (found.isDirectory()) {
      time = Math.max(time, await newest((await readdir(path)).map((name) => join(path, name))));
    }
  }
  return time;
}

async function modified(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return undefined;
  }
}
