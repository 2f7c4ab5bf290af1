import { expect, test } from 'vitest';
import { type Kind, Queue } from './queue.ts';

const never = new AbortController().signal;

/** Puts requests in a queue; `inside` holds those that have their turn, in the order in which they got it. */
function queueOf(places: () => number) {
  const queue = new Queue(places);
  const inside: string[] = [];
  const leaves = new Map<string, () => void>();
  const enter = (name: string, kind: Kind, signal = never): Promise<void> =>
    queue.enter(kind, [signal]).then((leave) => {
      inside.push(name);
      leaves.set(name, leave);
    });
  const leave = (name: string): void => leaves.get(name)?.();
  return { inside, enter, leave };
}

/** Lets promises that are settled be heard. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('requests get their turn in their order, so many at once as there are places', async () => {
  const { inside, enter, leave } = queueOf(() => 2);
  for (const name of ['a', 'b', 'c', 'd']) {
    void enter(name, 'short');
  }
  await settle();
  expect(inside).toEqual(['a', 'b']);
  leave('b');
  await settle();
  expect(inside).toEqual(['a', 'b', 'c']);
  // to leave twice makes no room twice
  leave('b');
  await settle();
  expect(inside).toEqual(['a', 'b', 'c']);
});

test('long ones leave a place free, and a short one passes by those that wait', async () => {
  const { inside, enter, leave } = queueOf(() => 3);
  for (const name of ['build a', 'build b', 'build c']) {
    void enter(name, 'long');
  }
  void enter('probe', 'short');
  await settle();
  expect(inside).toEqual(['build a', 'build b', 'probe']);
  leave('probe');
  await settle();
  expect(inside).not.toContain('build c');
  leave('build a');
  await settle();
  expect(inside).toContain('build c');
});

test('where there is one place only, long ones get it, too', async () => {
  const { inside, enter, leave } = queueOf(() => 1);
  void enter('build', 'long');
  void enter('probe', 'short');
  await settle();
  expect(inside).toEqual(['build']);
  leave('build');
  await settle();
  expect(inside).toEqual(['build', 'probe']);
});

test('places that turn out to be fewer keep later ones out', async () => {
  let places = 6;
  const { inside, enter } = queueOf(() => places);
  void enter('build a', 'long');
  places = 2;
  void enter('build b', 'long');
  void enter('probe', 'short');
  await settle();
  expect(inside).toEqual(['build a', 'probe']);
});

test('one that waits gives up with the reason of its signal, and takes no place', async () => {
  const { inside, enter, leave } = queueOf(() => 1);
  void enter('a', 'short');
  const controller = new AbortController();
  const given = enter('b', 'short', controller.signal);
  void enter('c', 'short');
  controller.abort(new Error('enough'));
  await expect(given).rejects.toThrow('enough');
  leave('a');
  await settle();
  expect(inside).toEqual(['a', 'c']);
  await expect(enter('d', 'short', AbortSignal.abort(new Error('late')))).rejects.toThrow('late');
});
