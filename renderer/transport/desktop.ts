import type { Transport } from './transport.ts';

/** The object that the preload script of the desktop front end exposes as `window.barnraiser`. */
export type DesktopBridge = Pick<Transport, 'call' | 'onEvent' | 'onMenu' | 'pathOf'>;

declare global {
  interface Window {
    readonly barnraiser?: DesktopBridge;
  }
}

/** The link is always open: the app runs in the process that owns this window. */
export function openDesktopTransport(bridge: DesktopBridge): Transport {
  return {
    ...bridge,
    onLink: (listener) => {
      listener('open');
      return () => {};
    },
  };
}
