import type { ServerResponse } from 'node:http';
import type { AppEvent } from '../../shared/contract.ts';

/** A heartbeat shows the page that the stream is alive. The page reconnects after 40 s of silence. */
const heartbeatMs = 15_000;

/** A page that falls further behind is disconnected. It reconnects and loads the whole state again. */
const maxBacklogBytes = 16 * 1024 * 1024;

/** Sends events until the page disconnects, each as a line of JSON with its number. An empty line is a heartbeat. */
export function streamEvents(
  response: ServerResponse,
  subscribe: (listener: (event: AppEvent, seq: number) => void) => () => void,
): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  const unsubscribe = subscribe((event, seq) => {
    response.write(`${JSON.stringify({ seq, event })}\n`);
    if (response.writableLength > maxBacklogBytes) {
      response.destroy();
    }
  });
  const sendHeartbeat = (): boolean => response.write('\n');
  // the first heartbeat tells the page that it gets every event from now on
  sendHeartbeat();
  const timer = setInterval(sendHeartbeat, heartbeatMs);
  response.on('close', () => {
    clearInterval(timer);
    unsubscribe();
  });
}
