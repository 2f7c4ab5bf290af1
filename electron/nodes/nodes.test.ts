import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AppEvent } from '../../shared/contract.ts';
import { type Node, type NodeState, nodeStateOf } from '../../shared/node.ts';
import { parsePlatform } from '../../shared/platform.ts';
import { type Failure, fail, type ProblemCode } from '../../shared/problem.ts';
import { ConnectionStore } from '../connections/store.ts';
import { Events } from '../events.ts';
import { FarmStore } from '../farms/store.ts';
import { AnsweredNodes } from './answered-nodes.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { ConnectionPool } from './connection-pool.ts';
import { Nodes } from './nodes.ts';

const down = (code: ProblemCode): Failure => fail(code, 'Node pi4 is off.', 'Switch it on.');

let folder: string;
let connections: ConnectionStore;
let events: Events;
let pool: ConnectionPool;
let nodes: Nodes;
/** How often a connection was opened, and with which result. */
let attempts: number;
let outcome: () => Promise<never>;
let statuses: Extract<AppEvent, { event: 'node.changed' }>['status'][];

function start(staysRunning: boolean): void {
  pool = new ConnectionPool(() => {
    attempts++;
    return outcome();
  });
  nodes = new Nodes(connections, new FarmStore(folder, connections), pool, events, {
    answered: new AnsweredNodes(folder),
    breaker: new CircuitBreaker({ folder, connections: () => connections.list() }),
    isQuestionOpen: () => false,
    staysRunning,
  });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-nodes-'));
  connections = new ConnectionStore(folder);
  await connections.add({ name: 'pi4', uri: 'ssh://pi4' });
  events = new Events();
  attempts = 0;
  statuses = [];
  outcome = () => Promise.reject(down('ssh.unreachable'));
  events.subscribe((event) => event.event === 'node.changed' && statuses.push(event.status));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
});
afterEach(async () => {
  vi.useRealTimers();
  nodes.close();
  await pool.close();
  await rm(folder, { recursive: true });
});

const probe = () => nodes.probe({ connections: ['pi4'] });

/** Advances the clock by the longest delay and waits for the result of the retry. */
async function nextRetry(): Promise<void> {
  const before = statuses.length;
  vi.advanceTimersByTime(60_000);
  await vi.waitFor(() => expect(statuses.length).toBeGreaterThan(before), { timeout: 20_000 });
}

/** Advances the clock by an hour and waits for pending file reads. */
async function anHourPasses(): Promise<void> {
  vi.advanceTimersByTime(60 * 60_000);
  await connections.list();
  await new Promise((resolve) => setImmediate(resolve));
}

test('nodes that have answered before are connected to ahead of a probe, which waits for the same connection', async () => {
  start(false);
  await nodes.connect({ connections: ['pi4'] });
  await nodes.connect({ connections: ['unknown'] });
  expect(attempts).toBe(0);
  await writeFile(join(folder, 'nodes.json'), JSON.stringify({ version: 1, answered: ['ssh://pi4'] }));
  const fails = new EventEmitter();
  outcome = async () => {
    await once(fails, 'now');
    throw down('ssh.unreachable');
  };
  const connect = vi.spyOn(pool, 'connect');
  await nodes.connect({ connections: ['pi4'] });
  const probed = probe();
  await vi.waitFor(() => expect(connect).toHaveBeenCalledTimes(2));
  fails.emit('now');
  expect(await probed).toMatchObject([{ state: 'down', problem: { code: 'ssh.unreachable' } }]);
  expect(attempts).toBe(1);
});

test('only nodes that have just been used are connected to before it is certain that they are needed', async () => {
  start(false);
  const facts = { engine: 'podman', version: '5.0.0', apiVersion: '5.0.0', hostname: 'pi4', platform: 'linux/arm64' };
  const machine = { emulated: [], latencyMs: 1, capabilities: { exportFormats: [] } };
  const write = (ageMs: number): Promise<void> => {
    const probed = [{ uri: 'ssh://pi4', atMs: Date.now() - ageMs, facts: { ...facts, ...machine } }];
    return writeFile(join(folder, 'nodes.json'), JSON.stringify({ version: 1, answered: ['ssh://pi4'], probed }));
  };
  await write(61_000);
  await nodes.connectRecent({ connections: ['pi4'] });
  expect(attempts).toBe(0);
  await write(59_000);
  await nodes.connectRecent({ connections: ['pi4'] });
  expect(attempts).toBe(1);
});

describe('a node that is down with a temporary problem', () => {
  beforeEach(() => start(true));

  test('is retried, and each status has the time of the next retry', async () => {
    expect(await probe()).toMatchObject([{ state: 'down', retry: { attempt: 1, at: expect.any(String) } }]);
    await nextRetry();
    await nextRetry();
    expect(statuses.map((status) => status.state === 'down' && status.retry?.attempt)).toEqual([1, 2, 3]);
    expect(nodes.statuses()).toMatchObject([{ state: 'down', retry: { attempt: 3 } }]);
    expect(attempts).toBe(3);
  });

  test('has its first retry again after a probe by the user', async () => {
    await probe();
    await nextRetry();
    await nextRetry();
    expect(await probe()).toMatchObject([{ retry: { attempt: 1 } }]);
  });

  test('is not retried once it has another problem', async () => {
    await probe();
    outcome = () => Promise.reject(down('ssh.authentication'));
    await nextRetry();
    expect(statuses.at(-1)).toEqual({
      state: 'down',
      connection: 'pi4',
      neverReached: true,
      problem: down('ssh.authentication').problem,
    });
    await anHourPasses();
    expect(attempts).toBe(2);
  });

  test('is not retried when its connection is forgotten or removed by another program', async () => {
    await probe();
    await nodes.forget('pi4');
    await anHourPasses();
    expect(attempts).toBe(1);
    await probe();
    await connections.remove('pi4');
    await nextRetry();
    expect(statuses.at(-1)).toMatchObject({ problem: { code: 'connection.unknown' } });
    await anHourPasses();
    expect(attempts).toBe(2);
  });

  test('is retried at once when the computer wakes up', async () => {
    await probe();
    await nodes.wake();
    await vi.waitFor(() => expect(attempts).toBe(2), { timeout: 20_000 });
  });

  test('is not retried after closing', async () => {
    await probe();
    nodes.close();
    await anHourPasses();
    await nodes.wake();
    expect(attempts).toBe(1);
  });

  test('asks at most one question in the background', async () => {
    await probe();
    outcome = async () => {
      const fields = { id: '1', connection: 'pi4', hop: 'bastion', user: 'kim', host: 'bastion', port: 22 };
      const question = { ...fields, kind: 'password', wasWrong: false, remember: { possible: true } } as const;
      events.emit({ event: 'question.asked', question });
      // the server closes the connection before the user answers
      throw down('ssh.timeout');
    };
    await nextRetry();
    expect(statuses.at(-1)).not.toHaveProperty('retry');
    await anHourPasses();
    expect(attempts).toBe(2);
  });
});

test('a connection that is renamed keeps its status and is reconnected under its new name', async () => {
  start(true);
  await probe();
  const renamed = await connections.update('pi4', { rename: 'attic' });
  nodes.rename('pi4', renamed);
  expect(nodes.statuses()).toMatchObject([{ state: 'down', connection: 'attic', retry: { attempt: 1 } }]);
  expect(statuses.at(-1)).toMatchObject({ connection: 'attic' });
  await nextRetry();
  expect(statuses.at(-1)).toMatchObject({ connection: 'attic', retry: { attempt: 2 } });
  expect(nodes.statuses()).toHaveLength(1);
});

test('a node that is down with another problem is not retried', async () => {
  start(true);
  outcome = () => Promise.reject(down('ssh.authentication'));
  expect((await probe())[0]).not.toHaveProperty('retry');
  await anHourPasses();
  expect(attempts).toBe(1);
});

test('a process that ends soon retries nothing in the background', async () => {
  start(false);
  expect((await probe())[0]).not.toHaveProperty('retry');
  await anHourPasses();
  await nodes.wake();
  expect(attempts).toBe(1);
});

describe('a node that has never answered', () => {
  const node: Node = {
    connection: 'pi4',
    engine: 'podman',
    version: '5.0.0',
    apiVersion: '5.0.0',
    hostname: 'pi4',
    rootless: true,
    platform: parsePlatform('linux/arm64') ?? expect.fail('not a platform'),
    emulated: [],
    capabilities: { exportFormats: [] },
    cpus: 4,
    memory: { total: 0, free: 0 },
    disk: { total: 0, free: 0 },
    latencyMs: 1,
  };
  const stateAfterProbe = async (): Promise<NodeState | undefined> => {
    const [status] = await probe();
    return status && nodeStateOf(status);
  };

  test('is told from one that was lost, also after a restart, until its URI changes', async () => {
    start(true);
    expect(await stateAfterProbe()).toBe('never-reached');
    nodes.recordStatus({ state: 'up', connection: 'pi4', node }, await connections.get('pi4'));
    expect(await stateAfterProbe()).toBe('lost');
    await nodes.close();

    start(false);
    expect(await stateAfterProbe()).toBe('down');
    const renamed = await connections.update('pi4', { rename: 'attic' });
    nodes.rename('pi4', renamed);
    expect(nodes.statuses().map(nodeStateOf)).toEqual(['down']);
    await connections.update('attic', { rename: 'pi4', uri: 'ssh://pi5' });
    await nodes.forget('attic');
    expect(await stateAfterProbe()).toBe('never-reached');
  });

  test('is not said to be one while what is known of nodes cannot be read', async () => {
    await writeFile(join(folder, 'nodes.json'), 'damaged');
    start(false);
    expect(await stateAfterProbe()).toBe('down');
  });
});
