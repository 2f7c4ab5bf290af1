import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import writeFileAtomic from 'write-file-atomic';
import { profileFolder } from './find-browser.ts';

export interface AppWindow {
  /** Resolves when the person has closed the window. */
  readonly closed: Promise<void>;
  close(): void;
}

/**
 * Opens a URL as an app window, without tabs and address bar. The window has its own profile in the data folder, so that the
 * person's extensions and history are not used and the browser process ends with the window. The URL stays out of the
 * browser's arguments, which every user of this computer can read: a private file leads to it.
 * @throws Error if the browser cannot be started
 */
export async function openAppWindow(browser: string, url: string, home: string): Promise<AppWindow> {
  const profile = await profileFolder(browser, home);
  await mkdir(profile, { recursive: true, mode: 0o700 });
  await chmod(profile, 0o700);
  const entryFile = join(profile, 'open.html');
  await writeFileAtomic(entryFile, pageThatLeadsTo(url), { mode: 0o600 });
  const child = spawn(
    browser,
    [
      `--app=${pathToFileURL(entryFile).href}`,
      `--user-data-dir=${profile}`,
      '--window-size=1280,800',
      '--no-first-run',
      '--no-default-browser-check',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // Chromium's sandbox does not start as root, the usual user in containers
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
    { stdio: 'ignore' },
  );
  await waitForStart(child);
  return {
    closed: new Promise((resolve) => {
      child.once('exit', () => resolve());
    }),
    close: () => child.kill(),
  };
}

/** The browser remembers the place of a window by the path of its first page, so the file has the same name each time. */
function pageThatLeadsTo(url: string): string {
  const escaped = url.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  return [
    '<!doctype html>',
    '<meta charset="utf-8">',
    '<meta name="color-scheme" content="light dark">',
    '<meta name="referrer" content="no-referrer">',
    `<meta http-equiv="refresh" content="0; url=${escaped}">`,
    '<title>Barnraiser</title>',
    '',
  ].join('\n');
}

function waitForStart(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}
