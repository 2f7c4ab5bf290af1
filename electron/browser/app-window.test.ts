import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openAppWindow } from './app-window.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-window-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('opens an app window with its own profile and resolves when the window is closed', async () => {
  const browser = join(folder, 'chromium');
  await writeFile(browser, `#!/bin/sh\nprintf '%s\\n' "$@" > ${folder}/arguments\n`);
  await chmod(browser, 0o755);
  const window = await openAppWindow(browser, 'http://127.0.0.1:1/?token=t', join(folder, 'home'));
  await window.closed;
  const browserArguments = (await readFile(join(folder, 'arguments'), 'utf8')).split('\n');
  expect(browserArguments).toContain('--app=http://127.0.0.1:1/?token=t');
  expect(browserArguments).toContain(`--user-data-dir=${join(folder, 'home', 'browser-profile')}`);
});

it('throws if the browser cannot be started', async () => {
  await mkdir(join(folder, 'chromium'));
  await expect(openAppWindow(join(folder, 'chromium'), 'http://127.0.0.1:1/', folder)).rejects.toThrow(/EACCES/);
});
