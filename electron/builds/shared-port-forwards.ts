import { createHash } from 'node:crypto';
import type { Server } from 'node:http';
import { hostname } from 'node:os';
import type { ReversePortForward, Transport } from '../engines/transport/transport.ts';
import type { NodeConnection } from '../nodes/connection-pool.ts';
import { localUser } from '../system/local-user.ts';

interface SharedForward {
  readonly forward: Promise<ReversePortForward>;
  users: number;
}

/**
 * Reverse port forwards from nodes to our receiver, one per node, shared by all jobs on it. Jobs share a port because
 * engines remember per host:port which layers they have pushed.
 */
export class SharedPortForwards {
  readonly #server: Server;
  readonly #forwards = new Map<Transport, SharedForward>();

  /** @param server receives the connections that come in on the nodes. */
  constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Opens the node's port, or joins the jobs that already use it. The port is closed when the last of them closes its
   * forward.
   * @throws Failure of `Transport.forwardPort`
   */
  async open({ transport, connection }: NodeConnection): Promise<ReversePortForward> {
    const shared = this.#forwards.get(transport) ?? {
      forward: transport.forwardPort(this.#server, portOf(connection.uri)),
      users: 0,
    };
    this.#forwards.set(transport, shared);
    shared.users += 1;
    const close = async (): Promise<void> => {
      shared.users -= 1;
      if (shared.users === 0 && this.#forwards.get(transport) === shared) {
        this.#forwards.delete(transport);
        await shared.forward.then((forward) => forward.close()).catch(() => undefined);
      }
    };
    try {
      const { port } = await shared.forward;
      return { port, close };
    } catch (error) {
      await close();
      throw error;
    }
  }
}

/**
 * The preferred port for a node. It is stable for this user and node, so that the engine finds what it remembers of the
 * last push, and lies below the range from which systems assign ports (32768 and up on Linux).
 */
function portOf(uri: string): number {
  const digest = createHash('sha256')
    .update(JSON.stringify([hostname(), localUser().name, uri]))
    .digest();
  return 20_000 + (digest.readUInt32BE(0) % 12_000);
}
