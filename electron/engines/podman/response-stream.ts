import type { Duplex } from 'node:stream';
import { SocketStream } from '../../system/socket-stream.ts';

/**
 * The connection of an HTTP client whose request was sent by other means: it reads the response from a stream, and drops what
 * the client writes. Destroying it destroys the stream.
 */
export class ResponseStream extends SocketStream {
  readonly #source: Duplex;

  constructor(source: Duplex) {
    super({ allowHalfOpen: false });
    this.#source = source;
    source.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) {
        source.pause();
      }
    });
    source.once('end', () => this.push(null));
    source.once('close', () => {
      if (!source.readableEnded) {
        this.destroy(source.errored ?? undefined);
      }
    });
    if (source.destroyed) {
      this.destroy(source.errored ?? undefined);
    }
  }

  override _read(): void {
    this.#source.resume();
  }

  override _write(_chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#source.destroy();
    callback(error);
  }

  // node:http calls it on any socket
  setTimeout(): this {
    return this;
  }
}
