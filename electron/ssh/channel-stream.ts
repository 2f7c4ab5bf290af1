import type { ClientChannel } from 'ssh2';
import { SocketStream } from '../system/socket-stream.ts';
import type { OutputStart } from './output-start.ts';
import { type RoundTrip, widenReceiveWindow } from './receive-window.ts';

export interface ChannelStreamOptions {
  readonly allowHalfOpen: boolean;
  readonly roundTrip: RoundTrip;
  /** For the channel of a command: where its output starts, and the error if the channel ends before that. */
  readonly command?: { readonly start: OutputStart; readonly notStarted: (said: string) => Error };
}

/**
 * A channel of an SSH connection that behaves as Node's streams do, and as the parts of a socket that `node:http` uses.
 * ssh2's own stream does not: its write callbacks are never called once the channel is closed, its `close` event waits
 * until all data has been read, and it has no idle timeout.
 */
export class ChannelStream extends SocketStream {
  /** Resolves when the node has closed its side too, and so no longer counts the channel. */
  readonly released: Promise<void>;
  /** Resolves when the output of a command starts. Rejects when the stream ends before that. */
  readonly started: Promise<void>;
  readonly #channel: ClientChannel;
  readonly #roundTrip: RoundTrip;
  #isChannelClosed = false;
  #pendingWrite: ((error?: Error | null) => void) | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  /** Milliseconds without traffic after which `timeout` is emitted; 0 for never. `node:http` reads and compares it. */
  timeout = 0;

  /**
   * @param options.allowHalfOpen whether we may write after the other side has ended: a server must, a client need not.
   */
  constructor(channel: ClientChannel, { allowHalfOpen, roundTrip, command }: ChannelStreamOptions) {
    super({ allowHalfOpen });
    this.#channel = channel;
    this.#roundTrip = roundTrip;
    let onStarted = (): void => undefined;
    this.started = new Promise((resolve, reject) => {
      onStarted = resolve;
      this.once('close', () => reject(this.errored ?? new Error('The channel was closed.')));
    });
    this.started.catch(() => undefined);
    // an error may come before the stream has a reader, who finds it then
    this.on('error', () => undefined);
    channel.on('data', (chunk: Buffer) => {
      this.#idleTimer?.refresh();
      const output = command ? command.start.take(chunk) : chunk;
      if (command?.start.hasStarted !== false) {
        onStarted();
      }
      if (output.length > 0 && !this.push(output)) {
        channel.pause();
      } else {
        this.#widenWindow();
      }
    });
    channel.on('end', () => {
      if (command?.start.hasStarted === false) {
        this.destroy(command.notStarted(command.start.said));
      } else {
        this.push(null);
      }
    });
    channel.on('error', (error: Error) => this.destroy(error));
    // Stderr is hardly used here, but it must be read because it shares the channel's window. Its "close" is the only
    // event that follows the node's CLOSE at once: the channel's own "close" waits until everything has been read.
    channel.stderr.on('data', (chunk: Buffer) => command?.start.addError(chunk));
    this.released = new Promise((resolve) => {
      channel.stderr.once('close', () => {
        this.#isChannelClosed = true;
        // No one reads what we write any more. The write succeeds all the same: an error would destroy the stream
        // together with the answer that may still be waiting in it.
        this.#pendingWrite?.();
        resolve();
      });
    });
  }

  override _read(): void {
    this.#channel.resume();
    this.#widenWindow();
  }

  #widenWindow(): void {
    if (!this.destroyed) {
      widenReceiveWindow(this.#channel, this.#roundTrip.windowBytes);
    }
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#send(chunk, callback);
  }

  /** Joins the waiting pieces: `node:http` writes each chunk in three small pieces, and each would become a packet. */
  override _writev(chunks: { readonly chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (!this.#isChannelClosed) {
      this.#channel.end();
    }
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#idleTimer);
    // After our CLOSE, ssh2 would still enlarge the node's window for data that arrives late. By then, the node may
    // apply it to a new channel with the same number and send more than that channel's window, which ssh2 drops. ssh2
    // enlarges no window when `push` returns false.
    this.#channel.push = () => false;
    this.#channel.close();
    callback(error);
  }

  #send(data: Buffer, callback: (error?: Error | null) => void): void {
    this.#idleTimer?.refresh();
    if (this.#isChannelClosed) {
      callback();
      return;
    }
    const done = () => {
      if (this.#pendingWrite === done) {
        this.#pendingWrite = undefined;
        this.#idleTimer?.refresh();
        callback();
      }
    };
    this.#pendingWrite = done;
    this.#channel.write(data, done);
  }

  /**
   * Ends the stream and destroys it once everything is written. `node:http` calls this instead of waiting for the other
   * side.
   */
  destroySoon(): void {
    this.end();
    if (this.writableFinished) {
      this.destroy();
    } else {
      this.once('finish', () => this.destroy());
    }
  }

  setTimeout(timeoutMs: number, listener?: () => void): this {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = undefined;
    this.timeout = timeoutMs;
    if (timeoutMs > 0 && !this.destroyed) {
      this.#idleTimer = setTimeout(() => this.emit('timeout'), timeoutMs).unref();
      if (listener) {
        this.once('timeout', listener);
      }
    } else if (listener) {
      this.removeListener('timeout', listener);
    }
    return this;
  }
}
