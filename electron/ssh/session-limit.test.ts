import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SessionLimit } from './session-limit.ts';

/** The error of a server that opens no session, and the error of a session whose command cannot be run. */
const refusal = new Error('refused');
const noSuchCommand = new Error('no such command');

interface Session {
  close(): void;
  readonly closed: Promise<void>;
}

/** The most sessions that the server allows. It still counts `lingering` sessions that are closed here. */
let allowed: number;
let open: number;
let lingering: number;
let attempts: number;
let limit: SessionLimit;

beforeEach(() => {
  vi.useFakeTimers();
  allowed = 2;
  open = 0;
  lingering = 0;
  attempts = 0;
  limit = new SessionLimit((error) => error === refusal);
});
afterEach(() => {
  vi.useRealTimers();
});

async function attempt(): Promise<Session> {
  attempts++;
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

const openSession = (signal?: AbortSignal): Promise<Session> => limit.open(attempt, ({ closed }) => closed, signal);

/** Runs everything that waits for no timer. */
const flush = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

/** Whether each session is open by now. */
async function areOpen(sessions: readonly Promise<Session>[]): Promise<boolean[]> {
  const states = sessions.map(() => false);
  sessions.forEach((session, index) => void session.then(() => (states[index] = true)));
  await flush();
  return states;
}

test('without a refusal there is no limit', async () => {
  allowed = 50;
  expect(await areOpen(Array.from({ length: 50 }, () => openSession()))).not.toContain(false);
  expect(limit.limit).toBe(Number.POSITIVE_INFINITY);
  expect(limit.isSaturated).toBe(false);
});

describe('a session that is refused while others are open', () => {
  test('waits until one of them has closed, in the order of the requests', async () => {
    const sessions = Array.from({ length: 5 }, () => openSession());
    expect(await areOpen(sessions)).toEqual([true, true, false, false, false]);
    expect(limit.limit).toBe(2);
    expect(limit.isSaturated).toBe(true);
    (await sessions[1])?.close();
    expect(await areOpen(sessions)).toEqual([true, true, true, false, false]);
    (await sessions[0])?.close();
    (await sessions[2])?.close();
    expect(await areOpen(sessions)).toEqual([true, true, true, true, true]);
    expect(limit.isSaturated).toBe(false);
  });

  test('sets the limit, so that later ones wait without an attempt', async () => {
    await areOpen([openSession(), openSession(), openSession()]);
    attempts = 0;
    const late = openSession();
    expect(await areOpen([late])).toEqual([false]);
    expect(attempts).toBe(0);
  });

  test('notifies the listeners', async () => {
    const onSaturated = vi.fn();
    limit.onSaturated(onSaturated);
    await areOpen([openSession(), openSession()]);
    expect(onSaturated).not.toHaveBeenCalled();
    await areOpen([openSession()]);
    expect(onSaturated).toHaveBeenCalled();
  });

  test('stops waiting with the reason of its signal, and makes way for the next one', async () => {
    const [one] = await Promise.all([openSession(), openSession()]);
    const controller = new AbortController();
    const aborted = openSession(controller.signal);
    const next = openSession();
    await flush();
    const rejected = expect(aborted).rejects.toThrow('aborted by the test');
    controller.abort(new Error('aborted by the test'));
    await rejected;
    one.close();
    expect(await areOpen([next])).toEqual([true]);
  });
});

test('a refusal while no session is open is a failure, for each session', async () => {
  allowed = 0;
  await expect(openSession()).rejects.toBe(refusal);
  const results = await Promise.allSettled([openSession(), openSession(), openSession()]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
});

test('a command that cannot be run is not a refusal, and uses up no session', async () => {
  const fail = (): Promise<Session> => Promise.reject(noSuchCommand);
  await areOpen([openSession()]);
  await expect(limit.open(fail, ({ closed }) => closed)).rejects.toBe(noSuchCommand);
  expect(limit.limit).toBe(Number.POSITIVE_INFINITY);
  expect(await areOpen([openSession()])).toEqual([true]);
});

describe('a closed session that the server still counts', () => {
  test('delays the next ones, and does not lower the limit', async () => {
    const [one, other] = await Promise.all([openSession(), openSession()]);
    one.close();
    other.close();
    await flush();
    lingering = 2;
    const sessions = [openSession(), openSession()];
    expect(await areOpen(sessions)).toEqual([false, false]);
    lingering = 0;
    await vi.advanceTimersByTimeAsync(200);
    expect(await areOpen(sessions)).toEqual([true, true]);
    expect(limit.limit).toBe(2);
  });

  test('does not delay the next ones for ever', async () => {
    const one = await openSession();
    one.close();
    await flush();
    lingering = 2;
    const rejected = expect(openSession()).rejects.toBe(refusal);
    await vi.advanceTimersByTimeAsync(10_000);
    await rejected;
  });
});

test('after a while, one session more than the limit is tried again', async () => {
  await areOpen([openSession(), openSession(), openSession()]);
  allowed = 3;
  await vi.advanceTimersByTimeAsync(60_000);
  const late = openSession();
  await flush();
  // the session that has waited longest is the one that opened
  expect(open).toBe(3);
  expect(limit.limit).toBe(3);
  expect(await areOpen([late])).toEqual([false]);
});
