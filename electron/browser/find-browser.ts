import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

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
