import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Build } from '../../shared/build.ts';
import type { AppEvent } from '../../shared/contract.ts';
import { fail } from '../../shared/problem.ts';
import { TarLayouts } from '../context/tar-layouts.ts';
import { Events } from '../events.ts';
import { ImageStore } from '../images/image-store.ts';
import { createReceiver, type Receiver } from '../images/receiver/receiver.ts';
import { platform } from '../images/testing/sample-image.ts';
import { CircuitBreaker } from '../nodes/circuit-breaker.ts';
import { NodeSlots } from '../nodes/node-slots.ts';
import { BlobLocations } from '../registry/blob-locations.ts';
import { Pushes } from '../registry/pushes.ts';
import { SettingsStore } from '../settings/settings-store.ts';
import { testSources } from '../sources/testing/test-sources.ts';
import { Builds } from './builds.ts';
import { History } from './history.ts';
import { NodeWork } from './node-work.ts';
import { ProjectMemories } from './project-memory.ts';
import { RunningBuilds } from './running-builds.ts';
import { SharedPortForwards } from './shared-port-forwards.ts';
import { type FakeBuild, fakeNode, up } from './testing/fake-node.ts';

const amd64 = platform('linux/amd64');
const arm64 = platform('linux/arm64');
const nodes = [up('big', amd64), up('pi4', arm64)];
const connections = nodes.map(({ connection }) => ({ name: connection, uri: `ssh://${connection}` }));

/** The connections as they are when a build starts, after their nodes were probed. */
let connectionsNow: typeof connections;
let home: string;
let context: string;
let store: ImageStore;
let receiver: Receiver;
let settings: SettingsStore;
let builds: Builds;
let events: AppEvent[];
/** The nodes that were asked to build, in order. */
let builtOn: string[];
/** What the engine of each node does with a build. Without an entry, it builds the image. */
let onBuild: Map<string, FakeBuild>;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'barnraiser-retry-'));
  context = join(home, 'project');
  await mkdir(context);
  await writeFile(join(context, 'Dockerfile'), 'FROM scratch\n');
  settings = new SettingsStore(home);
  builtOn = [];
  onBuild = new Map();
  connectionsNow = connections;
  await open();
});
afterEach(async () => {
  await close();
  await rm(home, { recursive: true });
});

/** Opens the data folder, as each process does. */
async function open(): Promise<void> {
  store = await ImageStore.open(join(home, 'images'));
  receiver = createReceiver(store);
  const running = new RunningBuilds(join(home, 'running'));
  const emitter = new Events();
  events = [];
  emitter.subscribe((event) => events.push(event));
  builds = new Builds({
    sources: testSources(home),
    store,
    receiver,
    settings,
    running,
    pushes: new Pushes({ store, events: emitter, locations: new BlobLocations(home), record: async () => {} }),
    outputs: { begin: () => expect.fail('no outputs were asked for'), check: async () => undefined },
    events: emitter,
    followsOthers: false,
    portForwards: new SharedPortForwards(receiver.server),
    layouts: new TarLayouts(join(home, 'context-layouts')),
    nodeWork: new NodeWork(join(home, 'node-work'), running, async () => []),
    breaker: new CircuitBreaker({ folder: home, connections: async () => [] }),
    slots: new NodeSlots(join(home, 'slots'), { slotsOf: async () => () => 2 }),
    history: new History(join(home, 'builds'), running, (reference) => store.find(reference)),
    projects: new ProjectMemories(join(home, 'projects')),
    spoolFolder: join(home, 'spool'),
    indexFolder: join(home, 'contexts'),
    nodes: {
      defaultFarm: async () => undefined,
      pinsOf: async () => ({}),
      select: async () => connections,
      probeConnections: async () => nodes,
      renew: async () => undefined,
      unavailable: () => ({}),
      statuses: () => nodes,
      connections: async () => connectionsNow,
      keepProbes: async () => undefined,
    },
    pool: {
      connect: async ({ name }) =>
        fakeNode(name, new AbortController().signal, async (build, signal) => {
          builtOn.push(name);
          await onBuild.get(name)?.(build, signal);
        }),
    },
  });
}

async function close(): Promise<void> {
  await builds.close();
  await receiver.close();
  await store.close();
}

async function ended({ id }: Build): Promise<Build> {
  await expect.poll(async () => (await builds.get(id)).status).not.toBe('running');
  // its end is reported after it is saved
  await expect.poll(() => events.some((event) => event.event === 'build.finished' && event.build.id === id)).toBe(true);
  return builds.get(id);
}

const request = { reference: 'api:1', pins: {}, emulate: true, buildArgs: {}, labels: {} };
const options = { ...request, noCache: false, pull: 'missing', retention: 'cache' } as const;

/** A build whose platform arm64 failed. */
async function failedBuild(): Promise<Build> {
  onBuild.set('pi4', () => Promise.reject(fail('build.failed', 'The step failed.', 'Fix it.')));
  const build = await ended(await builds.start({ ...options, context }));
  onBuild.delete('pi4');
  builtOn = [];
  return build;
}

const outcome = ({ jobs }: Build) => jobs.map(({ platform: name, status }) => `${name} ${status}`);

test('a retry builds only what failed and has the finished images, also after a restart', async () => {
  const failed = await failedBuild();
  expect(outcome(failed)).toEqual(['linux/amd64 done', 'linux/arm64 failed']);
  await close();
  await open();
  await store.collectGarbage();
  const retried = await ended(await builds.retry({ id: failed.id }));
  expect(builtOn).toEqual(['pi4']);
  expect(outcome(retried)).toEqual(['linux/amd64 done', 'linux/arm64 done']);
  expect(retried.jobs.map(({ reusedFrom }) => reusedFrom)).toEqual([failed.id, undefined]);
  expect(retried).toMatchObject({ status: 'done', request: { platforms: [amd64, arm64] } });
  const list = await store.find('api:1');
  expect(list.entries.map(({ digest }) => digest)).toEqual(retried.jobs.map(({ digest }) => digest));
  expect(list.entries[0]?.digest).toBe(failed.jobs[0]?.digest);
  await store.verify('api:1');
});

test('a retry of a retry still has the image and the log of the first build', async () => {
  const failed = await failedBuild();
  onBuild.set('pi4', () => Promise.reject(fail('build.failed', 'Again.', 'Fix it.')));
  const second = await ended(await builds.retry({ id: failed.id }));
  onBuild.delete('pi4');
  await builds.remove(failed.id);
  expect(events).toContainEqual({ event: 'builds.removed', ids: [failed.id] });
  const third = await ended(await builds.retry({ id: second.id }));
  expect(third.jobs[0]).toMatchObject({ status: 'done', reusedFrom: failed.id });
  expect(third.status).toBe('done');
});

test('the log of a reused platform is that of the build that made it', async () => {
  const failed = await failedBuild();
  const { id } = await ended(await builds.retry({ id: failed.id }));
  const { lines } = await builds.log({ id, platform: amd64, from: 0, count: 10 });
  expect(lines.join()).toContain('COPY . /');
});

test('named platforms are built again, also of a build that is done', async () => {
  const done = await ended(await builds.start({ ...options, context }));
  builtOn = [];
  await expect(builds.retry({ id: done.id })).rejects.toMatchObject({ problem: { code: 'input.invalid' } });
  await expect(builds.retry({ id: done.id, platforms: [platform('linux/s390x')] })).rejects.toMatchObject({
    problem: { code: 'build.unknown' },
  });
  const again = await ended(await builds.retry({ id: done.id, platforms: [amd64] }));
  expect(builtOn).toEqual(['big']);
  expect(again.jobs.map(({ reusedFrom }) => reusedFrom)).toEqual([undefined, done.id]);
  expect(again.status).toBe('done');
});

test('a platform whose image is gone is built again', async () => {
  const failed = await failedBuild();
  await store.releaseKept([failed.id]);
  const retried = await ended(await builds.retry({ id: failed.id }));
  expect(builtOn.sort()).toEqual(['big', 'pi4']);
  expect(retried.status).toBe('done');
});

test('the finished images of an incomplete build are stored as a list that says what it lacks', async () => {
  const failed = await failedBuild();
  const stored = await builds.storeIncomplete(failed.id);
  expect(stored).toMatchObject({ status: 'failed', list: { reference: 'api:1', missing: [arm64] } });
  expect(await store.list()).toEqual([stored.list]);
  expect(await builds.get(failed.id)).toEqual(stored);
  expect(events.at(-1)).toEqual({ event: 'build.finished', build: stored });
  // it can still be completed
  const retried = await ended(await builds.retry({ id: failed.id }));
  expect(builtOn).toEqual(['pi4']);
  expect((await store.find('api:1')).missing).toBeUndefined();
  expect(retried.status).toBe('done');
});

test('nothing is stored if nothing was built', async () => {
  onBuild.set('big', () => Promise.reject(fail('build.failed', 'No.', 'Fix it.')));
  const failed = await failedBuild();
  await expect(builds.storeIncomplete(failed.id)).rejects.toMatchObject({ problem: { code: 'image.incomplete' } });
});

test('a build that is deleted leaves no images behind', async () => {
  const failed = await failedBuild();
  expect(await store.blobs.listDigests()).not.toEqual([]);
  await builds.remove(failed.id);
  expect(await store.blobs.listDigests()).toEqual([]);
});

test('builds beyond the limit are deleted with their images when another ends', async () => {
  await settings.update({ keepBuilds: 1 });
  const first = await failedBuild();
  const second = await failedBuild();
  await expect.poll(() => events).toContainEqual({ event: 'builds.removed', ids: [first.id] });
  const { entries } = await builds.list({ limit: 10, filter: {} });
  expect(entries.map(({ id }) => id)).toEqual([second.id]);
});

test('a job that is done is in the record while others run', async () => {
  let finish = (): void => undefined;
  onBuild.set('pi4', () => new Promise((resolve) => (finish = resolve)));
  const { id } = await builds.start({ ...options, context });
  await expect
    .poll(async () => readFile(join(home, 'builds', id, 'build.json'), 'utf8').catch(() => ''))
    .toContain('"digest"');
  finish();
  await ended(await builds.get(id));
});

test('what was read is what is built and shown, whatever the Containerfile becomes meanwhile', async () => {
  let sent = '';
  onBuild.set('pi4', async (build) => {
    sent = (await build.context.tar().toArray()).join('');
  });
  const path = join(context, 'Dockerfile');
  const started = builds.start({ ...options, context });
  const { id } = await started;
  await writeFile(path, 'FROM changed\n');
  await ended(await builds.get(id));
  const source = await builds.source(id);
  const steps = [{ id: '0:1', index: 1, total: 1, name: 'FROM scratch', line: 1 }];
  expect(source).toMatchObject({ path, lines: ['FROM scratch', ''], steps });
  expect(sent).toContain('FROM scratch');
  expect(sent).not.toContain('FROM changed');
});

test('a connection that was removed while its node was probed is not used', async () => {
  connectionsNow = connections.filter(({ name }) => name !== 'pi4');
  const build = await ended(await builds.start({ ...options, context }));
  expect(builtOn).toEqual(['big']);
  expect(build.jobs.map((job) => job.problem?.code)).toEqual([undefined, 'connection.removed']);
});

test('a failed platform of a running build is built again in it', async () => {
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  onBuild.set('big', () => finished);
  onBuild.set('pi4', () => Promise.reject(fail('build.failed', 'The step failed.', 'Fix it.')));
  const { id } = await builds.start({ ...options, context });
  await expect.poll(async () => (await builds.get(id)).jobs[1]?.status).toBe('failed');
  await expect(builds.retry({ id, platforms: [amd64] })).rejects.toMatchObject({ problem: { code: 'input.invalid' } });
  onBuild.delete('pi4');
  expect(await builds.retry({ id, platforms: [arm64] })).toMatchObject({ id, status: 'running' });
  await expect.poll(async () => (await builds.get(id)).jobs[1]?.status).toBe('done');
  finish();
  await expect.poll(async () => (await builds.get(id)).status).toBe('done');
  expect(outcome(await builds.get(id))).toEqual(['linux/amd64 done', 'linux/arm64 done']);
  expect((await builds.get(id)).jobs[1]).not.toHaveProperty('problem');
});

/** A build whose process has died while the build had one image. */
async function interruptedBuild(): Promise<Build> {
  const failed = await failedBuild();
  const { durationMs: _, problem: __, ...running } = failed;
  const jobs = failed.jobs.map(({ problem: _problem, lastLines: _lines, ...job }) =>
    job.status === 'done' ? job : { ...job, status: 'building' as const },
  );
  const record = { version: 3, build: { ...running, status: 'running', jobs } };
  await writeFile(join(home, 'builds', failed.id, 'build.json'), JSON.stringify(record));
  await close();
  await open();
  return builds.get(failed.id);
}

test('an interrupted build is resumed under its id, and builds only what was not finished', async () => {
  const interrupted = await interruptedBuild();
  const { id } = interrupted;
  expect(interrupted.status).toBe('interrupted');
  expect(outcome(interrupted)).toEqual(['linux/amd64 done', 'linux/arm64 interrupted']);
  await store.collectGarbage();
  // either may be the first
  const outcomes = await Promise.allSettled([builds.resume({ id }), builds.resume({ id })]);
  const refused = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  expect(refused).toMatchObject([{ problem: { code: 'build.running' } }]);
  const end = await ended(interrupted);
  expect(builtOn).toEqual(['pi4']);
  expect(end).toMatchObject({ id, status: 'done', createdAt: interrupted.createdAt, resumedAt: expect.any(String) });
  expect(end.jobs[0]).toEqual(interrupted.jobs[0]);
  expect((await store.find('api:1')).entries.map(({ digest }) => digest)).toEqual(end.jobs.map(({ digest }) => digest));
  await expect(builds.resume({ id })).rejects.toMatchObject({ problem: { code: 'input.invalid' } });
});

test('an interrupted build whose project has changed is resumed only after a yes', async () => {
  const { id } = await interruptedBuild();
  await writeFile(join(context, 'new'), 'file');
  await expect(builds.resume({ id })).rejects.toMatchObject({
    problem: { code: 'build.changed', actions: [{ id: 'resume-changed', build: id }] },
  });
  expect((await builds.get(id)).status).toBe('interrupted');
  const resumed = await builds.resume({ id, acceptsChanges: true });
  expect((await ended(resumed)).status).toBe('done');
});

test('a build is done without an optional platform that fails, which a retry adds', async () => {
  onBuild.set('pi4', () => Promise.reject(fail('build.failed', 'The step failed.', 'Fix it.')));
  const optionalPlatforms = [arm64, platform('linux/s390x')];
  const done = await ended(await builds.start({ ...options, context, optionalPlatforms }));
  expect(done).toMatchObject({ status: 'done', missing: optionalPlatforms });
  expect(outcome(done)).toEqual(['linux/amd64 done', 'linux/arm64 failed']);
  expect(await store.find('api:1')).toMatchObject({ missing: optionalPlatforms, optional: optionalPlatforms });
  onBuild.delete('pi4');
  builtOn = [];
  const retried = await ended(await builds.retry({ id: done.id }));
  expect(builtOn).toEqual(['pi4']);
  expect(retried).toMatchObject({ status: 'done', missing: [platform('linux/s390x')] });
  // at least one platform has to be built
  for (const node of ['big', 'pi4']) {
    onBuild.set(node, () => Promise.reject(fail('build.failed', 'The step failed.', 'Fix it.')));
  }
  const failed = await ended(await builds.start({ ...options, context, optionalPlatforms: [amd64, arm64] }));
  expect(failed.status).toBe('failed');
  await expect(
    builds.start({
      ...options,
      context,
      platforms: optionalPlatforms.slice(1),
      optionalPlatforms: optionalPlatforms.slice(1),
    }),
  ).rejects.toMatchObject({ problem: { code: 'schedule.no-node' } });
});
