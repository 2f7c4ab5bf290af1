import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { toast, toastManager, useUndo } from '../stores/toasts.ts';
import { ToastArea } from './ToastArea.tsx';

beforeEach(() => {
  vi.useFakeTimers();
  render(<ToastArea />);
});
afterEach(() => {
  act(() => toastManager.close());
  cleanup();
  vi.useRealTimers();
});

const wait = (seconds: number) => act(() => vi.advanceTimersByTimeAsync(seconds * 1_000));
const undo = () => screen.queryByRole('button', { name: 'Undo' });

async function show() {
  const run = vi.fn();
  await act(async () => {
    toast({ title: 'Removed pi4 from home', action: { label: 'Undo', run } });
  });
  await wait(1);
  return run;
}

it('keeps a message with an action for half a minute, then closes it', async () => {
  await show();
  await wait(25);
  expect(undo()).not.toBeNull();
  await wait(10);
  expect(undo()).toBeNull();
  expect(useUndo.getState().steps).toEqual([]);
});

it('keeps a message while the pointer is on it', async () => {
  await show();
  const area = screen.getByRole('region');
  fireEvent.mouseEnter(area);
  await wait(300);
  expect(undo()).not.toBeNull();
  fireEvent.mouseLeave(area);
  await wait(60);
  expect(undo()).toBeNull();
});

it('keeps a message while the focus is on it: F6 moves the focus there, and the button undoes', async () => {
  const run = await show();
  act(() => void fireEvent.keyDown(window, { key: 'F6' }));
  await wait(300);
  const button = undo();
  if (!button) {
    throw new Error('the message is gone');
  }
  fireEvent.click(button);
  expect(run).toHaveBeenCalledOnce();
  await wait(1);
  expect(undo()).toBeNull();
});
