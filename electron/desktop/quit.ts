import { app, dialog } from 'electron';
import log from 'electron-log/node';
import type { App } from '../app.ts';
import type { RunningWork } from './running-work.ts';
import type { MainWindow } from './window.ts';

/** Asks before quitting cancels running work, and quits only after the app has cleaned up. */
export function quitGracefully(core: Pick<App, 'close'>, work: RunningWork, window: MainWindow): void {
  let state: 'open' | 'asking' | 'closing' | 'closed' = 'open';

  async function confirmQuit(): Promise<boolean> {
    const question = work.quitQuestion;
    if (question === undefined) {
      return true;
    }
    window.show();
    const options = { type: 'warning' as const, ...question, defaultId: 1, cancelId: 1 };
    const parent = window.current;
    const { response } = await (parent ? dialog.showMessageBox(parent, options) : dialog.showMessageBox(options));
    return response === 0;
  }

  async function close(): Promise<void> {
    state = 'closing';
    // hidden at once, because cancelling work on nodes takes a moment
    window.current?.hide();
    await core.close().catch((error: unknown) => log.error('Closing the app failed.', error));
    state = 'closed';
    window.allowClose();
    app.quit();
  }

  app.on('before-quit', (event) => {
    if (state === 'closed') {
      return;
    }
    event.preventDefault();
    if (state === 'open') {
      state = 'asking';
      void confirmQuit().then((isConfirmed) => {
        state = 'open';
        return isConfirmed ? close() : undefined;
      });
    }
  });

  // on macOS an app stays in the dock without windows
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') {
      app.quit();
    }
  });

  // a signal quits without a question, because the sender cannot answer it
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (state !== 'closing') {
        void close();
      }
    });
  }
}
