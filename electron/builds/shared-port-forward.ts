import { createHash } from 'node:crypto';
import type { Server } from 'node:http';
import { hostname, userInfo } from 'node:os';
import type { ReversePortForward, Transport } from '../engines/transport/transport.ts';
import type { NodeConnection } from '../nodes/connection-pool.ts';

interface Shared {
  readonly offer: Promise<ReversePortForward>;
  users: number;
}

const sharedOffers = new WeakMap<Transport, Shared>();

/**
 * A port on the node that leads to our server, shared by all jobs that use the node now: one port, because engines remember
 * per host:port what they have sent. It is open only while somebody uses it.
 */
export async function sharePortForward(line: NodeConnection, server: Server): Promise<ReversePortForward> {
  const { transport } = line;
  const shared = sharedOffers.get(transport) ?? {
    offer: transport.forwardPort(server, portFor(line.connection.uri)),
    users: 0,
  };
  sharedOffers.set(transport, shared);
  shared.users += 1;
  const leave = async (): Promise<void> => {
    shared.users -= 1;
    if (shared.users === 0 && sharedOffers.get(transport) === shared) {
      sharedOffers.delete(transport);
      await shared.offer.then((offer) => offer.close()).catch(() => undefined);
    }
  };
  try {
    const { port } = await shared.offer;
    return { port, close: leave };
  } catch (error) {
    await leave();
    throw error;
  }
}

/**
 * Stable for this user and node, so that the next build finds what engines remember of the last; below the ports that
 * systems hand out by themselves.
 */
function portFor(uri: string): number {
  const digest = createHash('sha256')
    .update(JSON.stringify([hostname(), userInfo().username, uri]))
    .digest();
  return 20_000 + (digest.readUInt32BE(0) % 12_000);
}
