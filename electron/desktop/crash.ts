import { join } from 'node:path';
import { app, type BrowserWindow, dialog } from 'electron';
import log from 'electron-log/node';

/**
 * Logs errors of the app itself to `desktop.log` in the data folder, at most 1 MiB, for bug reports. The log contains nothing
 * about builds, connections or sign-ins.
 */
export function writeErrorLog(home: string): void {
  log.transports.file.resolvePathFn = () => join(home, 'desktop.log');
  log.transports.file.level = 'info';
  log.transports.console.level = 'warn';
  log.errorHandler.startCatching({ showDialog: false });
}

/** Offers to reload a page that has crashed or hangs. The state of the page lives in the main process, so nothing is lost. */
export function offerReload(window: BrowserWindow): void {
  window.webContents.on('render-process-gone', (_event, { reason, exitCode }) => {
    if (reason !== 'clean-exit') {
      log.error(`The renderer process is gone: ${reason}, exit code ${exitCode}.`);
      void ask(window, 'The window has crashed. Builds and pushes continue.', ['Reload', 'Quit']).then((answer) =>
        answer === 0 ? reload(window) : app.quit(),
      );
    }
  });
  window.on('unresponsive', () => {
    log.warn('The renderer process is not responding.');
    void ask(window, 'The window is not responding. Builds and pushes continue.', ['Wait', 'Reload']).then((answer) => {
      if (answer === 1) {
        reload(window);
      }
    });
  });
}

/** @returns the index of the chosen button */
async function ask(window: BrowserWindow, message: string, buttons: string[]): Promise<number> {
  const { response } = await dialog.showMessageBox(window, { type: 'warning', message, buttons, defaultId: 0 });
  return response;
}

function reload(window: BrowserWindow): void {
  if (!window.isDestroyed()) {
    window.webContents.reload();
  }
}
