import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readWindowState, restoredBounds, saveWindowState, type WindowState } from './window-state.ts';

const laptop = { x: 0, y: 25, width: 1440, height: 875 };
const second = { x: 1440, y: 0, width: 2560, height: 1440 };
const state: WindowState = { x: 1600, y: 100, width: 1300, height: 900, maximised: false };
const bounds = { x: 1600, y: 100, width: 1300, height: 900 };

it('restores the position if its screen is connected', () => {
  expect(restoredBounds(state, [laptop, second])).toEqual(bounds);
});

it('restores only the size, reduced to fit, if its screen is gone', () => {
  expect(restoredBounds(state, [laptop])).toEqual({ width: 1300, height: 875 });
});

it('does not restore a position with the title bar outside every screen', () => {
  expect(restoredBounds({ ...state, x: 10, y: -40 }, [laptop])).not.toHaveProperty('x');
  expect(restoredBounds({ ...state, x: 10, y: 890 }, [laptop])).not.toHaveProperty('x');
});

it('has a default size, reduced on a small screen', () => {
  expect(restoredBounds(undefined, [laptop])).toEqual({ width: 1280, height: 800 });
  expect(restoredBounds(undefined, [{ x: 0, y: 0, width: 1024, height: 600 }])).toEqual({ width: 1024, height: 600 });
});

it('saves and reads the state, and ignores files that cannot be read or written', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-window-'));
  try {
    expect(readWindowState(folder)).toBeUndefined();
    saveWindowState(folder, state);
    expect(readWindowState(folder)).toEqual(state);
    await writeFile(join(folder, 'window.json'), '{"x":"left"}');
    expect(readWindowState(folder)).toBeUndefined();
    saveWindowState(join(folder, 'missing'), state);
  } finally {
    await rm(folder, { recursive: true });
  }
});
