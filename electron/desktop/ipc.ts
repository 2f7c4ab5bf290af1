import { BrowserWindow, ipcMain, type WebFrameMain } from 'electron';
import log from 'electron-log/node';
import type { CallName } from '../../shared/contract.ts';
import { fail, type Result } from '../../shared/problem.ts';
import type { Listener } from '../events.ts';
import { channels, isCallName } from './channels.ts';
import { isPageUrl } from './origin.ts';

/** What the window needs of the app, which checks the input of every call itself. */
export interface Callee {
  call(name: CallName, input: unknown): Promise<Result<unknown>>;
  subscribe(listener: Listener): () => void;
}

/** Answers the calls of the app's own page, and of nothing else. Bugs are written to the log: a person sees only their sentence. */
export function answerCalls(app: Callee): void {
  ipcMain.handle(channels.call, async ({ senderFrame }, name: unknown, input: unknown): Promise<Result<unknown>> => {
    if (!isTrusted(senderFrame)) {
      log.warn(`A call from ${senderFrame?.url ?? 'a page that is gone'} was refused.`);
      return refusal('Only the page of Barnraiser may ask it.');
    }
    if (!isCallName(name)) {
      return refusal(`There is no call "${String(name)}".`);
    }
    const result = await app.call(name, input);
    if (!result.ok && result.problem.code === 'bug') {
      log.error(name, result.problem.detail ?? result.problem.message);
    }
    return result;
  });
}

/** Tells the pages of the app what happens. */
export function tellEvents(app: Callee): void {
  app.subscribe((event) => {
    for (const { webContents } of BrowserWindow.getAllWindows()) {
      if (!webContents.isDestroyed() && isPageUrl(webContents.getURL())) {
        webContents.send(channels.event, event);
      }
    }
  });
}

/** Calls come from the page itself: not from a frame in it, not from a page of elsewhere that a window came to show. */
function isTrusted(frame: WebFrameMain | null): boolean {
  return frame !== null && frame.parent === null && isPageUrl(frame.url);
}

function refusal(message: string): Result<never> {
  return { ok: false, problem: fail('input.invalid', message, 'Reload the window.').problem };
}
