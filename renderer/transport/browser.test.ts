import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { AppEvent } from '../../shared/contract.ts';
import { openBrowserTransport } from './browser.ts';
import type { LinkState } from './transport.ts';

/** A response of the event stream that the test controls. */
interface Stream {
  readonly authorization: string | undefined;
  send(text: string): void;
  end(): void;
}

let streams: Stream[];
/** The secret that the server accepts. */
let accepted: string;
let calls: string[];
let isDown: boolean;

beforeEach(() => {
  vi.useFakeTimers();
  streams = [];
  calls = [];
  accepted = 'first';
  isDown = false;
  sessionStorage.setItem('barnraiser-access', 'first');
  vi.stubGlobal('BroadcastChannel', TestChannel);
  vi.stubGlobal('fetch', respond);
});
afterEach(() => {
  sessionStorage.clear();
  TestChannel.all.clear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function respond(path: string, init: RequestInit): Promise<Response> {
  if (isDown) {
    throw new TypeError('Failed to fetch');
  }
  const authorization = new Headers(init.headers).get('authorization') ?? undefined;
  if (authorization !== `Bearer ${accepted}`) {
    return new Response('Open the address.', { status: 401 });
  }
  if (path !== '/events') {
    calls.push(`${init.method} ${path} ${String(init.body)}`);
    return Response.json({ ok: true, value: {} });
  }
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      init.signal?.addEventListener('abort', () => controller.error(new Error('aborted')));
      streams.push({
        authorization,
        send: (text) => controller.enqueue(new TextEncoder().encode(text)),
        end: () => controller.close(),
      });
    },
  });
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson' } });
}

/** A channel between the pages of one browser, without a thread of its own. */
class TestChannel extends EventTarget {
  static readonly all = new Set<TestChannel>();
  constructor() {
    super();
    TestChannel.all.add(this);
  }
  postMessage(data: unknown): void {
    for (const other of TestChannel.all) {
      if (other !== this) {
        other.dispatchEvent(new MessageEvent('message', { data }));
      }
    }
  }
  close(): void {
    TestChannel.all.delete(this);
  }
}

async function start() {
  const states: LinkState[] = [];
  const events: [AppEvent, number][] = [];
  const transport = openBrowserTransport();
  transport.onLink((state) => states.push(state));
  transport.onEvent((event, seq) => events.push([event, seq]));
  await settle();
  return { transport, states, events };
}
const settle = () => vi.advanceTimersByTimeAsync(0);
const last = () => streams.at(-1);

it('passes events on as they arrive, however they are divided', async () => {
  const { states, events } = await start();
  last()?.send('\n{"seq":12,"event":{"event":"question.closed","id":"q"}}\n{"seq":13,"event":');
  await settle();
  last()?.send('{"event":"question.closed",');
  last()?.send('"id":"r"}}\n\n');
  await settle();
  expect(states).toEqual(['connecting', 'open']);
  expect(events).toEqual([
    [{ event: 'question.closed', id: 'q' }, 12],
    [{ event: 'question.closed', id: 'r' }, 13],
  ]);
});

it('reconnects after the stream broke, with a growing delay, and reports both', async () => {
  const { states } = await start();
  isDown = true;
  last()?.end();
  await settle();
  expect(states).toEqual(['connecting', 'open', 'lost']);
  await vi.advanceTimersByTimeAsync(500);
  isDown = false;
  await vi.advanceTimersByTimeAsync(999);
  expect(streams).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(streams).toHaveLength(2);
  expect(states).toEqual(['connecting', 'open', 'lost', 'open']);
});

it('treats a silent stream as broken, but not one with a heartbeat', async () => {
  const { states } = await start();
  await vi.advanceTimersByTimeAsync(39_000);
  last()?.send('\n');
  await vi.advanceTimersByTimeAsync(39_000);
  expect(states).toEqual(['connecting', 'open']);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(states).toEqual(['connecting', 'open', 'lost']);
});

it('returns the result of a call', async () => {
  const { transport } = await start();
  expect(await transport.call('builds.cancel', { id: 'b' })).toEqual({ ok: true, value: {} });
  expect(calls).toEqual(['POST /call/builds.cancel {"id":"b"}']);
});

it('sends a call again that the browser has dropped, under the same key', async () => {
  const { transport } = await start();
  const keys: (string | null)[] = [];
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    keys.push(new Headers(init.headers).get('idempotency-key'));
    return keys.length < 3 ? Promise.reject(new TypeError('net::ERR_NETWORK_CHANGED')) : respond(path, init);
  });
  const call = transport.call('builds.cancel', { id: 'b' });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await call).toEqual({ ok: true, value: {} });
  expect(calls).toEqual(['POST /call/builds.cancel {"id":"b"}']);
  expect(keys).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), keys[0], keys[0]]);
});

it('does not send a call again that was cancelled', async () => {
  const { transport } = await start();
  const cancel = new AbortController();
  let requests = 0;
  vi.stubGlobal('fetch', async () => {
    requests += 1;
    cancel.abort();
    throw new DOMException('aborted', 'AbortError');
  });
  const call = transport.call('builds.cancel', { id: 'b' }, { signal: cancel.signal });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await call).toMatchObject({ ok: false });
  expect(requests).toBe(1);
});

it('gets the secret from another page of this browser', async () => {
  await start();
  sessionStorage.clear();
  const second = await start();
  expect(second.states.at(-1)).toBe('open');
  expect(sessionStorage.getItem('barnraiser-access')).toBe('first');
});

it('says that it has no access, until another page has it', async () => {
  sessionStorage.clear();
  const { transport, states } = await start();
  const call = transport.call('app.info', {});
  await vi.advanceTimersByTimeAsync(600);
  expect(await call).toMatchObject({ ok: false, problem: { code: 'app.access' } });
  expect(states).toEqual(['connecting', 'denied']);
  sessionStorage.setItem('barnraiser-access', 'first');
  await start();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(states).toEqual(['connecting', 'denied', 'open']);
});

it('forgets the secret of an earlier server at the same address', async () => {
  const { states } = await start();
  accepted = 'second';
  last()?.end();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(states).toEqual(['connecting', 'open', 'lost', 'denied']);
  expect(sessionStorage.getItem('barnraiser-access')).toBeNull();
});

it.each([
  ['no server responds', () => Promise.reject(new TypeError('Failed to fetch'))],
  ['another server responds', async () => new Response('Not here', { status: 404 })],
])('returns a problem if %s', async (_, fetched) => {
  vi.stubGlobal('fetch', fetched);
  const { transport } = await start();
  const call = transport.call('app.info', {});
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await call).toMatchObject({
    ok: false,
    problem: { message: expect.stringContaining('is not responding') },
  });
});
