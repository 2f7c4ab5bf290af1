import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AppEvent } from '../../shared/contract.ts';
import { type Failure, fail, type ProblemCode } from '../../shared/problem.ts';
import { ConnectionStore } from '../connections/store.ts';
import { Events } from '../events.ts';
import { FarmStore } from '../farms/store.ts';
import { ConnectionPool } from './connection-pool.ts';
import { Nodes } from './nodes.ts';

const down = (code: ProblemCode): Failure => fail(code, 'Node pi4 is off.', 'Switch it on.');

let folder: string;
let connections: ConnectionStore;
let events: Events;
let lines: ConnectionPool;
let nodes: Nodes;
/** How often the way to the node was tried, and what comes of it. */
let tried: number;
let outcome: () => Promise<never>;
let told: Extract<AppEvent, { event: 'node.changed' }>['status'][];

function start(keepsTrying: boolean): void {
  lines = new ConnectionPool(() => {
    tried++;
    return outcome();
  });
  nodes = new Nodes(connections, new FarmStore(folder, connections), lines, events, {
    isPersonAsked: () => false,
    keepsTrying,
  });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-nodes-'));
  connections = new ConnectionStore(folder);
  await connections.add({ name: 'pi4', uri: 'ssh://pi4' });
  events = new Events();
  tried = 0;
  told = [];
  outcome = () => Promise.reject(down('ssh.unreachable'));
  events.subscribe((event) => event.event === 'node.changed' && told.push(event.status));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
});
afterEach(async () => {
  vi.useRealTimers();
  nodes.close();
  await lines.close();
  await rm(folder, { recursive: true });
});

const probe = () => nodes.probe({ connections: ['pi4'] });

/** Lets the longest wait pass and waits until what comes of it has been told. */
async function nextTry(): Promise<void> {
  const before = told.length;
  vi.advanceTimersByTime(60_000);
  await vi.waitFor(() => expect(told.length).toBeGreaterThan(before), { timeout: 20_000 });
}

/** Lets an hour pass, and every file be read that somebody may be reading. */
async function anHourPasses(): Promise<void> {
  vi.advanceTimersByTime(60 * 60_000);
  await connections.list();
  await new Promise((resolve) => setImmediate(resolve));
}

describe('a node that is down for a reason that time may heal', () => {
  beforeEach(() => start(true));

  test('is tried again and again, and each time it is told when', async () => {
    expect(await probe()).toMatchObject([{ state: 'down', retry: { attempt: 1, at: expect.any(String) } }]);
    await nextTry();
    await nextTry();
    expect(told.map((status) => status.state === 'down' && status.retry?.attempt)).toEqual([1, 2, 3]);
    expect(nodes.known()).toMatchObject([{ state: 'down', retry: { attempt: 3 } }]);
    expect(tried).toBe(3);
  });

  test('begins anew when a person asks', async () => {
    await probe();
    await nextTry();
    await nextTry();
    expect(await probe()).toMatchObject([{ retry: { attempt: 1 } }]);
  });

  test('is left alone once the reason is another', async () => {
    await probe();
    outcome = () => Promise.reject(down('ssh.authentication'));
    await nextTry();
    expect(told.at(-1)).toEqual({ state: 'down', connection: 'pi4', problem: down('ssh.authentication').problem });
    await anHourPasses();
    expect(tried).toBe(2);
  });

  test('is left alone when its connection is forgotten or removed by another program', async () => {
    await probe();
    await nodes.forget('pi4');
    await anHourPasses();
    expect(tried).toBe(1);
    await probe();
    await connections.remove('pi4');
    await nextTry();
    expect(told.at(-1)).toMatchObject({ problem: { code: 'connection.unknown' } });
    await anHourPasses();
    expect(tried).toBe(2);
  });

  test('is tried at once when the computer wakes up', async () => {
    await probe();
    await nodes.wake();
    await vi.waitFor(() => expect(tried).toBe(2), { timeout: 20_000 });
  });

  test('is left alone after the end', async () => {
    await probe();
    nodes.close();
    await anHourPasses();
    await nodes.wake();
    expect(tried).toBe(1);
  });

  test('opens one question at most to a person who has not asked', async () => {
    await probe();
    outcome = async () => {
      const asked = { id: '1', connection: 'pi4: jump host bastion', user: 'kim', host: 'bastion', port: 22 };
      const question = { ...asked, kind: 'password', wasWrong: false, remember: { possible: true } } as const;
      events.emit({ event: 'question.asked', question });
      // it takes so long that the server hangs up
      throw down('ssh.timeout');
    };
    await nextTry();
    expect(told.at(-1)).not.toHaveProperty('retry');
    await anHourPasses();
    expect(tried).toBe(2);
  });
});

test('a node that is down for another reason is not tried again', async () => {
  start(true);
  outcome = () => Promise.reject(down('ssh.authentication'));
  expect((await probe())[0]).not.toHaveProperty('retry');
  await anHourPasses();
  expect(tried).toBe(1);
});

test('where there is no window nothing is tried in the background', async () => {
  start(false);
  expect((await probe())[0]).not.toHaveProperty('retry');
  await anHourPasses();
  await nodes.wake();
  expect(tried).toBe(1);
});
