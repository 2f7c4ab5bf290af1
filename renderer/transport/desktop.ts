import type { AppEvent, CallInput, CallName, CallOutput } from '../../shared/contract.ts';
import type { Result } from '../../shared/problem.ts';
import type { Transport } from './transport.ts';

/** The object that the preload script of the desktop front end exposes as `window.barnraiser`. */
export interface DesktopBridge extends Pick<Transport, 'onMenu' | 'pathOf' | 'showItem'> {
  /** @param id names the call for {@link cancel} */
  call<N extends CallName>(name: N, input: CallInput<N>, id?: string): Promise<Result<CallOutput<N>>>;
  cancel(id: string): void;
  onEvent(listener: (event: AppEvent, seq: number) => void): () => void;
}

declare global {
  interface Window {
    readonly barnraiser?: DesktopBridge;
  }
}

/** The link is always open: the app runs in the process that owns this window. */
export function openDesktopTransport({ call, cancel, ...bridge }: DesktopBridge): Transport {
  return {
    ...bridge,
    call: async (name, input, { signal } = {}) => {
      const id = crypto.randomUUID();
      const onAbort = (): void => cancel(id);
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        return await call(name, input, id);
      } finally {
        signal?.removeEventListener('abort', onAbort);
      }
    },
    onLink: (listener) => {
      listener('open');
      return () => {};
    },
  };
}
