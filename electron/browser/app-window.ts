import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface AppWindow {
  /** Resolves when the person has closed the window. */
  readonly closed: Promise<void>;
  close(): void;
}

/**
 * Opens a URL as an app window, without tabs and address bar. The window has its own profile in the data folder, so that the
 * person's extensions and history are not used and the browser process ends with the window.
 * @throws Error if the browser cannot be started
 */
export async function openAppWindow(browser: string, url: string, home: string): Promise<AppWindow> {
  const profile = join(home, 'browser-profile');
  await mkdir(profile, { recursive: true, mode: 0o700 });
  const child = spawn(
    browser,
    [
      `--app=${url}`,
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

function waitForStart(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}
