import { expect, test } from 'vitest';
import { SharedState } from './shared-state.ts';

function create(initial: string) {
  const file = { content: initial, isBroken: false };
  const reported: [string, string][] = [];
  const state = new SharedState<string>({
    read: async () => {
      if (file.isBroken) {
        throw new Error('broken');
      }
      return { value: file.content, signature: file.content };
    },
    onChange: (now, before) => void reported.push([before, now]),
  });
  return { file, reported, state };
}

test('a change of this process is reported when it is complete, and once', async () => {
  const { file, reported, state } = create('a');
  const changed = state.change(async () => {
    file.content = 'half';
    await state.refresh.length;
    file.content = 'b';
    return 'done';
  });
  const noticed = state.refresh();
  expect(await changed).toBe('done');
  await noticed;
  expect(reported).toEqual([['a', 'b']]);
});

test('a change of another process is reported, the same state is not', async () => {
  const { file, reported, state } = create('a');
  await state.refresh();
  await state.refresh();
  file.content = 'b';
  await state.refresh();
  await state.refresh();
  expect(reported).toEqual([['a', 'b']]);
});

test('what a failed change has left is reported', async () => {
  const { file, reported, state } = create('a');
  const failed = state.change(async () => {
    file.content = 'b';
    throw new Error('no');
  });
  await expect(failed).rejects.toThrow('no');
  expect(reported).toEqual([['a', 'b']]);
  await state.change(async () => {
    file.content = 'c';
  });
  expect(reported).toHaveLength(2);
});

test('a file that cannot be read is compared again when it can be', async () => {
  const { file, reported, state } = create('a');
  await state.refresh();
  file.isBroken = true;
  await state.refresh();
  file.isBroken = false;
  await state.refresh();
  file.content = 'b';
  await state.refresh();
  expect(reported).toEqual([['a', 'b']]);
});
