/** The line between this computer and a node: a TCP proxy that can be held, reset, and that loses packets. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gate } from './gate.ts';

/** `up` leads to the node. */
export type Direction = 'up' | 'down';

export interface Loss {
  /** The share of packets that are lost. */
  readonly share: number;
  readonly roundTripMs: number;
}

/** What a sender sends in one packet over Ethernet, in bytes. */
const packetBytes = 1_448;
/** After a loss, Linux sends again after at least this time, and TCP delivers nothing that follows before. In milliseconds. */
const retransmissionMs = 200;

export class Line {
  readonly port: number;
  readonly #close: () => Promise<void>;
  readonly #sockets: Set<Socket>;
  readonly #state: LineState;

  private constructor(port: number, sockets: Set<Socket>, state: LineState, close: () => Promise<void>) {
    this.port = port;
    this.#sockets = sockets;
    this.#state = state;
    this.#close = close;
  }

  /** A line to a port of 127.0.0.1. @param loss packets that are lost, as TCP shows it: as pauses */
  static async to(targetPort: number, loss?: Loss): Promise<Line> {
    const sockets = new Set<Socket>();
    const state = new LineState(loss);
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      const target = connect({ host: '127.0.0.1', port: targetPort, allowHalfOpen: true, noDelay: true });
      for (const [socket, other] of [
        [client, target],
        [target, client],
      ] as const) {
        sockets.add(socket);
        // a connection that breaks on one side breaks on the other
        socket.on('error', () => other.resetAndDestroy()).on('close', () => sockets.delete(socket));
      }
      void state.forward('up', client, target).catch(() => target.destroy());
      void state.forward('down', target, client).catch(() => client.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Line((server.address() as AddressInfo).port, sockets, state, async () => {
      state.release();
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise((closed) => server.close(closed));
    });
  }

  /** Holds one direction when so many more bytes have passed in it. Resolves when it is held. */
  holdAfter(direction: Direction, bytes: number): Promise<void> {
    return this.#state.holdAfter(direction, bytes);
  }

  release(): void {
    this.#state.release();
  }

  /** Breaks all connections, as a router that forgets them. New ones pass. */
  reset(): void {
    for (const socket of this.#sockets) {
      socket.resetAndDestroy();
    }
  }

  close(): Promise<void> {
    return this.#close();
  }
}

class LineState {
  readonly #loss: Loss | undefined;
  readonly #gate = new Gate<{ readonly direction: Direction; readonly bytes: number }>();

  constructor(loss: Loss | undefined) {
    this.#loss = loss;
  }

  holdAfter(direction: Direction, bytes: number): Promise<void> {
    let left = bytes;
    return this.#gate.arm((passing) => {
      left -= passing.direction === direction ? passing.bytes : 0;
      return passing.direction === direction && left < 0;
    });
  }

  release(): void {
    this.#gate.release();
  }

  async forward(direction: Direction, from: Socket, to: Socket): Promise<void> {
    for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      await this.#delay(chunk.length);
      await this.#gate.pass({ direction, bytes: chunk.length });
      if (!to.write(chunk)) {
        await Promise.race([once(to, 'drain'), once(to, 'close')]);
      }
    }
    to.end();
  }

  async #delay(bytes: number): Promise<void> {
    if (!this.#loss) {
      return;
    }
    const { share, roundTripMs } = this.#loss;
    let ms = roundTripMs / 2;
    for (let sent = 0; sent < bytes; sent += packetBytes) {
      ms += Math.random() < share ? retransmissionMs + roundTripMs : 0;
    }
    await sleep(ms);
  }
}
