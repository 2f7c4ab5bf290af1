import { createServer } from 'node:http';
import { beforeEach, expect, test } from 'vitest';
import { fail } from '../../shared/problem.ts';
import type { ReversePortForward, Transport } from '../engines/transport/transport.ts';
import type { NodeConnection } from '../nodes/connection-pool.ts';
import { SharedPortForwards } from './shared-port-forwards.ts';

let forwards: SharedPortForwards;

/** Ports that are open on the node, and all ports that were requested. */
let open: Set<number>;
let requested: number[];
let forwardPort: (port: number) => Promise<ReversePortForward>;

beforeEach(() => {
  forwards = new SharedPortForwards(createServer());
  open = new Set();
  requested = [];
  forwardPort = async (port) => {
    open.add(port);
    return { port, close: async () => void open.delete(port) };
  };
});

/** A connection that can only forward a port. */
function connectionTo(uri: string): NodeConnection {
  const unused = (): never => expect.fail('only a port is forwarded');
  const transport: Transport = {
    name: 'pi4',
    socketPath: '/x.sock',
    lost: new AbortController().signal,
    request: unused,
    run: unused,
    dial: unused,
    isSaturated: unused,
    idleSince: unused,
    checkAlive: unused,
    close: unused,
    forwardPort: (_, port) => {
      requested.push(port);
      return forwardPort(port);
    },
  };
  const engine = {
    kind: 'podman',
    capabilities: unused,
    probe: unused,
    recall: unused,
    builder: { build: unused },
    transfer: { push: unused, export: unused },
    storage: { list: unused, remove: unused },
  } as const;
  return { connection: { name: 'pi4', uri }, transport, engine };
}

test('jobs on one node share a port until the last of them closes it', async () => {
  const connection = connectionTo('ssh://pi4');
  const [one, other] = await Promise.all([forwards.open(connection), forwards.open(connection)]);
  expect(one.port).toBe(other.port);
  expect(requested).toHaveLength(1);
  await one.close();
  expect(open.size).toBe(1);
  await other.close();
  expect(open.size).toBe(0);
});

test('a node gets the same port each time, and other nodes get other ports', async () => {
  await (await forwards.open(connectionTo('ssh://pi4'))).close();
  await (await forwards.open(connectionTo('ssh://pi4'))).close();
  await (await forwards.open(connectionTo('ssh://pi5'))).close();
  const [first, again, other] = requested;
  expect(again).toBe(first);
  expect(other).not.toBe(first);
});

test('a refused forward fails all jobs that share it, and the next job requests it again', async () => {
  const refusal = fail('ssh.forwarding-refused', 'Node pi4 does not allow port forwarding.', 'Allow it.');
  const connection = connectionTo('ssh://pi4');
  const allowed = forwardPort;
  forwardPort = () => Promise.reject(refusal);
  const both = await Promise.allSettled([forwards.open(connection), forwards.open(connection)]);
  expect(both).toMatchObject([{ reason: refusal }, { reason: refusal }]);
  forwardPort = allowed;
  const forward = await forwards.open(connection);
  expect(open.size).toBe(1);
  await forward.close();
});
