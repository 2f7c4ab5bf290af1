/** The entry of the desktop front end: the life of the app, step by step. */
import './system/signal-listeners.ts';
import { join } from 'node:path';
import { app, BrowserWindow, dialog, powerMonitor, session } from 'electron';
import log from 'electron-log/node';
import { problemOf } from '../shared/problem.ts';
import { type App, createApp } from './app.ts';
import { type AttachServer, acceptTerminals } from './attach/server.ts';
import { showBackgroundStatus } from './desktop/background-status.ts';
import { commandArguments } from './desktop/command-arguments.ts';
import { writeErrorLog } from './desktop/crash.ts';
import { chooseDataFolder } from './desktop/data-folder.ts';
import { type Openings, requestSingleInstance } from './desktop/instance.ts';
import { servePages } from './desktop/ipc.ts';
import { systemKeychain } from './desktop/keychain.ts';
import { denyPermissions, lockDownWindows } from './desktop/lockdown.ts';
import { setApplicationMenu } from './desktop/menu.ts';
import { registerPageScheme, servePage } from './desktop/protocol.ts';
import { quitGracefully } from './desktop/quit.ts';
import { RunningWork } from './desktop/running-work.ts';
import { applyTheme } from './desktop/theme.ts';
import { showTray } from './desktop/tray.ts';
import { MainWindow } from './desktop/window.ts';
import { newBuildRoute } from './routes.ts';

const command = commandArguments(process.argv, process.env);
if (command) {
  // what the command starts is not a part of it
  delete process.env.BARNRAISER_FRONT_END;
  process.argv = [process.execPath, 'barnraiser', ...command];
  import('./cli.ts').catch(reportStartFailure);
} else {
  openDesktop();
}

function openDesktop(): void {
  const { home, windowFolder } = chooseDataFolder();
  writeErrorLog(home);
  registerPageScheme();
  lockDownWindows();
  const openings = requestSingleInstance();
  if (openings) {
    app
      .whenReady()
      .then(() => start(openings, home, windowFolder))
      .catch(reportStartFailure);
  } else {
    app.quit();
  }
}

async function start(openings: Openings, home: string, windowFolder: string): Promise<void> {
  const work = new RunningWork();
  const window = new MainWindow(windowFolder);
  const core = await createApp({
    frontEnd: 'desktop',
    home,
    keychain: await systemKeychain(),
    hasWindow: () => BrowserWindow.getAllWindows().length > 0,
    openWindow: async (folder) => {
      await openFolder(folder);
      return {};
    },
  });

  denyPermissions(session.defaultSession);
  servePage(join(import.meta.dirname, '..', 'renderer'));
  servePages(core);

  await applyTheme(core);
  showBackgroundStatus(core, work, window);
  const terminals = acceptTerminals(core, { home, frontEnd: 'desktop' }).catch((error: unknown) => {
    log.warn(problemOf(error).message);
    return undefined;
  });
  quitGracefully({ close: () => closeInOrder(terminals, core) }, work, window);
  // connections can be dead after sleep without any error
  powerMonitor.on('resume', () => void core.wake());

  const openFolder = async (folder: string | undefined): Promise<void> =>
    window.show(folder === undefined ? undefined : await newBuildRoute(core, folder));
  setApplicationMenu(window, home, openFolder);
  openings.onOpen({ openFolder, show: (route) => window.show(route) });
  showTray(core, work, window, openFolder).catch((error: unknown) => log.warn('The tray menu failed.', error));
}

/** Terminals end before the work that they wait for is cancelled. */
async function closeInOrder(terminals: Promise<AttachServer | undefined>, core: Pick<App, 'close'>): Promise<void> {
  await (await terminals)?.close();
  await core.close();
}

function reportStartFailure(error: unknown): void {
  const { message, fix, detail } = problemOf(error);
  log.error(message, detail);
  dialog.showErrorBox('Could not start Barnraiser', `${message}\n\n${fix}`);
  app.exit(1);
}
