import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openAppWindow } from './app-window.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-window-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('opens an app window with its own profile and resolves when the window is closed', async () => {
  const { browserArguments, profile } = await open();
  expect(browserArguments).toContain(`--app=${pathToFileURL(join(profile, 'open.html')).href}`);
  expect(browserArguments).toContain(`--user-data-dir=${profile}`);
});

it('keeps the URL out of the arguments, in a file that only this user can read', async () => {
  const profile = join(folder, 'home', 'browser-profile');
  await mkdir(profile, { recursive: true, mode: 0o755 });
  const { browserArguments } = await open();
  expect(browserArguments.join('\n')).not.toContain('secret');
  expect(await readFile(join(profile, 'open.html'), 'utf8')).toContain(
    'content="0; url=http://127.0.0.1:1/enter.html#token=secret#/farm/a%20b?sheet=new-build&amp;context=%2Fx"',
  );
  expect([(await stat(profile)).mode & 0o777, (await stat(join(profile, 'open.html'))).mode & 0o777]).toEqual([
    0o700, 0o600,
  ]);
});

/** Opens a window with a browser that only records its arguments. */
async function open(): Promise<{ browserArguments: string[]; profile: string }> {
  const browser = join(folder, 'chromium');
  await writeFile(browser, `#!/bin/sh\nprintf '%s\\n' "$@" > ${folder}/arguments\n`);
  await chmod(browser, 0o755);
  const url = 'http://127.0.0.1:1/enter.html#token=secret#/farm/a%20b?sheet=new-build&context=%2Fx';
  const window = await openAppWindow(browser, url, join(folder, 'home'));
  await window.closed;
  return {
    browserArguments: (await readFile(join(folder, 'arguments'), 'utf8')).split('\n'),
    profile: join(folder, 'home', 'browser-profile'),
  };
}

it('throws if the browser cannot be started', async () => {
  await mkdir(join(folder, 'chromium'));
  await expect(openAppWindow(join(folder, 'chromium'), 'http://127.0.0.1:1/', folder)).rejects.toThrow(/EACCES/);
});
