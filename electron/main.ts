/** The entry of the desktop front end: the life of the app, step by step. */
import { join } from 'node:path';
import { app, dialog, powerMonitor, session } from 'electron';
import log from 'electron-log/node';
import { problemOf } from '../shared/problem.ts';
import { createApp } from './app.ts';
import { showBackgroundStatus } from './desktop/background-status.ts';
import { writeErrorLog } from './desktop/crash.ts';
import { chooseDataFolder } from './desktop/data-folder.ts';
import { type OpenedFolders, requestSingleInstance } from './desktop/instance.ts';
import { forwardEvents, handleCalls } from './desktop/ipc.ts';
import { systemKeychain } from './desktop/keychain.ts';
import { denyPermissions, lockDownWindows } from './desktop/lockdown.ts';
import { setApplicationMenu } from './desktop/menu.ts';
import { registerPageScheme, servePage } from './desktop/protocol.ts';
import { quitGracefully } from './desktop/quit.ts';
import { RunningWork } from './desktop/running-work.ts';
import { applyTheme } from './desktop/theme.ts';
import { MainWindow } from './desktop/window.ts';
import { newBuildRoute } from './routes.ts';

const { home, windowFolder } = chooseDataFolder();
writeErrorLog(home);
registerPageScheme();
lockDownWindows();

const openedFolders = requestSingleInstance();
if (openedFolders) {
  app
    .whenReady()
    .then(() => start(openedFolders))
    .catch(reportStartFailure);
} else {
  app.quit();
}

async function start(openedFolders: OpenedFolders): Promise<void> {
  const core = await createApp({ frontEnd: 'desktop', home, keychain: await systemKeychain() });
  const work = new RunningWork();
  const window = new MainWindow(windowFolder);

  denyPermissions(session.defaultSession);
  servePage(join(import.meta.dirname, '..', 'renderer'));
  handleCalls(core);
  forwardEvents(core);

  await applyTheme(core);
  showBackgroundStatus(core, work, window);
  quitGracefully(core, work, window);
  // connections can be dead after sleep without any error
  powerMonitor.on('resume', () => void core.wake());

  const openFolder = async (folder: string | undefined): Promise<void> =>
    window.show(folder === undefined ? undefined : await newBuildRoute(core, folder));
  setApplicationMenu(window, home, openFolder);
  openedFolders.onOpen(openFolder);
}

function reportStartFailure(error: unknown): void {
  const { message, fix, detail } = problemOf(error);
  log.error(message, detail);
  dialog.showErrorBox('Could not start Barnraiser', `${message}\n\n${fix}`);
  app.exit(1);
}
