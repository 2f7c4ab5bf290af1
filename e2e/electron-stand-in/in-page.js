/**
 * Runs in every page before its own scripts: gives the preload script the renderer's side of Electron, and the page only
 * what the preload script exposes. Both run in the page's world here; Electron keeps them apart.
 */
// biome-ignore lint/correctness/noUnusedVariables: called by what is put behind this text
function runPreload(preload, bindingName) {
  const toMain = window[bindingName];
  delete window[bindingName];
  // Electron runs no preload script in frames
  if (window !== window.top || location.href === 'about:blank') {
    return;
  }

  const listeners = new Map();
  const dropped = new Map();

  // Electron asks the main process before a window is there; its answer is not waited for here, so the page gets none
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
  // Chromium tells no page where a file is; the test that drops one says it
  const webUtils = { getPathForFile: (file) => dropped.get(file.name) ?? '' };

  async function hear() {
    for (;;) {
      for (const { channel, args } of await toMain({ kind: 'hear' })) {
        if (channel === 'stand-in:dropped') {
          dropped.set(...args);
        }
        for (const listener of listeners.get(channel) ?? []) {
          listener({}, ...args);
        }
      }
    }
  }

  // all that a sandboxed preload script may require of interest
  const require = (name) => {
    if (name !== 'electron') {
      throw new Error(`module not found: ${name}`);
    }
    return { contextBridge, ipcRenderer, webUtils };
  };
  preload(require, {}, { exports: {} });
  hear();
}
