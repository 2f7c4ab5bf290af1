import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { keepWindowState, placeWindow, readWindowState, type WindowState } from './window-state.ts';

const laptop = { x: 0, y: 25, width: 1440, height: 875 };
const second = { x: 1440, y: 0, width: 2560, height: 1440 };
const state: WindowState = { x: 1600, y: 100, width: 1300, height: 900, maximised: false };
const place = { x: 1600, y: 100, width: 1300, height: 900 };

it('opens where it was, while that screen is there', () => {
  expect(placeWindow(state, [laptop, second])).toEqual(place);
});

it('keeps only its size, as far as it fits, when its screen is gone', () => {
  expect(placeWindow(state, [laptop])).toEqual({ width: 1300, height: 875 });
});

it('is not opened with its bar above or below every screen', () => {
  expect(placeWindow({ ...state, x: 10, y: -40 }, [laptop])).not.toHaveProperty('x');
  expect(placeWindow({ ...state, x: 10, y: 890 }, [laptop])).not.toHaveProperty('x');
});

it('has a usual size the first time, smaller on a small screen', () => {
  expect(placeWindow(undefined, [laptop])).toEqual({ width: 1280, height: 800 });
  expect(placeWindow(undefined, [{ x: 0, y: 0, width: 1024, height: 600 }])).toEqual({ width: 1024, height: 600 });
});

it('remembers its state from one run to the next, and does without where it cannot', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-window-'));
  try {
    expect(readWindowState(folder)).toBeUndefined();
    keepWindowState(folder, state);
    expect(readWindowState(folder)).toEqual(state);
    await writeFile(join(folder, 'window.json'), '{"x":"left"}');
    expect(readWindowState(folder)).toBeUndefined();
    keepWindowState(join(folder, 'missing'), state);
  } finally {
    await rm(folder, { recursive: true });
  }
});
