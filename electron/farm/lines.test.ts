import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Connection } from '../../shared/connection.ts';
import { fail } from '../../shared/problem.ts';
import { openLocalTransport } from '../engine/local-transport.ts';
import type { Transport } from '../engine/transport.ts';
import { Lines } from './lines.ts';

const connection: Connection = { name: 'pi4', uri: 'ssh://pi4' };
const lost = fail('ssh.lost', 'Node pi4: the SSH connection was lost.', 'Try again.');

let folder: string;
let server: Server;
/** One for each time that the way was opened: aborting it loses the line. */
let opened: AbortController[];
let closed: number;
let lines: Lines;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-lines-'));
  server = createServer((_, response) => void response.setHeader('Libpod-API-Version', '5.4.2').end('OK'));
  const socketPath = join(folder, 'engine.sock');
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  opened = [];
  closed = 0;
  lines = new Lines(async ({ name }): Promise<Transport> => {
    const line = new AbortController();
    opened.push(line);
    const local = await openLocalTransport({ name, socketPath });
    const close = (): Promise<void> => {
      closed += 1;
      return local.close();
    };
    return { ...local, lost: line.signal, close };
  });
});
afterEach(async () => {
  await lines.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

test('all who want a line at the same time share one', async () => {
  const [one, other] = await Promise.all([lines.line(connection), lines.line(connection)]);
  expect(one).toBe(other);
  expect(await lines.line(connection)).toBe(one);
  expect(opened).toHaveLength(1);
});

test('a line that was lost is opened anew by the next who wants it', async () => {
  const before = await lines.line(connection);
  opened[0]?.abort(lost);
  const after = await lines.line(connection);
  expect(after).not.toBe(before);
  expect(opened).toHaveLength(2);
  // what is told late of the old line does not take the new one away
  opened[0]?.abort(lost);
  expect(await lines.line(connection)).toBe(after);
});

test('a way in that failed is tried again', async () => {
  let attempts = 0;
  const failing = new Lines(() => {
    attempts += 1;
    return Promise.reject(lost);
  });
  await expect(failing.line(connection)).rejects.toBe(lost);
  await expect(failing.line(connection)).rejects.toBe(lost);
  expect(attempts).toBe(2);
});

test('a connection with another URI gets a line of its own', async () => {
  const one = await lines.line(connection);
  expect(await lines.line({ ...connection, uri: 'ssh://other' })).not.toBe(one);
});

test('closing gives up what is still being opened, at once', async () => {
  const silent = new Lines(
    (_, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  );
  const line = silent.line(connection);
  const refused = expect(line).rejects.toMatchObject({ problem: { code: 'ssh.lost' } });
  await silent.close();
  await refused;
});

test('closing closes every line', async () => {
  await Promise.all([lines.line(connection), lines.line({ name: 'big', uri: 'ssh://big' })]);
  await lines.close();
  expect(closed).toBe(2);
});
