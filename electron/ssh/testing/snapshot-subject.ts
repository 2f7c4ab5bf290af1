/**
 * A process of its own for the test of what stays in memory: signs in, and writes a snapshot of its heap while the connection is
 * open. It hears the secrets from its parent only when it is asked for them.
 */
import { once } from 'node:events';
import { writeHeapSnapshot } from 'node:v8';
import { z } from 'zod';
import { connectClient } from '../connect.ts';
import { KnownHosts } from '../known-hosts.ts';

const orderSchema = z.object({
  port: z.number(),
  knownHosts: z.string(),
  identity: z.string().optional(),
  snapshot: z.string(),
});
const answerSchema = z.object({ secrets: z.array(z.string()) });

async function hear<T>(schema: z.ZodType<T>): Promise<T> {
  const [message] = await once(process, 'message');
  return schema.parse(message);
}

async function main(): Promise<void> {
  const { port, knownHosts, identity, snapshot } = await hear(orderSchema);
  const { client } = await connectClient({
    name: 'pi4',
    host: '127.0.0.1',
    port,
    user: 'kim',
    agentSocket: '',
    ...(identity === undefined ? { identities: [] } : { identity }),
    knownHosts: await KnownHosts.load([knownHosts]),
    decideHostKey: async () => false,
    askSecret: async ({ kind }) => {
      process.send?.({ asks: kind });
      const { secrets } = await hear(answerSchema);
      return { secrets, fromPerson: true, proved: async () => undefined, over: async () => undefined };
    },
  });
  // what is no longer needed is let go in the turns of the event loop that follow
  await new Promise((resolve) => setImmediate(resolve));
  writeHeapSnapshot(snapshot);
  process.send?.({ written: true });
  client.end();
  process.disconnect();
}

void main();
