import { afterEach, expect, it, vi } from 'vitest';
import { startTestApp, type TestApp } from '../testing/render-app.tsx';
import { isNumberFrom, loadMemory, recall, remembered, rememberValue, sendRemembered, useMemory } from './memory.ts';

let app: TestApp;
afterEach(() => app.stop());

const height = remembered('test.height', isNumberFrom(100), 300);

it('remembers a value from one start of the window to the next', async () => {
  app = await startTestApp();
  expect(recall(height)).toBe(300);
  rememberValue(height, 420);
  expect(recall(height)).toBe(420);
  sendRemembered();
  await vi.waitFor(async () => expect((await app.call('memory.get', {})).ok).toBe(true));
  useMemory.setState({ entries: {} });
  await loadMemory();
  expect(recall(height)).toBe(420);
});

it('uses the fallback for a value that is not of its kind', async () => {
  app = await startTestApp();
  for (const value of ['tall', 20, null, { height: 420 }]) {
    useMemory.setState({ entries: { 'test.height': value } });
    expect(recall(height)).toBe(300);
  }
});

it('keeps a change that was made while the memory was loaded again', async () => {
  app = await startTestApp();
  const loading = loadMemory();
  rememberValue(height, 512);
  await loading;
  expect(recall(height)).toBe(512);
});
