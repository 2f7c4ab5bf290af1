import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';

const stateSchema = z.object({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().min(100),
  height: z.number().int().min(100),
  maximised: z.boolean(),
});

/** Where the window was when it was closed, in the screen's points; the size is the one it has when it is not maximised. */
export type WindowState = Readonly<z.infer<typeof stateSchema>>;

export type Area = Pick<WindowState, 'x' | 'y' | 'width' | 'height'>;

const fileName = 'window.json';

/** How much of a window must be on a screen for it to be found again, in points. */
const inSight = 100;

/** The state of the last time, or undefined where there was none or its file says nothing that can be used. */
export function readWindowState(folder: string): WindowState | undefined {
  try {
    return stateSchema.parse(JSON.parse(readFileSync(join(folder, fileName), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Keeps the state for the next time. At once, since it is kept while the app ends. */
export function keepWindowState(folder: string, state: WindowState): void {
  try {
    writeFileAtomic.sync(join(folder, fileName), `${JSON.stringify(state)}\n`);
  } catch {
    // a window in its usual place is no reason to keep the app from ending
  }
}

/**
 * The size and place for a new window. It keeps its place where enough of it, with the bar to move it by, is on one of the
 * screens there are now; else only its size, as far as the first screen can hold it.
 */
export function placeWindow(state: WindowState | undefined, screens: readonly Area[]): Partial<Area> {
  const { x, y, width, height } = state ?? { x: 0, y: 0, width: 1280, height: 800 };
  const first = screens[0];
  const size = {
    width: Math.min(width, first?.width ?? width),
    height: Math.min(height, first?.height ?? height),
  };
  if (!state) {
    return size;
  }
  const found = screens.some(
    (screen) =>
      Math.min(x + width, screen.x + screen.width) - Math.max(x, screen.x) >= inSight &&
      y >= screen.y &&
      y <= screen.y + screen.height - inSight,
  );
  return found ? { x, y, width, height } : size;
}
