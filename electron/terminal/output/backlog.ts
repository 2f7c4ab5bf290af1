/** Output that is written faster than it is read, as of `barnraiser build | less`. */
import type { Writable } from 'node:stream';

/** The build goes on, so what no one reads would fill the memory. */
const maxBacklogBytes = 8 * 1024 * 1024;

/** Whether a stream has so much unread output that it gets only what matters. */
export function isBehind(stream: Writable): boolean {
  return stream.writableLength > maxBacklogBytes;
}

/** Whether a stream has not yet written what it has got: drawing again would only add to it. */
export function isWriting(stream: Writable): boolean {
  return stream.writableLength > 0;
}

/**
 * Keeps a terminal whose output is paused by Ctrl+S from stopping the whole program, and with it the connections to nodes.
 * Pipes never do that. The setting is not documented, so it may be missing.
 */
export function writeInBackground(stream: Writable): void {
  const handle: unknown = Reflect.get(stream, '_handle');
  if (typeof handle === 'object' && handle !== null && 'setBlocking' in handle) {
    const { setBlocking } = handle;
    if (typeof setBlocking === 'function') {
      setBlocking.call(handle, false);
    }
  }
}
