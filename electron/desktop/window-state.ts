import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';

/** All lengths are in device-independent pixels. */
const stateSchema = z.object({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().min(100),
  height: z.number().int().min(100),
  maximised: z.boolean(),
});

/** The bounds of the window when it was last closed. For a maximized window, these are its bounds when not maximized. */
export type WindowState = Readonly<z.infer<typeof stateSchema>>;

export type Rectangle = Pick<WindowState, 'x' | 'y' | 'width' | 'height'>;

const fileName = 'window.json';
const defaultSize = { width: 1280, height: 800 };

/** A window counts as visible if at least this much of it is on a screen, in device-independent pixels. */
const minVisible = 100;

/** The saved state, or undefined if there is none or its file is invalid. */
export function readWindowState(folder: string): WindowState | undefined {
  try {
    return stateSchema.parse(JSON.parse(readFileSync(join(folder, fileName), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Saves the state. Synchronous, because it is called while the app quits. */
export function saveWindowState(folder: string, state: WindowState): void {
  try {
    writeFileAtomic.sync(join(folder, fileName), `${JSON.stringify(state)}\n`);
  } catch {
    // a state that cannot be saved must not keep the app from quitting
  }
}

/**
 * The bounds for a new window. The saved position is used if enough of the window, including its title bar, is on a screen.
 * Otherwise only the saved size is used, reduced to the size of the first screen.
 */
export function restoredBounds(state: WindowState | undefined, screens: readonly Rectangle[]): Partial<Rectangle> {
  const { width, height } = state ?? defaultSize;
  const first = screens[0];
  const size = {
    width: Math.min(width, first?.width ?? width),
    height: Math.min(height, first?.height ?? height),
  };
  if (!state) {
    return size;
  }
  const { x, y } = state;
  const isVisible = screens.some(
    (screen) =>
      Math.min(x + width, screen.x + screen.width) - Math.max(x, screen.x) >= minVisible &&
      y >= screen.y &&
      y <= screen.y + screen.height - minVisible,
  );
  return isVisible ? { x, y, width, height } : size;
}
