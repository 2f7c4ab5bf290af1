import type { ServerResponse } from 'node:http';
import type { AppEvent } from '../../shared/contract.ts';

/** A heartbeat shows the page that the stream is alive. The page reconnects after 40 s of silence. */
const heartbeatMs = 15_000;

/** A page that falls further behind is disconnected. It reconnects and loads the whole state again. */
const maxBacklogBytes = 16 * 1024 * 1024;

/** Sends events as Server-Sent Events until the page disconnects. */
export function streamEvents(
  response: ServerResponse,
  subscribe: (listener: (event: AppEvent, seq: number) => void) => () => void,
): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
  const unsubscribe = subscribe((event, seq) => {
    response.write(`id: ${seq}\ndata: ${JSON.stringify(event)}\n\n`);
    if (response.writableLength > maxBacklogBytes) {
      response.destroy();
    }
  });
  const sendHeartbeat = (): boolean => response.write('event: heartbeat\ndata:\n\n');
  // the first heartbeat tells the page that it gets every event from now on
  sendHeartbeat();
  const timer = setInterval(sendHeartbeat, heartbeatMs);
  response.on('close', () => {
    clearInterval(timer);
    unsubscribe();
  });
}
