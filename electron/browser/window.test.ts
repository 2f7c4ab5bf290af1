import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findBrowser, openWindow } from './window.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-window-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function program(name: string, script: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

it('finds the best browser on the path, and none where there is none', async () => {
  expect(await findBrowser({ PATH: folder }, 'linux')).toBeUndefined();
  const edge = await program('microsoft-edge', 'exit');
  expect(await findBrowser({ PATH: `/nowhere:${folder}` }, 'linux')).toBe(edge);
  const chromium = await program('chromium', 'exit');
  expect(await findBrowser({ PATH: `/nowhere:${folder}` }, 'linux')).toBe(chromium);
});

it('opens an app window with a profile of its own and knows when it was closed', async () => {
  const browser = await program('chromium', `printf '%s\\n' "$@" > ${folder}/arguments`);
  const window = await openWindow(browser, 'http://127.0.0.1:1/?token=t', join(folder, 'home'));
  await window.closed;
  const given = (await readFile(join(folder, 'arguments'), 'utf8')).split('\n');
  expect(given).toContain('--app=http://127.0.0.1:1/?token=t');
  expect(given).toContain(`--user-data-dir=${join(folder, 'home', 'browser-profile')}`);
});

it('says so where the browser cannot be run', async () => {
  await mkdir(join(folder, 'chromium'));
  await expect(openWindow(join(folder, 'chromium'), 'http://127.0.0.1:1/', folder)).rejects.toThrow(/EACCES/);
});
