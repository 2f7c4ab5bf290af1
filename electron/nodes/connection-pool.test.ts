import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Connection } from '../../shared/connection.ts';
import { fail } from '../../shared/problem.ts';
import { openLocalTransport } from '../engines/transport/local-transport.ts';
import type { Transport } from '../engines/transport/transport.ts';
import { ConnectionPool } from './connection-pool.ts';

const connection: Connection = { name: 'pi4', uri: 'ssh://pi4' };
const lost = fail('ssh.lost', 'Node pi4: the SSH connection was lost.', 'Try again.');

let folder: string;
let server: Server;
/** One for each time that the way was opened: aborting it loses the line. */
let opened: AbortController[];
let closed: number;
/** When the line was used last; undefined while it is. */
let idleSince: number | undefined;
let asked: number[];
let lines: ConnectionPool;

const idleMs = 5 * 60_000;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-lines-'));
  server = createServer((_, response) => void response.setHeader('Libpod-API-Version', '5.4.2').end('OK'));
  const socketPath = join(folder, 'engine.sock');
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  opened = [];
  closed = 0;
  idleSince = undefined;
  asked = [];
  lines = new ConnectionPool(async ({ name }): Promise<Transport> => {
    const line = new AbortController();
    opened.push(line);
    const local = await openLocalTransport({ name, socketPath });
    const close = (): Promise<void> => {
      closed += 1;
      return local.close();
    };
    const checkAlive = async (milliseconds: number): Promise<void> => void asked.push(milliseconds);
    return { ...local, lost: line.signal, idleSince: () => idleSince, checkAlive, close };
  });
});
afterEach(async () => {
  vi.useRealTimers();
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
  const failing = new ConnectionPool(() => {
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
  const silent = new ConnectionPool(
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

test('a line that was lost is told of with its reason, once; one that was closed is not', async () => {
  const told: unknown[] = [];
  lines.onLost((...event) => told.push(event));
  await lines.line(connection);
  opened[0]?.abort(lost);
  expect(told).toEqual([[connection, lost]]);
  await lines.line(connection);
  await lines.drop(connection.name);
  opened[1]?.abort(lost);
  expect(told).toHaveLength(1);
});

test('after closing none is opened any more', async () => {
  await lines.close();
  await expect(lines.line(connection)).rejects.toMatchObject({ problem: { code: 'ssh.lost' } });
  expect(opened).toEqual([]);
});

test('every open line is asked for a sign of life, and one that is being opened is not waited for', async () => {
  await lines.line(connection);
  const slow = new ConnectionPool(() => new Promise(() => {}));
  void slow.line(connection).catch(() => undefined);
  await slow.checkAlive();
  await lines.checkAlive();
  expect(asked).toEqual([4_000]);
});

test('a line that nobody has used for five minutes is closed without a word, and opened again by the next who wants it', async () => {
  const told: unknown[] = [];
  lines.onLost((...event) => told.push(event));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const line = await lines.line(connection);
  idleSince = performance.now();
  vi.advanceTimersByTime(idleMs - 1);
  expect(await lines.line(connection)).toBe(line);
  // wanting it is using it
  vi.advanceTimersByTime(idleMs - 1);
  expect(closed).toBe(0);
  vi.advanceTimersByTime(1);
  expect(closed).toBe(1);
  expect(told).toEqual([]);
  expect(await lines.line(connection)).not.toBe(line);
  expect(opened).toHaveLength(2);
});

test('a line that is in use is kept, for hours, and closed five minutes after its last use', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  await lines.line(connection);
  vi.advanceTimersByTime(3 * 60 * 60_000 + 12_345);
  expect(closed).toBe(0);
  idleSince = performance.now();
  vi.advanceTimersByTime(idleMs - 1);
  expect(closed).toBe(0);
  vi.advanceTimersByTime(1);
  expect(closed).toBe(1);
});
