import type { ServerResponse } from 'node:http';
import type { AppEvent } from '../../shared/contract.ts';

/** A beat tells the page that the stream lives, in milliseconds; the page gives up after 40 s of silence. */
const beatMs = 15_000;

/** A page that reads slower than this many bytes behind is cut off: it comes back and loads the truth anew. */
const backlogBytes = 16 * 1024 * 1024;

/** Sends events as Server-Sent Events until the page goes away. */
export function streamEvents(
  response: ServerResponse,
  subscribe: (listener: (event: AppEvent) => void) => () => void,
): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
  const stop = subscribe((event) => {
    response.write(`data: ${JSON.stringify(event)}\n\n`);
    if (response.writableLength > backlogBytes) {
      response.destroy();
    }
  });
  // at once, so that the page knows that it misses nothing from here on
  response.write('event: beat\ndata:\n\n');
  const beat = setInterval(() => response.write('event: beat\ndata:\n\n'), beatMs);
  response.on('close', () => {
    clearInterval(beat);
    stop();
  });
}
