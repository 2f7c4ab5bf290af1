import { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';

/**
 * A channel of an SSH connection as a stream that keeps the promises of Node's streams, and of a socket as far as `node:http`
 * asks for them. ssh2's own stream does not: its writes never come back once the channel is closed, its `close` event waits
 * for somebody to read all that has arrived, and it has no idle timeout.
 */
export class ChannelStream extends Duplex {
  /** Resolves when the node has closed its end too, so that the channel no longer counts there. */
  readonly released: Promise<void>;
  readonly #channel: ClientChannel;
  #channelClosed = false;
  #pending: ((error?: Error | null) => void) | undefined;
  #idle: NodeJS.Timeout | undefined;
  /** Milliseconds without traffic after which `timeout` is emitted; 0 for never. `node:http` reads and compares it. */
  timeout = 0;

  /** `allowHalfOpen`: may we go on writing when the other side has ended? A server must, a client of one has no reason to. */
  constructor(channel: ClientChannel, options: { readonly allowHalfOpen: boolean }) {
    super({ allowHalfOpen: options.allowHalfOpen });
    this.#channel = channel;
    channel.on('data', (chunk: Buffer) => {
      this.#idle?.refresh();
      if (!this.push(chunk)) {
        channel.pause();
      }
    });
    channel.on('end', () => this.push(null));
    channel.on('error', (error: Error) => this.destroy(error));
    // What a command says on stderr is of no use here, but it must flow: it shares the channel's window. And of all events,
    // only stderr's "close" follows the node's CLOSE at once; the channel's own waits until everything has been read.
    channel.stderr.resume();
    this.released = new Promise((resolve) => {
      channel.stderr.once('close', () => {
        this.#channelClosed = true;
        // The other side is gone, so what we write has no reader. It is swallowed and not answered with an error, which
        // would destroy the stream together with the answer that may still wait in it to be read.
        this.#pending?.();
        resolve();
      });
    });
  }

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#send(chunk, callback);
  }

  /** Joins what waits: `node:http` writes each chunk in three small pieces, and each would be a packet. */
  override _writev(chunks: { readonly chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (!this.#channelClosed) {
      this.#channel.end();
    }
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#idle);
    // After our CLOSE, ssh2 would still grant the node a bigger window for what arrives late. The node may by then count it
    // for a new channel that has got the same number, send more than that one's window, and ssh2 drops what exceeds it.
    // It grants none for a push that says "enough".
    this.#channel.push = () => false;
    this.#channel.close();
    callback(error);
  }

  #send(data: Buffer, callback: (error?: Error | null) => void): void {
    this.#idle?.refresh();
    if (this.#channelClosed) {
      callback();
      return;
    }
    const done = () => {
      if (this.#pending === done) {
        this.#pending = undefined;
        this.#idle?.refresh();
        callback();
      }
    };
    this.#pending = done;
    this.#channel.write(data, done);
  }

  /** Ends, and is gone once all that was written is on its way. `node:http` prefers it to waiting for the other side's end. */
  destroySoon(): void {
    this.end();
    if (this.writableFinished) {
      this.destroy();
    } else {
      this.once('finish', () => this.destroy());
    }
  }

  setTimeout(milliseconds: number, listener?: () => void): this {
    clearTimeout(this.#idle);
    this.#idle = undefined;
    this.timeout = milliseconds;
    if (milliseconds > 0 && !this.destroyed) {
      this.#idle = setTimeout(() => this.emit('timeout'), milliseconds).unref();
      if (listener) {
        this.once('timeout', listener);
      }
    } else if (listener) {
      this.removeListener('timeout', listener);
    }
    return this;
  }

  // The SSH connection below decides these for all its channels; node:http calls them on any socket.
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
