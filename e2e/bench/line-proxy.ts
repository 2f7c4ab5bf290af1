/**
 * A TCP proxy that behaves like a slow line: it delays what passes, and limits the rate of each direction. All connections
 * share the line. Packet loss and the slow start of TCP are left out.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Line {
  readonly roundTripMs: number;
  /** Of each direction. */
  readonly megabitsPerSecond: number;
}

export interface LineProxy {
  /** On 127.0.0.1. */
  readonly port: number;
  /** How many bytes have passed in both directions. */
  bytes(): number;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** What is sent is cut into pieces of this size, so that connections take turns and a receiver need not wait for a whole chunk. */
const pieceBytes = 8 * 1024;
/** How long bytes may wait for the line. More stay with the sender. */
const bufferMs = 50;

/** Starts a proxy on a free port of 127.0.0.1 that leads to another port of 127.0.0.1. */
export async function startLineProxy(targetPort: number, line: Line): Promise<LineProxy> {
  const up = new Direction(line);
  const down = new Direction(line);
  const closing = new AbortController();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const failed = new AbortController();
    const signal = AbortSignal.any([closing.signal, failed.signal]);
    // a connection that breaks on one side breaks on the other
    const watch = (socket: Socket): Socket => {
      signal.addEventListener('abort', () => socket.resetAndDestroy());
      return socket.on('error', () => failed.abort());
    };
    watch(client);
    async function run(): Promise<void> {
      // the packets that set up a connection pass the line, too
      await sleep(line.roundTripMs, undefined, { signal });
      const target = watch(connect({ host: '127.0.0.1', port: targetPort, allowHalfOpen: true, noDelay: true }));
      await Promise.all([up.forward(client, target, signal), down.forward(target, client, signal)]);
    }
    run().catch(() => failed.abort());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    bytes: () => up.bytes + down.bytes,
    async close() {
      closing.abort();
      server.close();
      await once(server, 'close');
    },
  };
}

class Direction {
  /** How many bytes it has sent. */
  bytes = 0;
  readonly #delayMs: number;
  readonly #bytesPerMs: number;
  readonly #maxPieces: number;
  /** When all that was sent so far has left the sender. */
  #freeAtMs = 0;

  constructor({ roundTripMs, megabitsPerSecond }: Line) {
    this.#delayMs = roundTripMs / 2;
    this.#bytesPerMs = (megabitsPerSecond * 1000) / 8;
    this.#maxPieces = Math.ceil(((this.#delayMs + bufferMs) * this.#bytesPerMs) / pieceBytes) + 16;
  }

  /** Sends what one socket receives to the other, until it ends. */
  async forward(from: Socket, to: Socket, signal: AbortSignal): Promise<void> {
    let last = Promise.resolve();
    const underway: Promise<void>[] = [];
    for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      this.bytes += chunk.length;
      for (let start = 0; start < chunk.length; start += pieceBytes) {
        const piece = chunk.subarray(start, start + pieceBytes);
        this.#freeAtMs = Math.max(performance.now(), this.#freeAtMs) + piece.length / this.#bytesPerMs;
        const arrivesMs = this.#freeAtMs + this.#delayMs;
        last = last.then(() => deliver(piece, arrivesMs, to, signal));
        last.catch(() => undefined); // thrown when it is awaited
        underway.push(last);
        if (underway.length > this.#maxPieces) {
          await underway.shift();
        }
      }
    }
    await last;
    await sleep(this.#delayMs, undefined, { signal });
    to.end();
  }
}

async function deliver(piece: Buffer, arrivesMs: number, to: Socket, signal: AbortSignal): Promise<void> {
  const waitMs = arrivesMs - performance.now();
  // timers take a millisecond at least, which would add up for pieces that arrive together
  if (waitMs >= 0.5) {
    await sleep(waitMs, undefined, { signal });
  }
  if (!to.write(piece)) {
    await once(to, 'drain', { signal });
  }
}
