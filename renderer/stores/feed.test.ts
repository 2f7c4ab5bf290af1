import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppEvent, CallName } from '../../shared/contract.ts';
import { fail, type Result } from '../../shared/problem.ts';
import { setTransport } from '../api.ts';
import { Feed } from './feed.ts';
import { loadAll, useSync } from './sync.ts';

/** Calls that wait for their answer. */
let calls: { name: CallName; signal: AbortSignal | undefined; answer: (result: Result<never>) => void }[];
/** What was put into the store and applied to it, in order. */
let store: string[];

const closed = (id: string): AppEvent => ({ event: 'question.closed', id });
const idOf = (event: AppEvent): string => (event.event === 'question.closed' ? event.id : '');

beforeEach(() => {
  calls = [];
  store = [];
  setTransport({
    call: (name, _input, { signal } = {}) => new Promise((answer) => calls.push({ name, signal, answer })),
    onEvent: () => () => {},
    onLink: () => () => {},
  });
});
afterEach(() => setTransport(undefined));

function createFeed(): Feed {
  return new Feed((events) => store.push(...events.map((event) => `event ${idOf(event)}`)), idOf);
}

function load(feed: Feed, seq: number, part?: string) {
  const loaded = feed.load('nodes.list', {}, () => store.push(`snapshot ${seq}`), undefined, part);
  const { answer } = calls.at(-1) ?? expect.fail('no call');
  return async (): Promise<void> => {
    answer(JSON.parse(JSON.stringify({ ok: true, value: [], seq })));
    await loaded;
  };
}

describe('a feed', () => {
  it('applies events that arrive during a load after it, without those that the snapshot includes', async () => {
    const feed = createFeed();
    const answer = load(feed, 5);
    for (const seq of [4, 5, 6]) {
      feed.add(closed(String(seq)), seq);
    }
    feed.flush();
    expect(store).toEqual([]);
    await answer();
    expect(store).toEqual(['snapshot 5', 'event 6']);
  });

  it('drops an older event that arrives after the snapshot', async () => {
    const feed = createFeed();
    await load(feed, 5)();
    feed.add(closed('late'), 5);
    feed.flush();
    expect(store).toEqual(['snapshot 5']);
  });

  it('drops an older snapshot that arrives after a newer one', async () => {
    const feed = createFeed();
    const older = load(feed, 5);
    const newer = load(feed, 8);
    feed.add(closed('9'), 9);
    await newer();
    await older();
    feed.flush();
    expect(store).toEqual(['snapshot 8', 'event 9']);
  });

  it('compares the snapshot of a part with events of that part only', async () => {
    const feed = createFeed();
    await load(feed, 5, 'a')();
    feed.add(closed('a'), 4);
    feed.add(closed('b'), 4);
    feed.add(closed('a'), 6);
    feed.flush();
    expect(store).toEqual(['snapshot 5', 'event b', 'event a']);
  });

  it('ignores what was loaded before it was reset', async () => {
    const feed = createFeed();
    const before = load(feed, 50);
    feed.reset();
    await load(feed, 1)();
    await before();
    feed.add(closed('2'), 2);
    feed.flush();
    expect(store).toEqual(['snapshot 1', 'event 2']);
  });
});

describe('loading everything', () => {
  afterEach(() => useSync.setState(useSync.getInitialState(), true));
  const problem = fail('settings.broken', 'farms.json is not valid.', 'Correct it.').problem;
  const answerAll = (some: typeof calls, broken: readonly CallName[] = []): void => {
    for (const { name, answer } of some) {
      const ok = { ok: true, value: name === 'farms.list' ? { farms: [] } : [], seq: 1 };
      answer(broken.includes(name) ? { ok: false, problem } : JSON.parse(JSON.stringify(ok)));
    }
  };

  it('shows the rest and the problem if a part cannot be read, and the problem until it can be', async () => {
    const loaded = loadAll();
    answerAll(calls, ['farms.list', 'connections.list']);
    await loaded;
    expect(useSync.getState().ready).toBe(true);
    expect(useSync.getState().problems.filter(({ code }) => code === 'settings.broken')).toEqual([problem]);
    const again = loadAll();
    answerAll(calls);
    await again;
    expect(useSync.getState().problems.filter(({ code }) => code === 'settings.broken')).toEqual([]);
  });

  it('is not ready if nothing can be read', async () => {
    const loaded = loadAll();
    answerAll(
      calls,
      calls.map(({ name }) => name),
    );
    await loaded;
    expect(useSync.getState()).toMatchObject({ ready: false, problems: [problem] });
  });

  it('is superseded when the link is restored again', async () => {
    const first = loadAll();
    const before = [...calls];
    const second = loadAll();
    expect(before.every(({ signal }) => signal?.aborted)).toBe(true);
    answerAll(calls.slice(before.length));
    await second;
    answerAll(
      before,
      before.map(({ name }) => name),
    );
    await first;
    expect(useSync.getState().problems.filter(({ code }) => code === 'settings.broken')).toEqual([]);
  });
});
