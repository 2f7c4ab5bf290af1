/**
 * `node e2e/run.mjs SCRIPT ARGUMENTS…` runs a script of this folder, also from a fresh clone: it installs the packages of
 * package-lock.json if npm has not installed them, in whatever way.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '..');
// npm sets the folder where it was called
process.env.INIT_CWD ??= process.cwd();
process.chdir(root);

/** @returns undefined if there is no such file */
function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(resolve(root, path), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** Whether npm has installed what package-lock.json names. It writes what it has installed when it is done. */
function areInstalled() {
  const { '': _, ...wanted } = packagesOf('package-lock.json') ?? {};
  const installed = packagesOf('node_modules/.package-lock.json');
  return (
    installed !== undefined &&
    Object.entries(wanted).every(([path, { integrity, optional }]) =>
      // packages of other systems are optional
      path in installed ? installed[path].integrity === integrity : optional,
    )
  );
}

if (!areInstalled()) {
  console.error('Installing packages...');
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const { status } = npm
    ? spawnSync(process.execPath, [npm, ...args], { stdio: ['ignore', 2, 2] })
    : spawnSync('npm', args, { stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}

const [, , script = ''] = process.argv;
const path = resolve(import.meta.dirname, script);
process.argv.splice(1, 2, path);
const { register } = await import('tsx/esm/api');
register();
await import(pathToFileURL(path).href);
