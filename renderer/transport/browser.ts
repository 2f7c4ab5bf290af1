import type { AppEvent, CallInput, CallName, CallOutput } from '../../shared/contract.ts';
import type { Problem, Result } from '../../shared/problem.ts';
import type { LinkState, Transport } from './transport.ts';

/** How long to wait before the app is asked for its events again, in milliseconds: first, and at most. */
const retryMs = { first: 500, most: 5_000 };

/** The server sends a beat every 15 s; a stream that is silent for longer than this is dead, even if nobody closed it. */
const silenceMs = 40_000;

const gone: Problem = {
  code: 'bug',
  message: 'Barnraiser does not answer: its process on this computer has ended or hangs.',
  fix: 'Start it again. What builds had done until then is in the history.',
};

/** Calls over HTTP and events over Server-Sent Events, both to the server that sent this page. */
export function openBrowserTransport(): Transport {
  const listeners = new Set<(event: AppEvent) => void>();
  const linkListeners = new Set<(state: LinkState) => void>();
  let state: LinkState = 'connecting';
  let waitMs = retryMs.first;

  function tell(next: LinkState): void {
    if (next !== state) {
      state = next;
      for (const listener of linkListeners) {
        listener(next);
      }
    }
  }

  function connect(): void {
    const source = new EventSource('/events');
    let silence = setTimeout(giveUp, silenceMs);

    function giveUp(): void {
      clearTimeout(silence);
      // an EventSource gives up for good where it was refused once, so every attempt is a new one
      source.close();
      tell('lost');
      setTimeout(connect, waitMs);
      waitMs = Math.min(waitMs * 2, retryMs.most);
    }
    function heard(): void {
      clearTimeout(silence);
      silence = setTimeout(giveUp, silenceMs);
    }

    source.addEventListener('open', () => {
      heard();
      waitMs = retryMs.first;
      tell('open');
    });
    source.addEventListener('beat', heard);
    source.addEventListener('message', (message: MessageEvent<string>) => {
      heard();
      const event: AppEvent = JSON.parse(message.data);
      for (const listener of listeners) {
        listener(event);
      }
    });
    source.addEventListener('error', giveUp);
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

async function callOverHttp<N extends CallName>(name: N, input: CallInput<N>): Promise<Result<CallOutput<N>>> {
  try {
    const response = await fetch(`/call/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(input),
    });
    if (response.headers.get('content-type') === 'application/json') {
      const result: Result<CallOutput<N>> = await response.json();
      return result;
    }
    return { ok: false, problem: { ...gone, detail: `${response.status} ${await response.text()}` } };
  } catch {
    return { ok: false, problem: gone };
  }
}
