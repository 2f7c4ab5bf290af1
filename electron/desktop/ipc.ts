import { isAbsolute } from 'node:path';
import { type IpcMainInvokeEvent, ipcMain, shell, type WebContents, type WebFrameMain } from 'electron';
import log from 'electron-log/node';
import { fail, type Result } from '../../shared/problem.ts';
import { type AppApi, isCallName } from '../page/app-api.ts';
import { FrontEndSession } from '../page/front-end-session.ts';
import { channels } from './channels.ts';
import { isPageUrl } from './url-policy.ts';

/**
 * Answers calls of the app's own pages and sends them events; rejects all others. What a page has asked ends when it is
 * reloaded or closed. Bugs are logged with their details.
 */
export function servePages(app: AppApi): void {
  const sessions = new WeakMap<WebContents, FrontEndSession>();

  const openSession = (sender: WebContents): FrontEndSession => {
    sessions.get(sender)?.close();
    const session = new FrontEndSession(app);
    sessions.set(sender, session);
    session.subscribe((event, seq) => {
      if (!sender.isDestroyed() && isPageUrl(sender.getURL())) {
        sender.send(channels.event, event, seq);
      }
    });
    sender.once('destroyed', () => session.close());
    return session;
  };

  ipcMain.handle(channels.start, ({ sender, senderFrame }) => {
    if (isOwnPage(senderFrame)) {
      openSession(sender);
    }
  });

  const answer = async (
    { sender, senderFrame }: IpcMainInvokeEvent,
    name: unknown,
    input: unknown,
    id: unknown,
  ): Promise<Result<unknown>> => {
    if (!isOwnPage(senderFrame) || typeof id !== 'string') {
      log.warn(`Rejected a call from ${senderFrame?.url ?? 'a closed page'}.`);
      return rejection('Only the page of Barnraiser can call the app.');
    }
    if (!isCallName(name)) {
      return rejection(`There is no call "${String(name)}".`);
    }
    const result = await (sessions.get(sender) ?? openSession(sender)).call(id, name, input);
    if (!result.ok && result.problem.code === 'bug') {
      log.error(name, result.problem.detail ?? result.problem.message);
    }
    return result;
  };
  ipcMain.handle(channels.call, answer);

  ipcMain.handle(channels.showItem, ({ senderFrame }, path: unknown) => showItem(senderFrame, path));

  ipcMain.handle(channels.cancel, ({ sender, senderFrame }, id: unknown) => {
    if (isOwnPage(senderFrame) && typeof id === 'string') {
      sessions.get(sender)?.cancel(id);
    }
  });
}

/** Only shows: nothing is opened. */
function showItem(frame: WebFrameMain | null, path: unknown): void {
  if (isOwnPage(frame) && typeof path === 'string' && isAbsolute(path)) {
    shell.showItemInFolder(path);
  }
}

/** Whether the frame is the main frame of the app's own page. */
function isOwnPage(frame: WebFrameMain | null): boolean {
  return frame !== null && frame.parent === null && isPageUrl(frame.url);
}

function rejection(message: string): Result<never> {
  return { ok: false, problem: fail('input.invalid', message, 'Reload the window.').problem };
}
