/** Runs in the window before the page, in an isolated world, and exposes the API that the page uses to reach the app. */
import '../shared/zod-without-eval.ts';
import { contextBridge, type IpcRendererEvent, ipcRenderer, webUtils } from 'electron';
import { fail, problemOf } from '../shared/problem.ts';
import { channels, type DesktopBridge, type MenuCommand } from './desktop/channels.ts';
import { WaitingMessages } from './desktop/waiting-messages.ts';
import { isCallName } from './page/app-api.ts';

/** The only part of the DOM that this script uses. */
declare const location: { hash: string };

/** The first command can come before the page has drawn anything. */
const commands = new WaitingMessages<MenuCommand>();
subscribe(channels.command, (command: MenuCommand) => commands.push(command));

const bridge: DesktopBridge = {
  call: async (name, input, id = '') => {
    try {
      if (!isCallName(name)) {
        throw fail('input.invalid', `There is no call "${String(name)}".`, 'Reload the window.');
      }
      return await ipcRenderer.invoke(channels.call, name, input, String(id));
    } catch (error) {
      return { ok: false, problem: problemOf(error) };
    }
  },
  cancel: (id) => void ipcRenderer.invoke(channels.cancel, String(id)),
  onEvent: (listener) => subscribe(channels.event, listener),
  onMenu: (listener) => commands.listen(listener),
  pathOf: (file) => webUtils.getPathForFile(file),
  showItem: (path) => void ipcRenderer.invoke(channels.showItem, String(path)),
};

void ipcRenderer.invoke(channels.start);
contextBridge.exposeInMainWorld('barnraiser', bridge);

// the page follows its location hash and needs no listener for routes
subscribe(channels.route, (route: string) => {
  location.hash = route;
});

/** Keeps the IPC event from the page: its `sender` would give access to every channel. */
function subscribe<T extends unknown[]>(channel: string, listener: (...message: T) => void): () => void {
  const onMessage = (_event: IpcRendererEvent, ...message: T): void => listener(...message);
  ipcRenderer.on(channel, onMessage);
  return () => {
    ipcRenderer.off(channel, onMessage);
  };
}
