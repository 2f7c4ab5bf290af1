/**
 * Runs in every page before its own scripts. Gives the preload script the renderer side of Electron, and the page only what
 * the preload script exposes. Here both run in the world of the page; Electron isolates them.
 */
// biome-ignore lint/correctness/noUnusedVariables: called by the code that is appended to this file
function runPreload(preload, bindingName) {
  const toMain = window[bindingName];
  delete window[bindingName];
  // Electron runs no preload script in frames
  if (window !== window.top || location.href === 'about:blank') {
    return;
  }

  const listeners = new Map();
  const dropped = new Map();

  // Electron waits for the main process and returns the window; here the page gets no window
  window.open = (url = '') => {
    toMain({ kind: 'open', url: new URL(url, location.href).href });
    return null;
  };

  const ipcRenderer = {
    async invoke(channel, ...args) {
      const answer = await toMain({ kind: 'invoke', channel, args });
      if ('error' in answer) {
        throw new Error(`Error invoking remote method '${channel}': ${answer.error}`);
      }
      return answer.value;
    },
    on(channel, listener) {
      listeners.set(channel, [...(listeners.get(channel) ?? []), listener]);
    },
    off(channel, listener) {
      listeners.set(
        channel,
        (listeners.get(channel) ?? []).filter((other) => other !== listener),
      );
    },
  };
  const contextBridge = {
    exposeInMainWorld(name, api) {
      Object.defineProperty(window, name, { value: Object.freeze({ ...api }), enumerable: true });
    },
  };
  // Chromium does not expose the path of a file, so the test that drops it sends the path
  const webUtils = { getPathForFile: (file) => dropped.get(file.name) ?? '' };

  async function receiveMessages() {
    for (;;) {
      for (const { channel, args } of await toMain({ kind: 'receive' })) {
        if (channel === 'stand-in:dropped') {
          dropped.set(...args);
        }
        for (const listener of listeners.get(channel) ?? []) {
          listener({}, ...args);
        }
      }
    }
  }

  // a sandboxed preload script can require only a few modules, and ours requires only this one
  const require = (name) => {
    if (name !== 'electron') {
      throw new Error(`module not found: ${name}`);
    }
    return { contextBridge, ipcRenderer, webUtils };
  };
  preload(require, {}, { exports: {} });
  receiveMessages();
}
