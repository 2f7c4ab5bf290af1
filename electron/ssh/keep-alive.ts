import type { Duplex } from 'node:stream';
import type { Client } from 'ssh2';
import type { ConnectTiming } from './connect-options.ts';

/**
 * Detects that the other side of a connection is gone: it no longer answers the keep-alive requests that ssh2 sends.
 */
export class KeepAlive {
  readonly #client: Client;
  readonly #stream: Duplex;
  readonly #onSilent: (detail: string) => void;
  readonly #timer: NodeJS.Timeout;

  /**
   * @param stream what the client speaks over.
   * @param onSilent is called when the node was silent for too long, with a sentence that says so.
   */
  constructor(
    client: Client,
    stream: Duplex,
    { keepAliveIntervalMs, maxKeepAliveMisses }: ConnectTiming,
    onSilent: (detail: string) => void,
  ) {
    this.#client = client;
    this.#stream = stream;
    this.#onSilent = onSilent;
    let misses = 0;
    stream.on('data', () => {
      misses = 0;
    });
    this.#timer = setInterval(() => {
      if (++misses > maxKeepAliveMisses) {
        onSilent(`The node sent nothing for ${(keepAliveIntervalMs * misses) / 1000} s.`);
      }
    }, keepAliveIntervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Sends a request at once, and resolves when any data arrives, after the timeout, or when the connection is lost. */
  check(timeoutMs: number, lost: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        this.#stream.off('data', finish);
        lost.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#onSilent(`The node did not respond within ${timeoutMs / 1000} s.`);
        finish();
      }, timeoutMs);
      this.#stream.on('data', finish);
      lost.addEventListener('abort', finish);
      try {
        // Any request does that opens no channel: this one closes a port that was never opened. Its reply may have to
        // wait behind other data from the node, so any data counts.
        this.#client.unforwardIn('127.0.0.1', 1, finish);
      } catch {
        // the connection is being closed
        finish();
      }
    });
  }
}
