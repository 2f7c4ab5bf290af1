import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SessionLimit } from './session-limit.ts';

/** What a server says that opens no session, and what it says of a command that cannot be run. */
const refusal = new Error('refused');
const noSuchCommand = new Error('no such command');

interface Session {
  close(): void;
  readonly closed: Promise<void>;
}

/** A server that allows so many sessions. Those that it still counts although they are closed here are `lingering`. */
let allowed: number;
let open: number;
let lingering: number;
let asked: number;
let places: SessionLimit;

beforeEach(() => {
  vi.useFakeTimers();
  allowed = 2;
  open = 0;
  lingering = 0;
  asked = 0;
  places = new SessionLimit((error) => error === refusal);
});
afterEach(() => {
  vi.useRealTimers();
});

async function attempt(): Promise<Session> {
  asked++;
  if (open + lingering >= allowed) {
    throw refusal;
  }
  open++;
  let close = (): void => undefined;
  const closed = new Promise<void>((resolve) => {
    close = () => {
      open--;
      resolve();
    };
  });
  return { close, closed };
}

const want = (signal?: AbortSignal): Promise<Session> => places.open(attempt, ({ closed }) => closed, signal);

/** Lets everything happen that waits for nothing but its turn. */
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

/** Whether each has got its session. */
async function got(wanted: readonly Promise<Session>[]): Promise<boolean[]> {
  const states = wanted.map(() => false);
  wanted.forEach((session, index) => void session.then(() => (states[index] = true)));
  await settle();
  return states;
}

test('as long as none is refused there is no limit', async () => {
  allowed = 50;
  expect(await got(Array.from({ length: 50 }, () => want()))).not.toContain(false);
  expect(places.limit).toBe(Number.POSITIVE_INFINITY);
  expect(places.isCrowded).toBe(false);
});

describe('what is refused while others are open', () => {
  test('waits until one of them has closed, in the order in which it came', async () => {
    const wanted = Array.from({ length: 5 }, () => want());
    expect(await got(wanted)).toEqual([true, true, false, false, false]);
    expect(places.limit).toBe(2);
    expect(places.isCrowded).toBe(true);
    (await wanted[1])?.close();
    expect(await got(wanted)).toEqual([true, true, true, false, false]);
    (await wanted[0])?.close();
    (await wanted[2])?.close();
    expect(await got(wanted)).toEqual([true, true, true, true, true]);
    expect(places.isCrowded).toBe(false);
  });

  test('teaches the limit: those that come later wait without asking', async () => {
    await got([want(), want(), want()]);
    asked = 0;
    const late = want();
    expect(await got([late])).toEqual([false]);
    expect(asked).toBe(0);
  });

  test('is told to whoever may make room', async () => {
    const told = vi.fn();
    places.onCrowded(told);
    await got([want(), want()]);
    expect(told).not.toHaveBeenCalled();
    await got([want()]);
    expect(told).toHaveBeenCalled();
  });

  test('stops waiting with the reason of its signal, and lets the next one go first', async () => {
    const [one] = await Promise.all([want(), want()]);
    const controller = new AbortController();
    const given = want(controller.signal);
    const next = want();
    await settle();
    const refused = expect(given).rejects.toThrow('enough');
    controller.abort(new Error('enough'));
    await refused;
    one.close();
    expect(await got([next])).toEqual([true]);
  });
});

test('what is refused when no other is open is a failure, and so is each that comes after it', async () => {
  allowed = 0;
  await expect(want()).rejects.toBe(refusal);
  const results = await Promise.allSettled([want(), want(), want()]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
});

test('a command that cannot be run is no refusal, and takes no place', async () => {
  const bad = (): Promise<Session> => Promise.reject(noSuchCommand);
  await got([want()]);
  await expect(places.open(bad, ({ closed }) => closed)).rejects.toBe(noSuchCommand);
  expect(places.limit).toBe(Number.POSITIVE_INFINITY);
  expect(await got([want()])).toEqual([true]);
});

describe('a session that the server still counts although it is closed', () => {
  test('is waited for, and teaches no limit that is too low', async () => {
    const [one, other] = await Promise.all([want(), want()]);
    one.close();
    other.close();
    await settle();
    lingering = 2;
    const wanted = [want(), want()];
    expect(await got(wanted)).toEqual([false, false]);
    lingering = 0;
    await vi.advanceTimersByTimeAsync(200);
    expect(await got(wanted)).toEqual([true, true]);
    expect(places.limit).toBe(2);
  });

  test('is not waited for without end', async () => {
    const one = await want();
    one.close();
    await settle();
    lingering = 2;
    const refused = expect(want()).rejects.toBe(refusal);
    await vi.advanceTimersByTimeAsync(10_000);
    await refused;
  });
});

test('after a while it is tried whether there is room for one more', async () => {
  await got([want(), want(), want()]);
  allowed = 3;
  await vi.advanceTimersByTimeAsync(60_000);
  const late = want();
  await settle();
  // the one that has waited longest got the place
  expect(open).toBe(3);
  expect(places.limit).toBe(3);
  expect(await got([late])).toEqual([false]);
});
