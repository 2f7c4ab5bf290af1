import type { AppEvent, CallInput, CallName, CallOutput } from '../../shared/contract.ts';
import type { Problem, Result } from '../../shared/problem.ts';
import { fetchAgain } from './fetch-again.ts';
import { noAccess, PageAccess } from './page-access.ts';
import type { CallOptions, LinkState, Transport } from './transport.ts';

/** The delay before the event stream is opened again, in milliseconds. It doubles from `first` to `max`. */
const retryDelayMs = { first: 500, max: 5_000 };

/** The server sends a heartbeat every 15 s. A stream that is silent for longer than this is treated as broken. */
const silenceTimeoutMs = 40_000;

const notResponding: Problem = {
  code: 'bug',
  message: 'Barnraiser is not responding. Its process has ended or hangs.',
  fix: 'Start Barnraiser again. Interrupted builds are in the history.',
};

/** Sends calls over HTTP and receives events in a response that does not end, both from the server that sent this page. */
export function openBrowserTransport(): Transport {
  const access = new PageAccess();
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

  async function receiveEvents(): Promise<void> {
    const silence = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const restartTimer = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), silenceTimeoutMs);
    };
    restartTimer();
    try {
      const response = await send(access, '/events', { signal: silence.signal }, fetch);
      if (response === undefined) {
        setState('denied');
        return;
      }
      if (!response.ok || response.body === null) {
        return;
      }
      delayMs = retryDelayMs.first;
      setState('open');
      await readLines(response.body, (line) => {
        restartTimer();
        if (line !== '') {
          const { event, seq }: { event: AppEvent; seq: number } = JSON.parse(line);
          for (const listener of listeners) {
            listener(event, seq);
          }
        }
      });
    } finally {
      clearTimeout(timer);
    }
  }

  function connect(): void {
    void receiveEvents()
      // the server has ended or hangs, or the network is gone
      .catch(() => undefined)
      .then(() => {
        if (state !== 'denied') {
          setState('lost');
        }
        setTimeout(connect, delayMs);
        delayMs = Math.min(delayMs * 2, retryDelayMs.max);
      });
  }
  connect();

  return {
    call: (name, input, options) => callOverHttp(access, name, input, options),
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
  access: PageAccess,
  name: N,
  input: CallInput<N>,
  { signal }: CallOptions = {},
): Promise<Result<CallOutput<N>>> {
  try {
    const response = await send(access, `/call/${name}`, {
      method: 'POST',
      // the server runs a call once, also when it is sent again
      headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
      body: JSON.stringify(input),
      // a page that is being closed sends what it remembers
      keepalive: name === 'memory.set',
      // the server cancels a call whose request ends
      ...(signal ? { signal } : {}),
    });
    if (response === undefined) {
      return { ok: false, problem: noAccess };
    }
    if (response.headers.get('content-type') === 'application/json') {
      const result: Result<CallOutput<N>> = await response.json();
      return result;
    }
    return { ok: false, problem: { ...notResponding, detail: `${response.status} ${await response.text()}` } };
  } catch {
    return { ok: false, problem: notResponding };
  }
}

/**
 * Sends a request with the secret of this page.
 * @param request `fetch` for a request that is sent again elsewhere
 * @returns undefined if there is no secret that the server accepts
 */
async function send(
  access: PageAccess,
  path: string,
  init: RequestInit,
  request: typeof fetchAgain = fetchAgain,
): Promise<Response | undefined> {
  // not awaited where it is known: a page that closes can still send something
  for (let secret = access.known ?? (await access.find()); secret !== undefined; secret = await access.find()) {
    const response = await request(path, {
      ...init,
      headers: { ...init.headers, authorization: `Bearer ${secret}` },
    });
    if (response.status !== 401) {
      return response;
    }
    access.reject(secret);
  }
  return undefined;
}

/** Calls `onLine` with each line of a response as it arrives. */
async function readLines(body: ReadableStream<Uint8Array<ArrayBuffer>>, onLine: (line: string) => void): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value = '' } = await reader.read();
    if (done) {
      return;
    }
    const [first = '', ...others] = value.split('\n');
    rest += first;
    for (const next of others) {
      onLine(rest);
      rest = next;
    }
  }
}
