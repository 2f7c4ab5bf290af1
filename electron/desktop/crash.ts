import { app, type BrowserWindow, dialog } from 'electron';
import log from 'electron-log/node';

/** Says when a window's page has crashed or hangs, and offers to load it anew: what it showed lives in the app, so nothing is lost. */
export function offerReload(window: BrowserWindow): void {
  window.webContents.on('render-process-gone', (_event, { reason, exitCode }) => {
    if (reason !== 'clean-exit') {
      log.error(`The page is gone: ${reason}, exit code ${exitCode}.`);
      void ask(window, 'The window has crashed. Builds and pushes go on.', ['Reload', 'Quit']).then((answer) =>
        answer === 0 ? reload(window) : app.quit(),
      );
    }
  });
  window.on('unresponsive', () => {
    log.warn('The page does not respond.');
    void ask(window, 'The window does not respond. Builds and pushes go on.', ['Wait', 'Reload']).then((answer) => {
      if (answer === 1) {
        reload(window);
      }
    });
  });
}

async function ask(window: BrowserWindow, message: string, buttons: string[]): Promise<number> {
  const { response } = await dialog.showMessageBox(window, { type: 'warning', message, buttons, defaultId: 0 });
  return response;
}

function reload(window: BrowserWindow): void {
  if (!window.isDestroyed()) {
    window.webContents.reload();
  }
}
