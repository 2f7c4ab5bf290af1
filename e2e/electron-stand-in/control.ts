import { join } from 'node:path';
import { z } from 'zod';
import { debuggingAddress } from './chromium.ts';

/** What the tests ask: to run a function with the stand-in, as Playwright runs one with Electron. */
export const questionSchema = z.object({ id: z.number(), source: z.string(), argument: z.unknown().optional() });
export const answerSchema = z.union([
  z.object({ id: z.number(), value: z.unknown().optional() }),
  z.object({ id: z.number(), error: z.string() }),
  z.object({ address: z.string() }),
]);

interface Electron {
  readonly app: { whenReady(): Promise<void>; getPath(name: string): string };
}

/** Tells the tests where the pages are once they can be, and runs what they send. */
export function answerTests(electron: Electron & Readonly<Record<string, unknown>>): void {
  process.on('message', (message) => {
    const { id, source, argument } = questionSchema.parse(message);
    Promise.resolve()
      // the function's text comes from the tests alone, through a pipe
      .then(() => new Function(`return (${source})`)()(electron, argument))
      .then(
        (value: unknown) => process.send?.({ id, value }),
        (error: unknown) => process.send?.({ id, error: error instanceof Error ? (error.stack ?? '') : String(error) }),
      );
  });
  // after the module that imports this has been run
  setImmediate(async () => {
    await electron.app.whenReady();
    process.send?.({
      address: await debuggingAddress(join(electron.app.getPath('userData'), 'chromium')).catch(() => ''),
    });
  });
}
