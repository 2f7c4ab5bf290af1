import { expect, test } from 'vitest';
import { type RequestKind, RequestQueue } from './request-queue.ts';

const never = new AbortController().signal;

/** A queue with named requests. `started` holds the names of the requests that got a slot, in order. */
function createQueue(slots: () => number) {
  const queue = new RequestQueue(slots);
  const started: string[] = [];
  const releases = new Map<string, () => void>();
  const add = (name: string, kind: RequestKind, signal = never): Promise<void> =>
    queue.acquire(kind, [signal]).then((release) => {
      started.push(name);
      releases.set(name, release);
    });
  const release = (name: string): void => releases.get(name)?.();
  return { started, add, release };
}

/** Waits until the callbacks of resolved promises have run. */
const flushPromises = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('requests start in order, as many at once as there are slots', async () => {
  const { started, add, release } = createQueue(() => 2);
  for (const name of ['a', 'b', 'c', 'd']) {
    void add(name, 'short');
  }
  await flushPromises();
  expect(started).toEqual(['a', 'b']);
  release('b');
  await flushPromises();
  expect(started).toEqual(['a', 'b', 'c']);
  // releasing a slot twice frees it once
  release('b');
  await flushPromises();
  expect(started).toEqual(['a', 'b', 'c']);
});

test('long requests leave a slot free, and a short request overtakes waiting long ones', async () => {
  const { started, add, release } = createQueue(() => 3);
  for (const name of ['build a', 'build b', 'build c']) {
    void add(name, 'long');
  }
  void add('probe', 'short');
  await flushPromises();
  expect(started).toEqual(['build a', 'build b', 'probe']);
  release('probe');
  await flushPromises();
  expect(started).not.toContain('build c');
  release('build a');
  await flushPromises();
  expect(started).toContain('build c');
});

test('a long request may use the only slot', async () => {
  const { started, add, release } = createQueue(() => 1);
  void add('build', 'long');
  void add('probe', 'short');
  await flushPromises();
  expect(started).toEqual(['build']);
  release('build');
  await flushPromises();
  expect(started).toEqual(['build', 'probe']);
});

test('later requests wait if the number of slots drops', async () => {
  let slots = 6;
  const { started, add } = createQueue(() => slots);
  void add('build a', 'long');
  slots = 2;
  void add('build b', 'long');
  void add('probe', 'short');
  await flushPromises();
  expect(started).toEqual(['build a', 'probe']);
});

test('a waiting request rejects with the reason of its signal and takes no slot', async () => {
  const { started, add, release } = createQueue(() => 1);
  void add('a', 'short');
  const controller = new AbortController();
  const waiting = add('b', 'short', controller.signal);
  void add('c', 'short');
  controller.abort(new Error('cancelled'));
  await expect(waiting).rejects.toThrow('cancelled');
  release('a');
  await flushPromises();
  expect(started).toEqual(['a', 'c']);
  await expect(add('d', 'short', AbortSignal.abort(new Error('late')))).rejects.toThrow('late');
});
