import type { AppEvent, CallInput, CallName, CallOutput } from '../../shared/contract.ts';
import type { Problem, Result } from '../../shared/problem.ts';
import type { CallOptions, LinkState, Transport } from './transport.ts';

/** The delay before the event stream is opened again, in milliseconds. It doubles from `first` to `max`. */
const retryDelayMs = { first: 500, max: 5_000 };

/** The server sends a `heartbeat` event every 15 s. A stream that is silent for longer than this is treated as broken. */
const silenceTimeoutMs = 40_000;

const notResponding: Problem = {
  code: 'bug',
  message: 'Barnraiser is not responding. Its process has ended or hangs.',
  fix: 'Start Barnraiser again. Interrupted builds are in the history.',
};

/** Sends calls over HTTP and receives events as Server-Sent Events, both from the server that sent this page. */
export function openBrowserTransport(): Transport {
  const listeners = new Set<(event: AppEvent, seq: number) => void>();
  const linkListeners = new Set<(state: LinkState) => void>();
  let state: LinkState = 'connecting';
  let delayMs = retryDelayMs.first;

  function setState(next: LinkState): void {
    if (next !== state) {
      state = next;
      for (const listener of linkListeners) {
        listener(next);
      }
    }
  }

  function connect(): void {
    const source = new EventSource('/events');
    let silenceTimer = setTimeout(reconnectLater, silenceTimeoutMs);

    function reconnectLater(): void {
      clearTimeout(silenceTimer);
      // an EventSource that got an HTTP error never reconnects, so each attempt uses a new one
      source.close();
      setState('lost');
      setTimeout(connect, delayMs);
      delayMs = Math.min(delayMs * 2, retryDelayMs.max);
    }
    function restartSilenceTimer(): void {
      clearTimeout(silenceTimer);
      silenceTimer = setTimeout(reconnectLater, silenceTimeoutMs);
    }

    source.addEventListener('open', () => {
      restartSilenceTimer();
      delayMs = retryDelayMs.first;
      setState('open');
    });
    source.addEventListener('heartbeat', restartSilenceTimer);
    source.addEventListener('message', (message: MessageEvent<string>) => {
      restartSilenceTimer();
      const event: AppEvent = JSON.parse(message.data);
      for (const listener of listeners) {
        listener(event, Number(message.lastEventId));
      }
    });
    source.addEventListener('error', reconnectLater);
  }
  connect();

  return {
    call: callOverHttp,
    onEvent: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onLink: (listener) => {
      linkListeners.add(listener);
      listener(state);
      return () => linkListeners.delete(listener);
    },
  };
}

async function callOverHttp<N extends CallName>(
  name: N,
  input: CallInput<N>,
  { signal }: CallOptions = {},
): Promise<Result<CallOutput<N>>> {
  try {
    const response = await fetch(`/call/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(input),
      // the server cancels a call whose request ends
      ...(signal ? { signal } : {}),
    });
    if (response.headers.get('content-type') === 'application/json') {
      const result: Result<CallOutput<N>> = await response.json();
      return result;
    }
    return { ok: false, problem: { ...notResponding, detail: `${response.status} ${await response.text()}` } };
  } catch {
    return { ok: false, problem: notResponding };
  }
}
