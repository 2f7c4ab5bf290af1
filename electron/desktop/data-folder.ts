import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { app } from 'electron';
import envPaths from 'env-paths';

/**
 * Where Barnraiser keeps everything: the same folder as through its other doors. What Chromium keeps for the window goes
 * below it, so that two data folders are two apps, each with its own lock.
 */
export function chooseDataFolder(): { readonly home: string; readonly windowFolder: string } {
  const home = process.env.BARNRAISER_HOME ?? envPaths('barnraiser', { suffix: '' }).data;
  const windowFolder = join(home, 'desktop');
  try {
    mkdirSync(windowFolder, { recursive: true, mode: 0o700 });
  } catch {
    // said by the app when it starts, with what to do about it
  }
  app.setPath('userData', windowFolder);
  return { home, windowFolder };
}
