import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Browsers that can show a page as a window of its own, by their command on Linux and the like, best first. */
const commands = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'microsoft-edge',
  'microsoft-edge-stable',
  'brave-browser',
];

/** Where installers put the same browsers on a Mac. */
const macApplications = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
];

/** The same on Windows, below each of the folders for programs. */
const windowsPrograms = ['Google\\Chrome\\Application\\chrome.exe', 'Microsoft\\Edge\\Application\\msedge.exe'];

/** The path of a browser that can open app windows, or undefined where this computer has none. */
export async function findBrowser(
  env: NodeJS.ProcessEnv = process.env,
  system: NodeJS.Platform = process.platform,
): Promise<string | undefined> {
  for (const path of candidates(env, system)) {
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // not this one
    }
  }
  return undefined;
}

function candidates(env: NodeJS.ProcessEnv, system: NodeJS.Platform): string[] {
  if (system === 'win32') {
    const folders = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].filter(
      (folder) => folder !== undefined,
    );
    return windowsPrograms.flatMap((program) => folders.map((folder) => `${folder}\\${program}`));
  }
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return [
    ...(system === 'darwin' ? macApplications : []),
    ...commands.flatMap((command) => folders.map((folder) => join(folder, command))),
  ];
}

export interface AppWindow {
  /** Resolves when the person has closed the window. */
  readonly closed: Promise<void>;
  close(): void;
}

/**
 * Opens a URL as an app window: no tabs, no address bar, and a profile of its own in the data folder, so that the person's
 * extensions and history stay out of it and the process ends with its window.
 */
export async function openWindow(browser: string, url: string, home: string): Promise<AppWindow> {
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
      // Chromium's sandbox refuses to start for root, which is who one is in most containers
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
    { stdio: 'ignore' },
  );
  await started(child);
  return {
    closed: new Promise((resolve) => {
      child.once('exit', () => resolve());
    }),
    close: () => child.kill(),
  };
}

/** @throws Error where the program cannot be run */
function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}
