import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { AppEvent } from '../../shared/contract.ts';
import { openBrowserTransport } from './browser.ts';
import type { LinkState } from './transport.ts';

/** An EventSource that the test controls. */
class TestSource extends EventTarget {
  static opened: TestSource[] = [];
  closed = false;
  readonly url: string;
  constructor(url: string) {
    super();
    this.url = url;
    TestSource.opened.push(this);
  }
  close(): void {
    this.closed = true;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  TestSource.opened = [];
  vi.stubGlobal('EventSource', TestSource);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function start() {
  const states: LinkState[] = [];
  const events: [AppEvent, number][] = [];
  const transport = openBrowserTransport();
  transport.onLink((state) => states.push(state));
  transport.onEvent((event, seq) => events.push([event, seq]));
  return { transport, states, events };
}
const last = () => TestSource.opened.at(-1);
const dispatch = (type: string, data = '', lastEventId = '') =>
  last()?.dispatchEvent(new MessageEvent(type, { data, lastEventId }));

it('passes events on as they arrive', () => {
  const { states, events } = start();
  dispatch('open');
  dispatch('message', '{"event":"question.closed","id":"q"}', '12');
  expect(states).toEqual(['connecting', 'open']);
  expect(events).toEqual([[{ event: 'question.closed', id: 'q' }, 12]]);
});

it('reconnects after the stream broke, with a growing delay, and reports both', () => {
  const { states } = start();
  dispatch('open');
  dispatch('error');
  expect(states).toEqual(['connecting', 'open', 'lost']);
  expect(last()?.closed).toBe(true);
  vi.advanceTimersByTime(499);
  expect(TestSource.opened).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(TestSource.opened).toHaveLength(2);
  dispatch('error');
  vi.advanceTimersByTime(999);
  expect(TestSource.opened).toHaveLength(2);
  vi.advanceTimersByTime(1);
  dispatch('open');
  expect(states).toEqual(['connecting', 'open', 'lost', 'open']);
});

it('treats a silent stream as broken, but not one with a heartbeat', () => {
  const { states } = start();
  dispatch('open');
  vi.advanceTimersByTime(39_000);
  dispatch('heartbeat');
  vi.advanceTimersByTime(39_000);
  expect(states).toEqual(['connecting', 'open']);
  vi.advanceTimersByTime(1_000);
  expect(states).toEqual(['connecting', 'open', 'lost']);
});

it('returns the result of a call', async () => {
  const fetched = vi.fn(async () => Response.json({ ok: true, value: {} }));
  vi.stubGlobal('fetch', fetched);
  const { transport } = start();
  expect(await transport.call('builds.cancel', { id: 'b' })).toEqual({ ok: true, value: {} });
  expect(fetched).toHaveBeenCalledWith(
    '/call/builds.cancel',
    expect.objectContaining({ method: 'POST', body: '{"id":"b"}' }),
  );
});

it.each([
  ['no server responds', () => Promise.reject(new TypeError('Failed to fetch'))],
  ['another server responds', async () => new Response('Not here', { status: 404 })],
])('returns a problem if %s', async (_, fetched) => {
  vi.stubGlobal('fetch', fetched);
  const { transport } = start();
  expect(await transport.call('app.info', {})).toMatchObject({
    ok: false,
    problem: { message: expect.stringContaining('is not responding') },
  });
});
