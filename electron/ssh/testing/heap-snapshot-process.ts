/**
 * A process of its own for the test of what stays in memory. It signs in and writes a heap snapshot while the
 * connection is open. Its parent sends each secret only when the sign-in needs it.
 */
import { once } from 'node:events';
import { writeHeapSnapshot } from 'node:v8';
import { z } from 'zod';
import { connectClient } from '../connect.ts';
import { KnownHosts } from '../known-hosts/known-hosts.ts';

const taskSchema = z.object({
  port: z.number(),
  knownHosts: z.string(),
  identity: z.string().optional(),
  snapshot: z.string(),
});
const answerSchema = z.object({ secrets: z.array(z.string()) });

async function receive<T>(schema: z.ZodType<T>): Promise<T> {
  const [message] = await once(process, 'message');
  return schema.parse(message);
}

async function main(): Promise<void> {
  const { port, knownHosts, identity, snapshot } = await receive(taskSchema);
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
      process.send?.({ request: kind });
      const { secrets } = await receive(answerSchema);
      return { secrets, isFromPerson: true, reportResult: async () => undefined, finish: async () => undefined };
    },
  });
  // objects are released in the following iterations of the event loop
  await new Promise((resolve) => setImmediate(resolve));
  writeHeapSnapshot(snapshot);
  process.send?.({ written: true });
  client.end();
  process.disconnect();
}

void main();
