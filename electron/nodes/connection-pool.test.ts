import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Connection } from '../../shared/connection.ts';
import { fail } from '../../shared/problem.ts';
import { openLocalTransport } from '../engines/transport/local-transport.ts';
import type { Transport } from '../engines/transport/transport.ts';
import { ConnectionPool } from './connection-pool.ts';

const connection: Connection = { name: 'pi4', uri: 'ssh://pi4' };
const lost = fail('ssh.lost', 'Node pi4: the SSH connection was lost.', 'Try again.');

let folder: string;
let server: Server;
/** One for each opened transport: aborting it loses the connection. */
let opened: AbortController[];
let closed: number;
/** When the transport was last used; undefined while it is in use. */
let idleSince: number | undefined;
let keepAlives: number[];
let pool: ConnectionPool;

const idleMs = 5 * 60_000;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-pool-'));
  server = createServer((_, response) => void response.setHeader('Libpod-API-Version', '5.4.2').end('OK'));
  const socketPath = join(folder, 'engine.sock');
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  opened = [];
  closed = 0;
  idleSince = undefined;
  keepAlives = [];
  pool = new ConnectionPool(async ({ name }): Promise<Transport> => {
    const loss = new AbortController();
    opened.push(loss);
    const local = await openLocalTransport({ name, socketPath });
    const close = (): Promise<void> => {
      closed += 1;
      return local.close();
    };
    const checkAlive = async (milliseconds: number): Promise<void> => void keepAlives.push(milliseconds);
    return { ...local, lost: loss.signal, idleSince: () => idleSince, checkAlive, close };
  });
});
afterEach(async () => {
  vi.useRealTimers();
  await pool.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

test('a connection is shared by all who request it', async () => {
  const [one, other] = await Promise.all([pool.connect(connection), pool.connect(connection)]);
  expect(one).toBe(other);
  expect(await pool.connect(connection)).toBe(one);
  expect(opened).toHaveLength(1);
});

test('a lost connection is opened again on the next request', async () => {
  const before = await pool.connect(connection);
  opened[0]?.abort(lost);
  const after = await pool.connect(connection);
  expect(after).not.toBe(before);
  expect(opened).toHaveLength(2);
  // a late loss of the old connection does not affect the new one
  opened[0]?.abort(lost);
  expect(await pool.connect(connection)).toBe(after);
});

test('a connection that could not be opened is opened again on the next request', async () => {
  let attempts = 0;
  const failing = new ConnectionPool(() => {
    attempts += 1;
    return Promise.reject(lost);
  });
  await expect(failing.connect(connection)).rejects.toBe(lost);
  await expect(failing.connect(connection)).rejects.toBe(lost);
  expect(attempts).toBe(2);
});

test('a changed URI opens a new connection', async () => {
  const one = await pool.connect(connection);
  expect(await pool.connect({ ...connection, uri: 'ssh://other' })).not.toBe(one);
});

test('closing stops connections that are being opened', async () => {
  const silent = new ConnectionPool(
    (_, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  );
  const opening = silent.connect(connection);
  const refused = expect(opening).rejects.toMatchObject({ problem: { code: 'ssh.lost' } });
  await silent.close();
  await refused;
});

test('closing closes every connection', async () => {
  await Promise.all([pool.connect(connection), pool.connect({ name: 'big', uri: 'ssh://big' })]);
  await pool.close();
  expect(closed).toBe(2);
});

test('a lost connection is reported once with its reason, and a closed one is not reported', async () => {
  const losses: unknown[] = [];
  pool.onLost((...event) => losses.push(event));
  await pool.connect(connection);
  opened[0]?.abort(lost);
  expect(losses).toEqual([[connection, lost]]);
  await pool.connect(connection);
  await pool.drop(connection.name);
  opened[1]?.abort(lost);
  expect(losses).toHaveLength(1);
});

test('a connection that is renamed stays open, and is lost under its new name', async () => {
  const losses: unknown[] = [];
  pool.onLost((...event) => losses.push(event));
  const open = await pool.connect(connection);
  const renamed = { ...connection, name: 'attic' };
  pool.rename('pi4', renamed);
  expect(await pool.connect(renamed)).toBe(open);
  expect(closed).toBe(0);
  opened[0]?.abort(lost);
  expect(losses).toEqual([[renamed, lost]]);
  await pool.connect(renamed);
  expect(opened).toHaveLength(2);
});

test('a dropped connection is closed when it is no longer used, and the next request opens another one', async () => {
  const open = await pool.connect(connection);
  let endUse = (): void => undefined;
  const dropped = pool.drop('pi4', new Promise((resolve) => (endUse = resolve)));
  const isClosed = vi.fn();
  const waits = pool.closed('pi4').then(isClosed);
  expect(await pool.connect(connection)).not.toBe(open);
  await pool.closed('big');
  expect(closed).toBe(0);
  expect(isClosed).not.toHaveBeenCalled();
  endUse();
  await dropped;
  await waits;
  expect(closed).toBe(1);
});

test('a dropped connection that is being opened is given up at once, whoever uses it', async () => {
  const silent = new ConnectionPool(
    (_, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  );
  const refused = expect(silent.connect(connection)).rejects.toMatchObject({ problem: { code: 'ssh.lost' } });
  await silent.drop('pi4', new Promise(() => undefined));
  await refused;
});

test('a closed pool opens no connections', async () => {
  await pool.close();
  await expect(pool.connect(connection)).rejects.toMatchObject({ problem: { code: 'ssh.lost' } });
  expect(opened).toEqual([]);
});

test('every open connection gets a keep-alive request, and connections that are being opened are skipped', async () => {
  await pool.connect(connection);
  const slow = new ConnectionPool(() => new Promise(() => {}));
  void slow.connect(connection).catch(() => undefined);
  await slow.checkAlive();
  await pool.checkAlive();
  expect(keepAlives).toEqual([4_000]);
});

test('a connection that is idle for five minutes is closed without a report, and opened again on the next request', async () => {
  const losses: unknown[] = [];
  pool.onLost((...event) => losses.push(event));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const idle = await pool.connect(connection);
  idleSince = performance.now();
  vi.advanceTimersByTime(idleMs - 1);
  expect(await pool.connect(connection)).toBe(idle);
  // a request counts as use
  vi.advanceTimersByTime(idleMs - 1);
  expect(closed).toBe(0);
  vi.advanceTimersByTime(1);
  expect(closed).toBe(1);
  expect(losses).toEqual([]);
  expect(await pool.connect(connection)).not.toBe(idle);
  expect(opened).toHaveLength(2);
});

test('a connection in use stays open for hours and is closed five minutes after its last use', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  await pool.connect(connection);
  vi.advanceTimersByTime(3 * 60 * 60_000 + 12_345);
  expect(closed).toBe(0);
  idleSince = performance.now();
  vi.advanceTimersByTime(idleMs - 1);
  expect(closed).toBe(0);
  vi.advanceTimersByTime(1);
  expect(closed).toBe(1);
});

describe('opening a connection that no caller waits for any more', () => {
  const silent = { name: 'silent', uri: 'ssh://silent' };

  function startPool() {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const aborted: string[] = [];
    let opened = 0;
    const pool = new ConnectionPool((connection, signal) => {
      opened++;
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          aborted.push(connection.name);
          reject(signal.reason);
        });
      });
    });
    onTestFinished(async () => {
      vi.useRealTimers();
      await pool.close();
    });
    return { pool, aborted, opened: () => opened };
  }

  test('is given up', async () => {
    const { pool, aborted } = startPool();
    const [one, two] = [new AbortController(), new AbortController()];
    const waits = [pool.connect(silent, one.signal), pool.connect(silent, two.signal)].map((wait) =>
      wait.catch(() => 0),
    );
    one.abort();
    await waits[0];
    expect(aborted).toEqual([]);
    two.abort();
    await waits[1];
    vi.advanceTimersByTime(1_000);
    expect(aborted).toEqual(['silent']);
  });

  test('goes on if someone else waits soon after', async () => {
    const { pool, aborted, opened } = startPool();
    const superseded = new AbortController();
    const first = pool.connect(silent, superseded.signal).catch(() => 0);
    superseded.abort();
    await first;
    const second = pool.connect(silent).catch(() => 0);
    vi.advanceTimersByTime(60_000);
    expect(aborted).toEqual([]);
    expect(opened()).toBe(1);
    await pool.close();
    await second;
  });
});
