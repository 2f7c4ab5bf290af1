import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Build, type BuildRequest, isCancelling } from '../../shared/build.ts';
import type { AppEvent } from '../../shared/contract.ts';
import { LiveBuild } from '../../shared/live-build.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import { TarLayouts } from '../context/tar-layouts.ts';
import type { BuildCache, EngineBuild } from '../engines/engine.ts';
import { Events } from '../events.ts';
import { ImageStore } from '../images/image-store.ts';
import { createReceiver, type Receiver } from '../images/receiver/receiver.ts';
import { platform } from '../images/testing/sample-image.ts';
import { CircuitBreaker } from '../nodes/circuit-breaker.ts';
import type { NodeConnection } from '../nodes/connection-pool.ts';
import type { NodeLoads } from '../nodes/node-load.ts';
import { NodeSlots } from '../nodes/node-slots.ts';
import { BlobLocations } from '../registry/blob-locations.ts';
import { Pushes } from '../registry/pushes.ts';
import { FakeRegistry, respond } from '../registry/testing/fake-registry.ts';
import { schedule } from '../scheduling/schedule.ts';
import { newBuildId } from './build-record.ts';
import { BuildRun } from './build-run.ts';
import { BuildSecrets } from './build-secrets.ts';
import { History } from './history.ts';
import { NodeWork } from './node-work.ts';
import type { PreparedBuild } from './prepare-build.ts';
import { ProjectMemory } from './project-memory.ts';
import { RunningBuilds } from './running-builds.ts';
import { SharedPortForwards } from './shared-port-forwards.ts';
import { type FakeBuild, fakeNode, up } from './testing/fake-node.ts';

const amd64 = platform('linux/amd64');
const arm64 = platform('linux/arm64');

let folder: string;
let context: string;
let store: ImageStore;
let receiver: Receiver;
let running: RunningBuilds;
let history: History;
let slots: NodeSlots;
let breaker: CircuitBreaker;
let events: AppEvent[];
/** What the engine of each node does with a build. Without an entry, it builds the image. */
let builds: Map<string, FakeBuild>;
/** The loss of each node's connection. */
let losses: Map<string, AbortController>;
let push: BuildRequest['push'];
/** The answer of each node about its build cache. */
let cache: BuildCache | undefined;
let changes: Partial<BuildRequest>;
/** The names of the connections that were requested, in order. */
let requested: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-run-'));
  context = join(folder, 'project');
  await mkdir(context);
  await writeFile(join(context, 'Containerfile'), 'FROM scratch\nCOPY . /\n');
  store = await ImageStore.open(join(folder, 'images'));
  receiver = createReceiver(store);
  running = new RunningBuilds(join(folder, 'running'));
  history = new History(join(folder, 'builds'), running, (reference) => store.find(reference));
  breaker = new CircuitBreaker({ folder, connections: async () => [] });
  slots = new NodeSlots(join(folder, 'slots'), { slotsOf: async () => () => 1 });
  events = [];
  builds = new Map();
  losses = new Map();
  requested = [];
  push = undefined;
  cache = undefined;
  changes = {};
});
afterEach(async () => {
  breaker.close();
  await receiver.close();
  await store.close();
  await rm(folder, { recursive: true });
});

/** Connects to a node that does what {@link builds} says. */
function connect(node: string): NodeConnection {
  requested.push(node);
  const loss = losses.get(node) ?? new AbortController();
  losses.set(node, loss);
  const found = fakeNode(node, loss.signal, (build, signal) => builds.get(node)?.(build, signal) ?? Promise.resolve());
  return { ...found, engine: { ...found.engine, ...(cache ? { cache } : {}) } };
}

function prepare(nodes: readonly NodeStatus[], load: NodeLoads = {}): PreparedBuild {
  const content = Buffer.from('FROM scratch\nCOPY . /\n');
  const options = { context, reference: 'api:1', pins: {}, emulate: true, buildArgs: {}, labels: {} };
  const request = { ...options, noCache: false, pull: 'missing', retention: 'cache', push } as const;
  return {
    request: { ...request, ...changes },
    given: { ...request, ...changes },
    containerfile: { path: join(context, 'Containerfile'), name: 'Containerfile', content, parts: [] },
    containerfilesFor: new Map(),
    contents: { context, content, file: join(context, 'Containerfile') },
    namedContexts: { all: [], values: {}, release: () => undefined },
    source: { context, folder: context, project: context, name: 'api', isForeign: false, release: () => undefined },
    inputs: {},
    secrets: BuildSecrets.none,
    project: new ProjectMemory(join(folder, 'projects'), 'p', context),
    connections: nodes.map(({ connection }) => ({ name: connection, uri: `ssh://${connection}` })),
    nodes,
    schedule: schedule({ nodes, emulate: true, load, pins: changes.pins ?? {} }),
  };
}

async function start(nodes: readonly NodeStatus[]): Promise<{ run: BuildRun; ended: Promise<unknown> }> {
  const emitter = new Events();
  emitter.subscribe((event) => events.push(event));
  const pushes = new Pushes({ store, events: emitter, locations: new BlobLocations(folder), record: async () => {} });
  const portForwards = new SharedPortForwards(receiver.server);
  const pool = { connect: async ({ name }: { name: string }) => connect(name) };
  const services = {
    store,
    receiver,
    portForwards,
    layouts: new TarLayouts(join(folder, 'context-layouts')),
    nodeWork: new NodeWork(join(folder, 'node-work'), running, async () => []),
    pool,
    slots,
    breaker,
    events: emitter,
    history,
    running,
    pushes,
    outputs: { begin: () => expect.fail('no outputs were asked for') },
    spoolFolder: join(folder, 'spool'),
    indexFolder: join(folder, 'contexts'),
  };
  const queued = { id: newBuildId(), reference: 'localhost/shop:1' };
  const { assigned, slots: reserved } = await slots.reserve(
    queued,
    prepare(nodes).connections,
    (load) => prepare(nodes, load),
    (prepared) => prepared.schedule.assignments,
  );
  const run = new BuildRun(services, queued, assigned, reserved);
  await run.open();
  return { run, ended: run.run() };
}

const stopsWhenAborted = (_: EngineBuild, signal: AbortSignal): Promise<void> =>
  new Promise((_resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    signal.addEventListener('abort', stop);
    if (signal.aborted) {
      stop();
    }
  });
const failed = (message: string): Failure => fail('build.failed', message, 'Fix it.');
const statuses = (run: BuildRun) => run.build.jobs.map((job) => `${job.platform} ${job.node} ${job.status}`);

test('a build joins the images of all platforms in a manifest list', async () => {
  const { run, ended } = await start([up('big', amd64), up('pi4', arm64)]);
  await ended;
  expect(statuses(run)).toEqual(['linux/amd64 big done', 'linux/arm64 pi4 done']);
  expect(run.build).toMatchObject({ status: 'done', context: { files: 1 } });
  expect((await store.find('api:1')).entries.map((entry) => entry.platform)).toEqual([amd64, arm64]);
  expect(await history.get(run.id)).toEqual(run.build);
  expect([events[0]?.event, events.at(-1)?.event]).toEqual(['build.started', 'build.finished']);
});

test('a platform that fails does not stop the others, and there is no list', async () => {
  builds.set('pi4', () => Promise.reject(failed('The step failed.')));
  const { run, ended } = await start([up('big', amd64), up('pi4', arm64)]);
  await ended;
  expect(statuses(run)).toEqual(['linux/amd64 big done', 'linux/arm64 pi4 failed']);
  expect(run.build).toMatchObject({ status: 'failed', problem: { code: 'build.failed', message: 'The step failed.' } });
  expect(await store.list()).toEqual([]);
});

test('a build whose platforms all fail names them', async () => {
  builds.set('big', () => Promise.reject(failed('No space.')));
  builds.set('pi4', () => Promise.reject(failed('No compiler.')));
  const { run, ended } = await start([up('big', amd64), up('pi4', arm64)]);
  await ended;
  expect(run.build.problem?.message).toBe('2 platforms failed: linux/amd64, linux/arm64. No space.');
});

test('another node takes over the job of a lost node', async () => {
  builds.set('one', () => {
    losses.get('one')?.abort(fail('ssh.lost', 'Node one was lost.', 'Look at it.'));
    return Promise.reject(new Error('aborted'));
  });
  const { run, ended } = await start([up('one', arm64), up('two', arm64)]);
  await ended;
  expect(statuses(run)).toEqual(['linux/arm64 two done']);
  expect(run.build.jobs[0]?.lost).toMatchObject([{ node: 'one', problem: { code: 'ssh.lost' } }]);
});

test('a job whose node is lost fails if no other node can build its platform', async () => {
  builds.set('pi4', () => Promise.reject(fail('ssh.lost', 'Node pi4 was lost.', 'Look at it.')));
  const { run, ended } = await start([up('big', amd64), up('pi4', arm64)]);
  await ended;
  expect(statuses(run)).toEqual(['linux/amd64 big done', 'linux/arm64 pi4 failed']);
});

describe('a job that takes too long', () => {
  const both = [up('one', arm64), up('two', arm64)];
  const slow = (): NonNullable<BuildRun['build']['jobs'][0]['second']> | undefined => current?.build.jobs[0]?.second;
  let current: BuildRun | undefined;
  beforeEach(() => {
    changes = { secondStart: '1', pins: {} };
    builds.set('one', stopsWhenAborted);
  });

  const begin = async (nodes = both): Promise<{ run: BuildRun; ended: Promise<unknown> }> => {
    const started = await start(nodes);
    current = started.run;
    return started;
  };

  test('is also started on an idle node, whose image is taken when it is first', async () => {
    let hasStopped = false;
    builds.set('one', async (build, signal) => {
      await stopsWhenAborted(build, signal).catch(() => undefined);
      hasStopped = true;
      throw signal.reason;
    });
    const { run, ended } = await begin();
    await ended;
    expect(run.build).toMatchObject({ status: 'done', jobs: [{ node: 'two', status: 'done' }] });
    expect(slow()).toMatchObject({ node: 'two', beside: 'one', state: 'taken' });
    expect(run.build.jobs[0]?.lost).toMatchObject([{ node: 'one', problem: { code: 'node.slow' } }]);
    // the build ends when nothing of it runs on the slow node
    expect(hasStopped).toBe(true);
    expect(await slots.load(both.map(({ connection: name }) => ({ name, uri: `ssh://${name}` })))).toMatchObject({
      one: { jobs: [] },
      two: { jobs: [] },
    });
    expect(await readdir(join(folder, 'node-work'))).toEqual([]);
    expect((await store.find('api:1')).entries).toMatchObject([{ platform: arm64, digest: run.build.jobs[0]?.digest }]);
    expect(await history.get(run.id)).toEqual(run.build);
    expect((await prepare(both).project.times()).map(({ node }) => node).sort()).toEqual(['one', 'two']);
  });

  test('has the steps of the attempt that counts, and the lines of both', async () => {
    let finish = (): void => undefined;
    builds.set('two', () => new Promise((resolve) => (finish = resolve)));
    const { run, ended } = await begin();
    await expect.poll(() => slow()?.state).toBe('running');
    const lineOf = (text: RegExp): number => run.log(arm64)?.tail.findIndex((line) => text.test(line)) ?? -1;
    await expect.poll(() => lineOf(/^\[two\] STEP 1\/1: COPY/)).not.toBe(-1);
    await expect.poll(() => lineOf(/^STEP 1\/1: COPY|^\[one\] STEP 1\/1: COPY/)).not.toBe(-1);
    const firstLineOfOne = lineOf(/^STEP 1\/1: COPY|^\[one\] STEP 1\/1: COPY/);
    expect(run.build.jobs[0]).toMatchObject({ node: 'one', steps: [{ firstLine: firstLineOfOne }] });
    finish();
    await ended;
    const { lines } = (await run.log(arm64)?.read(0, 20)) ?? expect.fail('there is no log');
    const firstLine = lines.indexOf('[two] STEP 1/1: COPY . /');
    expect(run.build.jobs[0]).toMatchObject({ node: 'two', steps: [{ firstLine }] });
    const seen = new LiveBuild(
      events.flatMap((each) => (each.event === 'build.started' ? [each.build] : []))[0] as Build,
    );
    for (const event of events.filter(({ event: kind }) => kind !== 'build.finished')) {
      seen.apply(event);
    }
    expect(seen.build.jobs).toEqual(run.build.jobs);
    const numbers = events.flatMap((event) =>
      event.event === 'job.log' ? event.lines.map((line, index) => [event.from + index, line]) : [],
    );
    expect(numbers).toEqual(lines.map((line, index) => [index, line]));
  });

  test('keeps its node if that is first all the same', async () => {
    let finish = (): void => undefined;
    builds.set('one', () => new Promise((resolve) => (finish = resolve)));
    let two: 'building' | 'stopped' | undefined;
    builds.set('two', async (build, signal) => {
      two = 'building';
      await stopsWhenAborted(build, signal).catch(() => undefined);
      two = 'stopped';
      throw signal.reason;
    });
    const { run, ended } = await begin();
    await expect.poll(() => two).toBe('building');
    finish();
    await ended;
    expect(run.build).toMatchObject({
      status: 'done',
      jobs: [{ node: 'one', lost: [], second: { state: 'stopped' } }],
    });
    expect(two).toBe('stopped');
    expect(await readdir(join(folder, 'node-work'))).toEqual([]);
  });

  test.each(['one', 'two'])('goes on when the attempt on node %s fails', async (failing) => {
    const ends = new Map<string, { finish: () => void; fail: () => void }>();
    for (const name of ['one', 'two']) {
      builds.set(
        name,
        () => new Promise((finish, reject) => ends.set(name, { finish, fail: () => reject(failed('No.')) })),
      );
    }
    const other = failing === 'one' ? 'two' : 'one';
    const { run, ended } = await begin();
    await expect.poll(() => ends.size).toBe(2);
    ends.get(failing)?.fail();
    await expect.poll(() => slow()?.state).toBe(failing === 'one' ? 'taken' : 'failed');
    ends.get(other)?.finish();
    await ended;
    expect(statuses(run)).toEqual([`linux/arm64 ${other} done`]);
    expect(run.build.jobs[0]).toMatchObject(
      failing === 'one'
        ? { lost: [{ node: 'one', problem: { code: 'build.failed' } }] }
        : { lost: [], second: { problem: { code: 'build.failed' } } },
    );
  });

  test('fails when both attempts fail', async () => {
    builds.set('two', () => Promise.reject(failed('Two fails.')));
    const { run, ended } = await begin();
    await expect.poll(() => slow()?.state).toBe('failed');
    losses.get('one')?.abort(fail('ssh.lost', 'Node one was lost.', 'Look at it.'));
    await ended;
    expect(statuses(run)).toEqual(['linux/arm64 one failed']);
    expect(run.build.problem?.code).toBe('ssh.lost');
  });

  test('is cancelled on both nodes', async () => {
    const started: string[] = [];
    const stopped: string[] = [];
    for (const name of ['one', 'two']) {
      builds.set(name, async (build, signal) => {
        started.push(name);
        await stopsWhenAborted(build, signal).catch(() => undefined);
        stopped.push(name);
        throw signal.reason;
      });
    }
    const { run, ended } = await begin();
    await expect.poll(() => started).toEqual(['one', 'two']);
    run.cancel(arm64);
    await ended;
    expect(stopped.sort()).toEqual(['one', 'two']);
    expect(run.build).toMatchObject({
      status: 'cancelled',
      jobs: [{ status: 'cancelled', second: { state: 'stopped' } }],
    });
    expect(await readdir(join(folder, 'node-work'))).toEqual([]);
  });
});

describe('when a connection is changed', () => {
  test('the job that uses it is stopped on its node before it moves', async () => {
    let endStop = (): void => undefined;
    const isStopped = new Promise<void>((resolve) => (endStop = resolve));
    builds.set('one', async (build, signal) => {
      await stopsWhenAborted(build, signal).catch(() => isStopped);
      throw signal.reason;
    });
    const { run, ended } = await start([up('one', arm64), up('two', arm64)]);
    await expect.poll(() => statuses(run)).toEqual(['linux/arm64 one building']);
    let isUnused = false;
    const unused = run.connectionChanged({ kind: 'removed', name: 'one' }).then(() => (isUnused = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isUnused).toBe(false);
    endStop();
    await unused;
    await ended;
    expect(statuses(run)).toEqual(['linux/arm64 two done']);
    const problem = { code: 'connection.removed', message: 'The connection one was removed during the build.' };
    expect(run.build.jobs[0]?.lost).toMatchObject([{ node: 'one', problem }]);
    expect(requested).toEqual(['one', 'two']);
  });

  test('the job that uses it fails with that reason if no other node can build its platform', async () => {
    builds.set('pi4', stopsWhenAborted);
    const { run, ended } = await start([up('big', amd64), up('pi4', arm64)]);
    await expect.poll(() => statuses(run)).toEqual(['linux/amd64 big done', 'linux/arm64 pi4 building']);
    await run.connectionChanged({ kind: 'changed', name: 'pi4' });
    await ended;
    expect(statuses(run)).toEqual(['linux/amd64 big done', 'linux/arm64 pi4 failed']);
    expect(run.build.problem).toMatchObject({
      code: 'connection.changed',
      message: expect.stringContaining('pi4 was changed'),
    });
  });

  test('a job that waits for its node moves, and no job moves to it', async () => {
    let finish = (): void => undefined;
    builds.set('one', () => new Promise((resolve) => (finish = resolve)));
    const first = await start([up('one', arm64)]);
    await expect.poll(() => statuses(first.run)).toEqual(['linux/arm64 one building']);
    const second = await start([up('one', arm64), up('three', amd64)]);
    await expect.poll(() => second.run.build.jobs[1]?.wait).toMatchObject({ reason: 'slot', ahead: 0 });
    await second.run.connectionChanged({ kind: 'removed', name: 'one' });
    await second.ended;
    expect(statuses(second.run)).toEqual(['linux/amd64 three done', 'linux/arm64 one failed']);
    expect(requested).toEqual(['one', 'three']);
    finish();
    await first.ended;
    expect(statuses(first.run)).toEqual(['linux/arm64 one done']);
  });

  test('jobs go on if it is only renamed, and use it under its new name', async () => {
    let finish = (): void => undefined;
    builds.set('pi4', () => new Promise((resolve) => (finish = resolve)));
    const first = await start([up('pi4', arm64)]);
    await expect.poll(() => statuses(first.run)).toEqual(['linux/arm64 pi4 building']);
    const second = await start([up('pi4', arm64)]);
    const now = { name: 'attic', uri: 'ssh://pi4' };
    await Promise.all([first, second].map(({ run }) => run.connectionChanged({ kind: 'renamed', name: 'pi4', now })));
    finish();
    await Promise.all([first.ended, second.ended]);
    expect([...statuses(first.run), ...statuses(second.run)]).toEqual(['linux/arm64 pi4 done', 'linux/arm64 pi4 done']);
    expect(requested).toEqual(['pi4', 'attic']);
  });

  test('it is still the one of the build after it was renamed', async () => {
    builds.set('pi4', stopsWhenAborted);
    const { run, ended } = await start([up('pi4', arm64)]);
    await expect.poll(() => statuses(run)).toEqual(['linux/arm64 pi4 building']);
    await run.connectionChanged({ kind: 'renamed', name: 'pi4', now: { name: 'attic', uri: 'ssh://pi4' } });
    await run.connectionChanged({ kind: 'removed', name: 'pi4' });
    expect(statuses(run)).toEqual(['linux/arm64 pi4 building']);
    await run.connectionChanged({ kind: 'removed', name: 'attic' });
    await ended;
    expect(run.build.problem).toMatchObject({ message: expect.stringContaining('attic was removed') });
  });
});

test('a cancelled platform does not stop the others, and the build is cancelled', async () => {
  builds.set('pi4', stopsWhenAborted);
  const { run, ended } = await start([up('big', amd64), up('pi4', arm64)]);
  await expect.poll(() => statuses(run)).toEqual(['linux/amd64 big done', 'linux/arm64 pi4 building']);
  run.cancel(arm64);
  await ended;
  expect(statuses(run)).toEqual(['linux/amd64 big done', 'linux/arm64 pi4 cancelled']);
  expect(run.build).toMatchObject({ status: 'cancelled', problem: { code: 'build.cancelled' } });
});

test('a cancelled build stops all jobs', async () => {
  builds.set('big', stopsWhenAborted);
  builds.set('pi4', stopsWhenAborted);
  const { run, ended } = await start([up('big', amd64), up('pi4', arm64)]);
  await expect.poll(() => run.build.jobs.every(({ status }) => status === 'building')).toBe(true);
  run.cancel();
  expect(statuses(run)).toEqual(['linux/amd64 big cancelling', 'linux/arm64 pi4 cancelling']);
  expect(isCancelling(run.build)).toBe(true);
  await ended;
  expect(statuses(run)).toEqual(['linux/amd64 big cancelled', 'linux/arm64 pi4 cancelled']);
  expect(run.build).toMatchObject({ status: 'cancelled', problem: { code: 'build.cancelled' } });
});

test('a job waits for the slot of a job of another build on its node, and says so', async () => {
  let finish = (): void => undefined;
  builds.set('pi4', () => new Promise((resolve) => (finish = resolve)));
  const first = await start([up('pi4', arm64)]);
  await expect.poll(() => statuses(first.run)).toEqual(['linux/arm64 pi4 building']);
  const second = await start([up('pi4', arm64)]);
  const third = await start([up('pi4', arm64)]);
  const waitOf = ({ run }: { run: BuildRun }) => run.build.jobs[0]?.wait;
  await expect
    .poll(() => waitOf(third))
    .toMatchObject({ reason: 'slot', ahead: 1, behind: [{ buildId: first.run.id }, { buildId: second.run.id }] });
  expect(waitOf(second)).toMatchObject({ reason: 'slot', ahead: 0 });
  third.run.cancel();
  await third.ended;
  expect(third.run.build.jobs[0]).toMatchObject({ status: 'cancelled' });
  expect(waitOf(third)).toBeUndefined();
  finish();
  await first.ended;
  await expect.poll(() => statuses(second.run)).toEqual(['linux/arm64 pi4 building']);
  expect(waitOf(second)).toBeUndefined();
  finish();
  await second.ended;
  expect(statuses(second.run)).toEqual(['linux/arm64 pi4 done']);
  expect(await slots.load(prepare([up('pi4', arm64)]).connections)).toMatchObject({ pi4: { jobs: { length: 0 } } });
});

test('an idle node takes over a job that waits, which is no failure', async () => {
  let finish = (): void => undefined;
  builds.set('one', () => new Promise((resolve) => (finish = resolve)));
  builds.set('two', stopsWhenAborted);
  const nodes = [up('one', arm64), up('two', arm64)];
  const first = await start(nodes);
  await expect.poll(() => statuses(first.run)).toEqual(['linux/arm64 one building']);
  const second = await start(nodes);
  await expect.poll(() => statuses(second.run)).toEqual(['linux/arm64 two building']);
  // both nodes are busy, so the third job waits on the first one
  const third = await start(nodes);
  await expect.poll(() => third.run.build.jobs[0]?.wait).toBeDefined();
  const waitsOn = third.run.build.jobs[0]?.node;
  expect(waitsOn).toBe('one');
  builds.delete('two');
  second.run.cancel();
  await second.ended;
  await third.ended;
  expect(third.run.build.jobs[0]).toMatchObject({ node: 'two', status: 'done', lost: [] });
  expect(third.run.build.jobs[0]?.reason).toMatch(/took over from one, which had no free slot$/);
  finish();
  await first.ended;
  expect(await slots.load(prepare(nodes).connections)).toMatchObject({
    one: { jobs: { length: 0 } },
    two: { jobs: { length: 0 } },
  });
});

test('a job that is pinned to its node waits there, also if another node is idle', async () => {
  let finish = (): void => undefined;
  builds.set('one', () => new Promise((resolve) => (finish = resolve)));
  const first = await start([up('one', arm64)]);
  await expect.poll(() => statuses(first.run)).toEqual(['linux/arm64 one building']);
  changes = { pins: { [arm64]: 'one' } };
  const pinned = await start([up('one', arm64), up('two', arm64)]);
  await expect.poll(() => pinned.run.build.jobs[0]?.wait).toBeDefined();
  changes = {};
  const unpinned = await start([up('one', arm64)]);
  const { run, ended } = await start([up('one', arm64), up('two', arm64)]);
  await ended;
  expect(statuses(run)).toEqual(['linux/arm64 two done']);
  expect(statuses(pinned.run)).toEqual(['linux/arm64 one queued']);
  unpinned.run.cancel();
  finish();
  await Promise.all([first.ended, unpinned.ended]);
  await expect.poll(() => statuses(pinned.run)).toEqual(['linux/arm64 one building']);
  finish();
  await pinned.ended;
});

test('failures of nodes are counted: those that may be of the build only if another node has built it', async () => {
  const count = async (node: string): Promise<boolean> => {
    await breaker.refresh();
    return breaker.isSetAside({ uri: `ssh://${node}` });
  };
  const nodes = [up('one', arm64), up('two', arm64)];
  const refuse = () => Promise.reject(fail('engine.refused', 'It could not build.', 'Look at it.'));
  builds.set('one', refuse);
  builds.set('two', refuse);
  for (let round = 0; round < 3; round++) {
    const { run, ended } = await start(nodes);
    await ended;
    expect(run.build).toMatchObject({ status: 'failed', jobs: [{ lost: [{ node: 'one' }], node: 'two' }] });
  }
  expect([await count('one'), await count('two')]).toEqual([false, false]);
  builds.delete('two');
  for (let round = 0; round < 3; round++) {
    const { run, ended } = await start(nodes);
    await ended;
    expect(run.build).toMatchObject({ status: 'done', jobs: [{ lost: [{ node: 'one' }], node: 'two' }] });
  }
  expect([await count('one'), await count('two')]).toEqual([true, false]);
  builds.delete('one');
  const { ended } = await start([up('one', arm64)]);
  await ended;
  expect(await count('one')).toBe(false);
});

test('a build that cannot be recorded leaves nothing behind and frees its slots', async () => {
  vi.spyOn(history, 'save').mockRejectedValue(fail('disk.full', 'The disk is full.', 'Free some space.'));
  await expect(start([up('pi4', arm64)])).rejects.toMatchObject({ problem: { code: 'disk.full' } });
  expect(await running.list()).toEqual([]);
  expect(await readdir(join(folder, 'builds'))).toEqual([]);
  expect(events).toEqual([]);
  expect(await slots.load(prepare([up('pi4', arm64)]).connections)).toMatchObject({ pi4: { jobs: { length: 0 } } });
});

test('another process sees the progress of a build, and can cancel it', async () => {
  builds.set('pi4', stopsWhenAborted);
  const { run, ended } = await start([up('pi4', arm64)]);
  const other = new RunningBuilds(join(folder, 'running'));
  const otherHistory = new History(join(folder, 'builds'), other, (reference) => store.find(reference));
  await expect.poll(async () => (await otherHistory.get(run.id)).jobs[0]?.status).toBe('building');
  expect(await otherHistory.get(run.id)).toMatchObject({ status: 'running' });
  await other.requestCancel(run.id);
  await other.ended(run.id);
  await ended;
  expect(await otherHistory.get(run.id)).toMatchObject({ status: 'cancelled', jobs: [{ status: 'cancelled' }] });
});

test('another process can cancel one platform of a build', async () => {
  builds.set('pi4', stopsWhenAborted);
  const { run, ended } = await start([up('big', amd64), up('pi4', arm64)]);
  await new RunningBuilds(join(folder, 'running')).requestCancel(run.id, arm64);
  await ended;
  expect(statuses(run)).toEqual(['linux/amd64 big done', 'linux/arm64 pi4 cancelled']);
});

test('an end that cannot be saved is saved later', async () => {
  let failures = 0;
  const save = history.save.bind(history);
  vi.spyOn(history, 'save').mockImplementation((build) => {
    if (build.status === 'done' && failures === 0) {
      failures += 1;
      return Promise.reject(fail('disk.full', 'The disk is full.', 'Free some space.'));
    }
    return save(build);
  });
  const { run, ended } = await start([up('pi4', arm64)]);
  expect(await ended).toBe(true);
  expect(failures).toBe(1);
  expect(await history.get(run.id)).toEqual(run.build);
});

test('a build whose image was committed is done, even if its end could never be saved', async () => {
  const save = history.save.bind(history);
  vi.spyOn(history, 'save').mockImplementation((build) =>
    build.status === 'running'
      ? save(build)
      : Promise.reject(fail('disk.full', 'The disk is full.', 'Free some space.')),
  );
  const { run, ended } = await start([up('pi4', arm64)]);
  expect(await ended).toBe(false);
  expect(await running.isRunning(run.id)).toBe(false);
  expect(await history.get(run.id)).toMatchObject({ status: 'done', list: { reference: 'api:1' } });
});

describe('a build that is pushed', () => {
  let registry: FakeRegistry;
  beforeEach(async () => {
    registry = await FakeRegistry.start();
    push = { destination: `${registry.host}/team/api:1`, tlsVerify: false };
  });
  afterEach(() => registry.stop());

  test('sends the blobs of a platform while another is being built, and the list last', async () => {
    builds.set('pi4', () => vi.waitFor(() => expect(registry.blobs.size).toBe(3), { timeout: 20_000 }));
    const { run, ended } = await start([up('big', amd64), up('pi4', arm64)]);
    await ended;
    const { digest } = await store.find('api:1');
    expect(registry.manifests.get('1')).toMatchObject({ bytes: (await store.readManifest(digest)).bytes });
    expect(registry.log.at(-2)).toBe('PUT /v2/team/api/manifests/1');
    expect(run.build).toMatchObject({ status: 'done', push: { status: 'done', digest, buildId: run.id } });
    expect(await history.get(run.id)).toEqual(run.build);
    const names = events.map(({ event }) => event).filter((name) => /finished/.test(name));
    expect(names).toEqual(['push.finished', 'build.finished']);
  });

  test('goes to the registry of each of its names, which it has here, too', async () => {
    const named = (name: string): string => `${registry.host}/team/${name}`;
    push = { tlsVerify: false, more: [named('mirror:1')] };
    changes = { reference: named('api:1'), furtherNames: [named('api:latest'), named('api:1'), 'here', named('web')] };
    const { run, ended } = await start([up('big', amd64)]);
    await ended;
    const { digest } = await store.find(named('api:1'));
    const found = await Promise.all(['api:latest', 'web:latest'].map((name) => store.find(named(name))));
    expect(found.map((list) => list.digest)).toEqual([digest, digest]);
    await expect(store.find(named('mirror:1'))).rejects.toThrow();
    const { push: first, furtherPushes = [] } = run.build;
    expect([first, ...furtherPushes].map((each) => each?.destination)).toEqual(
      ['api:1', 'api:latest', 'web:latest', 'mirror:1'].map(named),
    );
    expect(furtherPushes.every(({ status }) => status === 'done')).toBe(true);
  });

  test('has the tags of its platforms wherever it goes, and its release in each repository', async () => {
    const named = (name: string): string => `${registry.host}/team/${name}`;
    push = { tlsVerify: false };
    changes = {
      ...{ reference: named('api:1'), furtherNames: [named('api:latest'), named('mirror:1')] },
      ...{ archTags: true, releaseTag: 'v1' },
    };
    // each repository has tags of its own
    const there = new Set<string | undefined>();
    registry.fault = ({ method, url }, response) => {
      if (!url?.includes('/manifests/') || url.includes('sha256:') || there.has(url)) {
        return false;
      }
      if (method === 'PUT') {
        there.add(url);
        return false;
      }
      response.writeHead(404).end();
      return true;
    };
    const { run, ended } = await start([up('big', amd64)]);
    await ended;
    expect(run.build.push?.problem).toBeUndefined();
    const tags = registry.log.flatMap(
      (line) => /^PUT \/v2\/(.*)\/manifests\/(?!sha256)(.*)$/.exec(line)?.slice(1).join(':') ?? [],
    );
    expect([...new Set(tags)].sort()).toEqual(
      [
        ...['api:1', 'api:1-amd64', 'api:latest', 'api:latest-amd64', 'api:v1', 'api:v1-amd64'],
        ...['mirror:1', 'mirror:1-amd64', 'mirror:v1', 'mirror:v1-amd64'],
      ].map((name) => `team/${name}`),
    );
  });

  test('goes only where it is sent, not to its further names, and takes these from other images', async () => {
    changes = { furtherNames: ['web'] };
    await (await start([up('big', amd64)])).ended;
    const before = await store.find('web:latest');
    changes = { reference: 'other:1', furtherNames: ['web:latest'], labels: { new: '1' } };
    const { run, ended } = await start([up('pi4', arm64)]);
    await ended;
    expect(run.build.furtherPushes).toBeUndefined();
    const { digest } = await store.find('web:latest');
    expect(digest).toBe((await store.find('other:1')).digest);
    expect(digest).not.toBe(before.digest);
  });

  test('tags nothing if the image cannot be stored', async () => {
    vi.spyOn(store, 'commit').mockImplementation(async () => {
      // all but the tag is there by then
      await expect.poll(() => registry.log.filter((line) => /^PUT .*manifests\/sha256:/.test(line)).length).toBe(1);
      throw fail('disk.full', 'The disk is full.', 'Free some space.');
    });
    const { run, ended } = await start([up('big', amd64)]);
    await ended;
    expect(run.build).toMatchObject({
      status: 'failed',
      problem: { code: 'disk.full' },
      push: { status: 'cancelled', problem: { code: 'push.cancelled' } },
    });
    expect(run.build.push?.problem?.message).toContain('No tag was set');
    expect(registry.log.filter((line) => /^PUT .*manifests\/(?!sha256)/.test(line))).toEqual([]);
  });

  test('tags nothing if a platform fails', async () => {
    builds.set('pi4', () => Promise.reject(failed('The step failed.')));
    const { run, ended } = await start([up('big', amd64), up('pi4', arm64)]);
    await ended;
    expect(registry.manifests.size).toBe(0);
    expect(run.build).toMatchObject({ status: 'failed', push: { status: 'cancelled' } });
    expect(run.build.push?.problem?.message).toContain('not all platforms were built');
  });

  test('is done if only the push fails, which is told at once', async () => {
    registry.fault = (_request, response) => {
      respond(response, 403);
      return true;
    };
    builds.set('pi4', () =>
      vi.waitFor(() => expect(events.map(({ event }) => event)).toContain('push.finished'), { timeout: 20_000 }),
    );
    const { run, ended } = await start([up('big', amd64), up('pi4', arm64)]);
    await ended;
    expect(run.build).toMatchObject({ status: 'done', push: { status: 'failed' } });
    expect((await store.find('api:1')).digest).toBe(run.build.list?.digest);
  });

  test('keeps its image if it is cancelled while it is pushed', async () => {
    registry.fault = (request) => request.method === 'PUT' && (request.url ?? '').endsWith('/manifests/1');
    const { run, ended } = await start([up('big', amd64)]);
    await vi.waitFor(() => expect(registry.log.at(-1)).toBe('PUT /v2/team/api/manifests/1'), { timeout: 20_000 });
    run.cancel();
    await ended;
    expect(run.build).toMatchObject({ status: 'done', push: { status: 'cancelled' } });
    expect(registry.manifests.has('1')).toBe(false);
    expect((await store.find('api:1')).digest).toBe(run.build.list?.digest);
  });

  test('stops at once if it is cancelled while it is built', async () => {
    builds.set('big', stopsWhenAborted);
    const { run, ended } = await start([up('big', amd64)]);
    await vi.waitFor(() => expect(statuses(run)).toEqual(['linux/amd64 big building']), { timeout: 20_000 });
    run.cancel();
    await ended;
    expect(run.build).toMatchObject({ status: 'cancelled', push: { status: 'cancelled' } });
  });
});

describe('a build in which nothing has changed', () => {
  let count: number;
  let items: string[];
  beforeEach(() => {
    count = 0;
    items = ['abc'];
    builds.set('big', async () => void count++);
    cache = {
      read: async (query) => ({ bases: {}, items: query.items.filter((item) => items.includes(item)) }),
      used: async () => ({ bases: {}, items: ['abc'] }),
    };
  });

  const build = async (change: Partial<BuildRequest> = {}): Promise<BuildRun> => {
    changes = change;
    const { run, ended } = await start([up('big', amd64)]);
    await ended;
    expect(run.build.status).toBe('done');
    return run;
  };

  test('sends nothing to its node and has the image of the build before it', async () => {
    const first = await build();
    const second = await build();
    expect(count).toBe(1);
    expect(second.build.jobs[0]).toMatchObject({ status: 'done', skipped: true, bytesSent: 0, steps: [] });
    expect(second.build.jobs[0]?.digest).toBe(first.build.jobs[0]?.digest);
    expect(second.build.list?.digest).toBe(first.build.list?.digest);
    expect(await history.get(second.id)).toEqual(second.build);
    expect((await second.log(amd64)?.read(0, 10))?.lines.join()).toContain(first.id);
    // another reference is only another name
    expect((await build({ reference: 'other:1' })).build.jobs[0]?.skipped).toBe(true);
    expect((await store.find('other:1')).digest).toBe(first.build.list?.digest);
  });

  test.each<[string, () => unknown, Partial<BuildRequest>?]>([
    ['a file of the project', () => writeFile(join(context, 'new'), '')],
    ['an option', () => undefined, { labels: { a: 'b' } }],
    ['a part of the cache that is gone', () => (items = [])],
    ['a blob of the image that is gone', async () => (await store.remove('api:1')).freedBytes],
    ['that nothing is to be skipped', () => undefined, { skip: false }],
    ['that no cache is to be used', () => undefined, { noCache: true }],
    ['that nothing stays on the node', () => undefined, { retention: 'nothing' }],
  ])('is built because of %s', async (_, change, request) => {
    await build();
    await change();
    const { build: second } = await build(request);
    expect(count).toBe(2);
    expect(second.jobs[0]?.skipped).toBeUndefined();
  });

  test('is built if a base image that is pulled is another one now, which is found out last', async () => {
    let base: string | undefined = 'x';
    let count = 0;
    const asked: string[] = [];
    cache = {
      read: async (query) => ({ bases: { base: 'old' }, items: query.items, pulled: ['base'] }),
      pull: async (_, keys) => {
        asked.push(...keys);
        return Object.fromEntries(base === undefined ? [] : [['base', base]]);
      },
      used: async () => ({ bases: { base: 'x' }, items: ['abc'] }),
    };
    builds.set('big', async () => void count++);
    await build();
    expect(asked).toEqual([]);
    expect((await build()).build.jobs[0]?.skipped).toBe(true);
    expect(asked).toEqual(['base']);
    for (base of ['y', undefined]) {
      expect((await build()).build.jobs[0]?.skipped).toBeUndefined();
    }
    expect(asked.length).toBe(3);
    await writeFile(join(context, 'new'), '');
    await build();
    expect(asked.length).toBe(3);
    expect(count).toBe(4);
  });

  test('is built if a build without cache was begun since', async () => {
    await build();
    builds.set('big', () => Promise.reject(failed('The step failed.')));
    changes = { noCache: true };
    await (await start([up('big', amd64)])).ended;
    builds.set('big', async () => void count++);
    expect((await build()).build.jobs[0]?.skipped).toBeUndefined();
    expect(count).toBe(2);
  });
});
