import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { homeFolder } from '../system/local-user.ts';

/** Browsers that can open app windows, by their commands on Linux, in order of preference. */
const linuxCommands = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'microsoft-edge',
  'microsoft-edge-stable',
  'brave-browser',
];

/** The same browsers in their default folders on macOS. */
const macPaths = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
];

/** The same browsers on Windows, relative to each of the folders for programs. */
const windowsPaths = ['Google\\Chrome\\Application\\chrome.exe', 'Microsoft\\Edge\\Application\\msedge.exe'];

/** The path of a browser that can open app windows, or undefined if none is installed. */
export async function findBrowser(
  env: NodeJS.ProcessEnv = process.env,
  system: NodeJS.Platform = process.platform,
): Promise<string | undefined> {
  for (const path of candidatePaths(env, system)) {
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // try the next path
    }
  }
  return undefined;
}

/**
 * Where a browser can keep a profile for a data folder. A browser that is installed as a snap may not use hidden folders of the
 * home folder, only its own one there.
 */
export async function profileFolder(browser: string, dataFolder: string, home = homeFolder()): Promise<string> {
  const isSnap = browser.startsWith('/snap/') || (await realpath(browser).catch(() => browser)) === '/usr/bin/snap';
  if (!isSnap) {
    return join(dataFolder, 'browser-profile');
  }
  // one for each data folder
  const name = createHash('sha256').update(dataFolder).digest('hex').slice(0, 16);
  return join(home, 'snap', basename(browser), 'common', 'barnraiser', name);
}

function candidatePaths(env: NodeJS.ProcessEnv, system: NodeJS.Platform): string[] {
  if (system === 'win32') {
    const folders = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].filter(
      (folder) => folder !== undefined,
    );
    return windowsPaths.flatMap((path) => folders.map((folder) => `${folder}\\${path}`));
  }
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return [
    ...(system === 'darwin' ? macPaths : []),
    ...linuxCommands.flatMap((command) => folders.map((folder) => join(folder, command))),
  ];
}
