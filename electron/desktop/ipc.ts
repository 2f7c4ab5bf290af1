import { BrowserWindow, ipcMain, type WebFrameMain } from 'electron';
import log from 'electron-log/node';
import { fail, type Result } from '../../shared/problem.ts';
import { type AppApi, isCallName } from '../page/app-api.ts';
import { channels } from './channels.ts';
import { isPageUrl } from './url-policy.ts';

/** Answers calls from the app's own page and rejects all others. Bugs are logged with their details. */
export function handleCalls(app: AppApi): void {
  ipcMain.handle(channels.call, async ({ senderFrame }, name: unknown, input: unknown): Promise<Result<unknown>> => {
    if (!isOwnPage(senderFrame)) {
      log.warn(`Rejected a call from ${senderFrame?.url ?? 'a closed page'}.`);
      return rejection('Only the page of Barnraiser can call the app.');
    }
    if (!isCallName(name)) {
      return rejection(`There is no call "${String(name)}".`);
    }
    const result = await app.call(name, input);
    if (!result.ok && result.problem.code === 'bug') {
      log.error(name, result.problem.detail ?? result.problem.message);
    }
    return result;
  });
}

/** Sends all events to the pages of the app. */
export function forwardEvents(app: AppApi): void {
  app.subscribe((event) => {
    for (const { webContents } of BrowserWindow.getAllWindows()) {
      if (!webContents.isDestroyed() && isPageUrl(webContents.getURL())) {
        webContents.send(channels.event, event);
      }
    }
  });
}

/** Whether the frame is the main frame of the app's own page. */
function isOwnPage(frame: WebFrameMain | null): boolean {
  return frame !== null && frame.parent === null && isPageUrl(frame.url);
}

function rejection(message: string): Result<never> {
  return { ok: false, problem: fail('input.invalid', message, 'Reload the window.').problem };
}
