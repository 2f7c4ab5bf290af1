import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { AppEvent } from '../../shared/contract.ts';
import { openBrowserTransport } from './browser.ts';
import type { LinkState } from './transport.ts';

/** An EventSource whose other end is the test. */
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
  const heard: AppEvent[] = [];
  const transport = openBrowserTransport();
  transport.onLink((state) => states.push(state));
  transport.onEvent((event) => heard.push(event));
  return { transport, states, heard };
}
const last = () => TestSource.opened.at(-1);
const say = (type: string, data = '') => last()?.dispatchEvent(new MessageEvent(type, { data }));

it('tells events as they come', () => {
  const { states, heard } = start();
  say('open');
  say('message', '{"event":"question.settled","id":"q"}');
  expect(states).toEqual(['connecting', 'open']);
  expect(heard).toEqual([{ event: 'question.settled', id: 'q' }]);
});

it('comes back after the stream broke, waiting longer each time, and says both', () => {
  const { states } = start();
  say('open');
  say('error');
  expect(states).toEqual(['connecting', 'open', 'lost']);
  expect(last()?.closed).toBe(true);
  vi.advanceTimersByTime(499);
  expect(TestSource.opened).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(TestSource.opened).toHaveLength(2);
  say('error');
  vi.advanceTimersByTime(999);
  expect(TestSource.opened).toHaveLength(2);
  vi.advanceTimersByTime(1);
  say('open');
  expect(states).toEqual(['connecting', 'open', 'lost', 'open']);
});

it('takes a stream that stays silent for dead, and one with a beat for alive', () => {
  const { states } = start();
  say('open');
  vi.advanceTimersByTime(39_000);
  say('beat');
  vi.advanceTimersByTime(39_000);
  expect(states).toEqual(['connecting', 'open']);
  vi.advanceTimersByTime(1_000);
  expect(states).toEqual(['connecting', 'open', 'lost']);
});

it('answers a call with the result of the app', async () => {
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
  ['nobody answers', () => Promise.reject(new TypeError('Failed to fetch'))],
  ['another server answers', async () => new Response('Not here', { status: 404 })],
])('answers with a problem where %s', async (_, fetched) => {
  vi.stubGlobal('fetch', fetched);
  const { transport } = start();
  expect(await transport.call('app.info', {})).toMatchObject({
    ok: false,
    problem: { message: expect.stringContaining('does not answer') },
  });
});
