/**
 * `node e2e/run.mjs SCRIPT ARGUMENTS…` runs a script of this folder, also from a fresh clone: it installs the packages of
 * package-lock.json if they are not installed or the file has changed.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '..');
// npm sets the folder where it was called
process.env.INIT_CWD ??= process.cwd();
process.chdir(root);

const stamp = resolve(root, 'node_modules', '.installed');
const lock = resolve(root, 'package-lock.json');

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

if (read(stamp) !== read(lock)) {
  console.error('Installing packages...');
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const { status } = npm
    ? spawnSync(process.execPath, [npm, ...args], { stdio: ['ignore', 2, 2] })
    : spawnSync('npm', args, { stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (status !== 0) {
    process.exit(status ?? 1);
  }
  copyFileSync(lock, stamp);
}

const [, , script = ''] = process.argv;
const path = resolve(import.meta.dirname, script);
process.argv.splice(1, 2, path);
const { register } = await import('tsx/esm/api');
register();
await import(pathToFileURL(path).href);
