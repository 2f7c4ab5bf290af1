import { join } from 'node:path';
import { z } from 'zod';
import { debuggingAddress } from './chromium.ts';

/** A request of the tests to run a function with the stand-in, as Playwright runs functions with Electron. */
export const requestSchema = z.object({ id: z.number(), source: z.string(), argument: z.unknown().optional() });
export const responseSchema = z.union([
  z.object({ id: z.number(), value: z.unknown().optional() }),
  z.object({ id: z.number(), error: z.string() }),
  z.object({ address: z.string() }),
]);

interface Electron {
  readonly app: { whenReady(): Promise<void>; getPath(name: string): string };
}

/** Sends the tests the debugging address when the app is ready, and runs the functions that they send. */
export function handleTestRequests(electron: Electron & Readonly<Record<string, unknown>>): void {
  process.on('message', (message) => {
    const { id, source, argument } = requestSchema.parse(message);
    Promise.resolve()
      // the source of the function comes only from the tests, through a pipe
      .then(() => new Function(`return (${source})`)()(electron, argument))
      .then(
        (value: unknown) => process.send?.({ id, value }),
        (error: unknown) => process.send?.({ id, error: error instanceof Error ? (error.stack ?? '') : String(error) }),
      );
  });
  // after the importing module has run
  setImmediate(async () => {
    await electron.app.whenReady();
    process.send?.({
      address: await debuggingAddress(join(electron.app.getPath('userData'), 'chromium')).catch(() => ''),
    });
  });
}
