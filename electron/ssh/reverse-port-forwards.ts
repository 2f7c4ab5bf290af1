import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { fail } from '../../shared/problem.ts';
import type { ChannelStream } from './channel-stream.ts';

export interface Tunnel {
  /** The port on the node's 127.0.0.1. */
  readonly port: number;
  /** Frees the port and destroys the streams that came through it. */
  close(): Promise<void>;
}

/**
 * Ports on the node's loopback that lead back to us (`ssh -R`). With `GatewayPorts yes` in its sshd_config a node binds all its
 * addresses instead, and in any case every user of the node can connect: whoever listens must ask for a credential.
 */
export class Tunnels {
  readonly #name: string;
  readonly #client: Client;
  readonly #accept: (channel: ClientChannel) => ChannelStream;
  readonly #listeners = new Map<number, { onStream: (stream: Duplex) => void; streams: Set<ChannelStream> }>();

  /** `accept` turns each channel that arrives into a stream. `name` is the connection's, for sentences. */
  constructor(name: string, client: Client, accept: (channel: ClientChannel) => ChannelStream) {
    this.#name = name;
    this.#client = client;
    this.#accept = accept;
    client.on('tcp connection', (details, take, reject) => {
      const listener = this.#listeners.get(details.destPort);
      if (!listener) {
        reject();
        return;
      }
      const stream = this.#accept(take());
      listener.streams.add(stream);
      stream.once('close', () => listener.streams.delete(stream));
      listener.onStream(stream);
    });
  }

  /** Opens the wanted port, or where it is taken (or 0) one that the node chooses. Fails with `ssh.forwarding-refused`. */
  async open(port: number, onStream: (stream: Duplex) => void): Promise<Tunnel> {
    try {
      return await this.#forward(port, onStream);
    } catch (error) {
      if (port !== 0) {
        return this.open(0, onStream);
      }
      throw fail(
        'ssh.forwarding-refused',
        `Node ${this.#name} lets no port be forwarded back.`,
        'Set `AllowTcpForwarding yes` (or `remote`) in its sshd_config, and look for `permitlisten` and `restrict` before the key in authorized_keys.',
        error instanceof Error ? error.message : String(error),
        error,
      );
    }
  }

  #forward(wanted: number, onStream: (stream: Duplex) => void): Promise<Tunnel> {
    return new Promise((resolve, reject) => {
      this.#client.forwardIn('127.0.0.1', wanted, (error, port) => {
        if (error) {
          reject(error);
          return;
        }
        // known before this turn ends: the first connection may be in the same packet as the permission
        const streams = new Set<ChannelStream>();
        this.#listeners.set(port, { onStream, streams });
        resolve({ port, close: () => this.#close(port, streams) });
      });
    });
  }

  async #close(port: number, streams: ReadonlySet<ChannelStream>): Promise<void> {
    if (!this.#listeners.delete(port)) {
      return;
    }
    for (const stream of streams) {
      stream.destroy();
    }
    await new Promise<void>((resolve) => {
      try {
        this.#client.unforwardIn('127.0.0.1', port, () => resolve());
      } catch {
        // the connection is gone, and the port with it
        resolve();
      }
    });
  }
}
