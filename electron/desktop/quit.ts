import { app, BrowserWindow, dialog, powerMonitor } from 'electron';
import log from 'electron-log/node';
import type { App } from '../app.ts';
import { QuitSequence } from './quit-sequence.ts';
import type { RunningWork } from './running-work.ts';
import type { MainWindow } from './window.ts';

/** Asks before quitting cancels running work, and quits only after the app has cleaned up. */
export function quitGracefully(core: Pick<App, 'close'>, work: RunningWork, window: MainWindow): void {
  const sequence = new QuitSequence({
    confirm: async () => {
      const question = work.quitQuestion;
      if (question === undefined) {
        return true;
      }
      window.show();
      const options = { type: 'warning' as const, ...question, defaultId: 1, cancelId: 1 };
      const parent = window.current;
      const { response } = await (parent ? dialog.showMessageBox(parent, options) : dialog.showMessageBox(options));
      return response === 0;
    },
    hide: () => {
      for (const each of BrowserWindow.getAllWindows()) {
        each.hide();
      }
    },
    close: () => core.close(),
    quit: () => {
      window.allowClose();
      app.quit();
    },
    report: (message, error) => log.error(message, error),
  });

  app.on('before-quit', (event) => {
    if (!sequence.request()) {
      event.preventDefault();
    }
  });

  // on macOS an app stays in the dock without windows
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') {
      app.quit();
    }
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => sequence.end());
  }
  // Linux and macOS: before the request to quit, which would ask and so keep the computer from shutting down
  powerMonitor.on('shutdown', () => sequence.end());
  // Windows ends the process some seconds after it has told all windows
  app.on('browser-window-created', (_event, created) => {
    created.on('session-end', () => sequence.end());
  });
}
