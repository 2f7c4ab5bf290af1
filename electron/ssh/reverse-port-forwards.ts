import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import type { ChannelStream } from './channel-stream.ts';
import { portForwardRefused } from './session-problems.ts';

export interface ReversePortForward {
  /** The port on the node's 127.0.0.1. */
  readonly port: number;
  /** Frees the port and destroys the streams that came through it. */
  close(): Promise<void>;
}

/**
 * Ports on the node's loopback interface that lead back to us (`ssh -R`). With `GatewayPorts yes` in its sshd_config, a
 * node binds all its addresses instead. Every user of the node can connect in any case, so the
 * receiver of the streams must check a credential.
 */
export class ReversePortForwards {
  readonly #name: string;
  readonly #client: Client;
  readonly #listeners = new Map<number, { onStream: (stream: Duplex) => void; streams: Set<ChannelStream> }>();

  /**
   * @param name the connection's, for messages.
   * @param openStream turns an incoming channel into a stream.
   */
  constructor(name: string, client: Client, openStream: (channel: ClientChannel) => ChannelStream) {
    this.#name = name;
    this.#client = client;
    client.on('tcp connection', (details, accept, reject) => {
      const listener = this.#listeners.get(details.destPort);
      if (!listener) {
        reject();
        return;
      }
      const stream = openStream(accept());
      listener.streams.add(stream);
      stream.once('close', () => listener.streams.delete(stream));
      listener.onStream(stream);
    });
  }

  /**
   * Opens a port. The node chooses another one where it cannot bind this port, or where `port` is 0.
   * @throws Failure `ssh.forwarding-refused`
   */
  async open(port: number, onStream: (stream: Duplex) => void): Promise<ReversePortForward> {
    try {
      return await this.#forward(port, onStream);
    } catch (error) {
      if (port !== 0) {
        return this.open(0, onStream);
      }
      throw portForwardRefused(this.#name, error);
    }
  }

  #forward(requestedPort: number, onStream: (stream: Duplex) => void): Promise<ReversePortForward> {
    return new Promise((resolve, reject) => {
      this.#client.forwardIn('127.0.0.1', requestedPort, (error, port) => {
        if (error) {
          reject(error);
          return;
        }
        // Registered synchronously: the first connection may arrive in the same packet as this reply.
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
