import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { app } from 'electron';
import { dataFolder } from '../system/data-folder.ts';

/**
 * Chooses the data folder, the same as in the other front ends. Chromium's files go to a subfolder of it, so that the app
 * can run once per data folder, each with its own single-instance lock.
 */
export function chooseDataFolder(): { readonly home: string; readonly windowFolder: string } {
  const home = dataFolder();
  const windowFolder = join(home, 'desktop');
  try {
    mkdirSync(windowFolder, { recursive: true, mode: 0o700 });
  } catch {
    // createApp reports a data folder that cannot be used, with a fix
  }
  app.setPath('userData', windowFolder);
  return { home, windowFolder };
}
