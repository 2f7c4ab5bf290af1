import { beforeEach, expect, it } from 'vitest';
import { QuitSequence } from './quit-sequence.ts';

let done: string[];
let answer: PromiseWithResolversOf<boolean>;
let closed: PromiseWithResolversOf<void>;
let sequence: QuitSequence;

interface PromiseWithResolversOf<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

function deferred<T>(): PromiseWithResolversOf<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

beforeEach(() => {
  done = [];
  answer = deferred();
  closed = deferred();
  sequence = new QuitSequence({
    confirm: () => {
      done.push('ask');
      return answer.promise;
    },
    hide: () => void done.push('hide'),
    close: () => {
      done.push('close');
      return closed.promise;
    },
    quit: () => void done.push('quit'),
    report: (message) => void done.push(message),
  });
});

const settled = () => new Promise((resolve) => setImmediate(resolve));

it('quits after the question and after it has cleaned up', async () => {
  expect(sequence.request()).toBe(false);
  answer.resolve(true);
  await settled();
  expect(sequence.request()).toBe(false);
  expect(done).toEqual(['ask', 'hide', 'close']);
  closed.resolve();
  await settled();
  expect(done).toEqual(['ask', 'hide', 'close', 'quit']);
  expect(sequence.request()).toBe(true);
});

it('asks once at a time, and again after the person has decided to go on', async () => {
  sequence.request();
  sequence.request();
  answer.resolve(false);
  await settled();
  expect(done).toEqual(['ask']);
  sequence.request();
  expect(done).toEqual(['ask', 'ask']);
});

it.each([true, false])(
  'cleans up once if a signal comes while the question stands, whatever the answer is (%s)',
  async (isConfirmed) => {
    sequence.request();
    sequence.end();
    answer.resolve(isConfirmed);
    await settled();
    sequence.end();
    closed.resolve();
    await settled();
    sequence.end();
    expect(done).toEqual(['ask', 'hide', 'close', 'quit']);
    expect(sequence.request()).toBe(true);
  },
);

it('can be quit although the question cannot be shown', async () => {
  sequence.request();
  answer.reject(new Error('no window'));
  closed.resolve();
  await settled();
  expect(done).toEqual(['ask', 'The question before quitting could not be shown.', 'hide', 'close', 'quit']);
});

it('ends although cleaning up fails', async () => {
  sequence.end();
  closed.reject(new Error('disk full'));
  await settled();
  expect(done).toEqual(['hide', 'close', 'Closing the app failed.', 'quit']);
  expect(sequence.request()).toBe(true);
});
