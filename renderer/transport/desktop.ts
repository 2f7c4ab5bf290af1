import type { Transport } from './transport.ts';

/** What the desktop door's preload script puts into the page as `window.barnraiser`. */
export type DesktopBridge = Pick<Transport, 'call' | 'onEvent' | 'onMenu' | 'pathOf'>;

declare global {
  interface Window {
    readonly barnraiser?: DesktopBridge;
  }
}

/** The app lives in the process that owns this window: it is there as long as the window is. */
export function openDesktopTransport(bridge: DesktopBridge): Transport {
  return {
    ...bridge,
    onLink: (listener) => {
      listener('open');
      return () => {};
    },
  };
}
