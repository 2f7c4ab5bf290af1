import { app, dialog } from 'electron';
import log from 'electron-log/node';
import type { App } from '../app.ts';
import { quitQuestion } from './quit-question.ts';
import { letWindowsClose, type MainWindow } from './window.ts';
import type { Work } from './work.ts';

/** Asks before running work is cancelled by quitting, and ends the app only when it has cleaned up after itself. */
export function endWell(core: Pick<App, 'close'>, work: Work, window: MainWindow): void {
  let state: 'open' | 'asking' | 'closing' | 'closed' = 'open';

  async function ask(): Promise<boolean> {
    const question = quitQuestion(work);
    if (question === undefined) {
      return true;
    }
    window.show();
    const options = { type: 'warning' as const, ...question, defaultId: 1, cancelId: 1 };
    const parent = window.present;
    const { response } = await (parent ? dialog.showMessageBox(parent, options) : dialog.showMessageBox(options));
    return response === 0;
  }

  async function close(): Promise<void> {
    state = 'closing';
    // gone at once for the person; cancelling what runs on nodes may take a moment
    window.present?.hide();
    await core.close().catch((error: unknown) => log.error('Closing failed.', error));
    state = 'closed';
    letWindowsClose();
    app.quit();
  }

  app.on('before-quit', (event) => {
    if (state === 'closed') {
      return;
    }
    event.preventDefault();
    if (state === 'open') {
      state = 'asking';
      void ask().then((yes) => {
        state = 'open';
        return yes ? close() : undefined;
      });
    }
  });

  // a Mac keeps an app without windows in its dock
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') {
      app.quit();
    }
  });

  // who sends a signal is not there to be asked
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (state !== 'closing') {
        void close();
      }
    });
  }
}
