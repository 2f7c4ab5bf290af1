/** Runs in the window before its page, apart from it, and gives it the few functions that reach the app. */
import './desktop/zod-without-eval.ts';
import { contextBridge, type IpcRendererEvent, ipcRenderer, webUtils } from 'electron';
import { fail, problemOf } from '../shared/problem.ts';
import { channels, type DesktopBridge, isCallName } from './desktop/channels.ts';

/** Of the page's world only this is needed here. */
declare const location: { hash: string };

const bridge: DesktopBridge = {
  call: async (name, input) => {
    try {
      if (!isCallName(name)) {
        throw fail('input.invalid', `There is no call "${String(name)}".`, 'Reload the window.');
      }
      return await ipcRenderer.invoke(channels.call, name, input);
    } catch (error) {
      return { ok: false, problem: problemOf(error) };
    }
  },
  onEvent: (listener) => hear(channels.event, listener),
  onMenu: (listener) => hear(channels.command, listener),
  pathOf: (file) => webUtils.getPathForFile(file),
};

contextBridge.exposeInMainWorld('barnraiser', bridge);

// the page reads where it is from its hash, so a place needs no listener there
hear(channels.place, (place: string) => {
  location.hash = place;
});

/** The page never gets the event itself: through its `sender` it would reach every channel. */
function hear<T>(channel: string, listener: (message: T) => void): () => void {
  const onMessage = (_event: IpcRendererEvent, message: T): void => listener(message);
  ipcRenderer.on(channel, onMessage);
  return () => {
    ipcRenderer.off(channel, onMessage);
  };
}
