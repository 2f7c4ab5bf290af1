import { createServer } from 'node:http';
import { beforeEach, expect, test } from 'vitest';
import { fail } from '../../shared/problem.ts';
import type { ReversePortForward, Transport } from '../engines/transport/transport.ts';
import type { NodeConnection } from '../nodes/connection-pool.ts';
import { sharePortForward } from './shared-port-forward.ts';

const server = createServer();

/** Ports that are open on the node, and all that were asked for. */
let open: Set<number>;
let asked: number[];
let offering: (port: number) => Promise<ReversePortForward>;

beforeEach(() => {
  open = new Set();
  asked = [];
  offering = async (port) => {
    open.add(port);
    return { port, close: async () => void open.delete(port) };
  };
});

/** A line of which only the offer is used here. */
function lineTo(uri: string): NodeConnection {
  const unused = (): never => expect.fail('only the way back is asked for');
  const transport: Transport = {
    name: 'pi4',
    socketPath: '/x.sock',
    lost: new AbortController().signal,
    request: unused,
    run: unused,
    isSaturated: unused,
    idleSince: unused,
    checkAlive: unused,
    close: unused,
    forwardPort: (_, port) => {
      asked.push(port);
      return offering(port);
    },
  };
  const engine = { kind: 'podman', probe: unused, build: unused, push: unused, export: unused, tag: unused } as const;
  const rest = { untag: unused, remove: unused, prune: unused, diskUsage: unused };
  return { connection: { name: 'pi4', uri }, transport, engine: { ...engine, ...rest } };
}

test('jobs on one node share a port, which is open until the last of them is done', async () => {
  const line = lineTo('ssh://pi4');
  const [one, other] = await Promise.all([sharePortForward(line, server), sharePortForward(line, server)]);
  expect(one.port).toBe(other.port);
  expect(asked).toHaveLength(1);
  await one.close();
  expect(open.size).toBe(1);
  await other.close();
  expect(open.size).toBe(0);
});

test('the port is the same next time, and another for another node', async () => {
  await (await sharePortForward(lineTo('ssh://pi4'), server)).close();
  await (await sharePortForward(lineTo('ssh://pi4'), server)).close();
  await (await sharePortForward(lineTo('ssh://pi5'), server)).close();
  const [first, again, other] = asked;
  expect(again).toBe(first);
  expect(other).not.toBe(first);
});

test('a way back that was refused is asked for again by the next job, and was refused to all that shared it', async () => {
  const refusal = fail('ssh.forwarding-refused', 'Node pi4 lets no port be forwarded back.', 'Allow it.');
  const line = lineTo('ssh://pi4');
  const allowed = offering;
  offering = () => Promise.reject(refusal);
  const both = await Promise.allSettled([sharePortForward(line, server), sharePortForward(line, server)]);
  expect(both).toMatchObject([{ reason: refusal }, { reason: refusal }]);
  offering = allowed;
  const offer = await sharePortForward(line, server);
  expect(open.size).toBe(1);
  await offer.close();
});
