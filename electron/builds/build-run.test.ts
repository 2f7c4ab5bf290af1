import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AppEvent } from '../../shared/contract.ts';
import type { NodeStatus } from '../../shared/node.ts';
import type { Platform } from '../../shared/platform.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import type { Engine, EngineBuild } from '../engines/engine.ts';
import type { Transport } from '../engines/transport/transport.ts';
import { Events } from '../events.ts';
import { digestOf } from '../images/digest.ts';
import { ImageStore } from '../images/image-store.ts';
import { createReceiver, type Receiver } from '../images/receiver/receiver.ts';
import { platform, sampleImage } from '../images/testing/sample-image.ts';
import type { NodeConnection } from '../nodes/connection-pool.ts';
import { schedule } from '../scheduling/schedule.ts';
import { BuildRun } from './build-run.ts';
import { History } from './history.ts';
import type { PreparedBuild } from './prepare-build.ts';
import { ProjectMemories } from './project-memory.ts';
import { SharedPortForwards } from './shared-port-forwards.ts';

const amd64 = platform('linux/amd64');
const arm64 = platform('linux/arm64');

let folder: string;
let context: string;
let store: ImageStore;
let receiver: Receiver;
let history: History;
let events: AppEvent[];
/** What the engine of each node does with a build. Without an entry, it builds the image. */
let builds: Map<string, (build: EngineBuild, signal: AbortSignal) => Promise<void>>;
/** The loss of each node's connection. */
let losses: Map<string, AbortController>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-run-'));
  context = join(folder, 'project');
  await mkdir(context);
  await writeFile(join(context, 'Containerfile'), 'FROM scratch\nCOPY . /\n');
  store = await ImageStore.open(join(folder, 'images'));
  receiver = createReceiver(store);
  history = new History(join(folder, 'builds'));
  events = [];
  builds = new Map();
  losses = new Map();
});
afterEach(async () => {
  await receiver.close();
  await store.close();
  await rm(folder, { recursive: true });
});

/** The OCI archive of an image for a platform. */
function archiveOf(target: Platform): Readable {
  const image = sampleImage(target);
  const archive = pack();
  for (const bytes of [...image.layers, image.config, image.manifest]) {
    archive.entry({ name: `blobs/sha256/${digestOf(bytes).slice(7)}` }, bytes);
  }
  const { manifest, mediaType } = image;
  const manifests = [{ mediaType, digest: digestOf(manifest), size: manifest.length }];
  archive.entry({ name: 'index.json' }, JSON.stringify({ schemaVersion: 2, manifests }));
  archive.entry({ name: 'oci-layout' }, '{}');
  archive.finalize();
  return Readable.from(archive);
}

/** A connection whose node builds images and can only export them. */
function connect(node: string): NodeConnection {
  const unused = (): never => expect.fail('not used in a build');
  const loss = losses.get(node) ?? new AbortController();
  losses.set(node, loss);
  let built: Platform | undefined;
  const transport: Transport = {
    name: node,
    socketPath: '/x.sock',
    lost: loss.signal,
    request: unused,
    run: unused,
    isSaturated: unused,
    idleSince: unused,
    checkAlive: unused,
    close: unused,
    forwardPort: () => Promise.reject(fail('ssh.forwarding-refused', 'Forwarding is not allowed.', 'Allow it.')),
  };
  const engine: Engine = {
    kind: 'podman',
    probe: unused,
    prune: unused,
    diskUsage: unused,
    push: unused,
    build: async (build, onOutput, signal) => {
      expect(await text(build.context())).toContain('FROM scratch');
      onOutput({ kind: 'step', index: 1, total: 1, text: 'COPY . /' });
      await builds.get(node)?.(build, signal);
      built = build.platform;
      return { imageId: 'abc' };
    },
    export: async () => archiveOf(built ?? expect.fail('nothing was built')),
    tag: async () => undefined,
    untag: async () => undefined,
    remove: async () => true,
  };
  return { connection: { name: node, uri: `ssh://${node}` }, transport, engine };
}

function up(connection: string, native: Platform): NodeStatus {
  const space = { total: 1, free: 1 };
  const machine = { hostname: connection, rootless: true, cpus: 4, memory: space, disk: space, latencyMs: 1 };
  const node = { connection, engine: 'podman', version: '5', apiVersion: '5', platform: native } as const;
  return { state: 'up', connection, node: { ...node, ...machine, emulated: [] } };
}

function prepare(nodes: readonly NodeStatus[]): PreparedBuild {
  const options = { context, reference: 'api:1', pins: {}, emulate: true, buildArgs: {}, labels: {} };
  const request = { ...options, noCache: false, pull: 'missing', retention: 'cache' } as const;
  return {
    request,
    containerfile: join(context, 'Containerfile'),
    project: new ProjectMemories(join(folder, 'projects')).of(request),
    connections: nodes.map(({ connection }) => ({ name: connection, uri: `ssh://${connection}` })),
    nodes,
    schedule: schedule({ nodes, emulate: true }),
  };
}

async function start(nodes: readonly NodeStatus[]): Promise<{ run: BuildRun; ended: Promise<void> }> {
  const emitter = new Events();
  emitter.subscribe((event) => events.push(event));
  const portForwards = new SharedPortForwards(receiver.server);
  const pool = { connect: async ({ name }: { name: string }) => connect(name) };
  const services = {
    store,
    receiver,
    portForwards,
    pool,
    events: emitter,
    history,
    spoolFolder: join(folder, 'spool'),
  };
  const run = new BuildRun(services, prepare(nodes), 2);
  await run.open();
  return { run, ended: run.run() };
}

const stopsWhenAborted = (_: EngineBuild, signal: AbortSignal): Promise<void> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
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

test('a cancelled platform does not stop the others, and the build is cancelled', async () => {
  builds.set('pi4', stopsWhenAborted);
  const { run, ended } = await start([up('big', amd64), up('pi4', arm64)]);
  await vi.waitFor(() => expect(statuses(run)).toEqual(['linux/amd64 big done', 'linux/arm64 pi4 building']));
  run.cancel(arm64);
  await ended;
  expect(statuses(run)).toEqual(['linux/amd64 big done', 'linux/arm64 pi4 cancelled']);
  expect(run.build).toMatchObject({ status: 'cancelled', problem: { code: 'build.cancelled' } });
});

test('a cancelled build stops all jobs', async () => {
  builds.set('big', stopsWhenAborted);
  builds.set('pi4', stopsWhenAborted);
  const { run, ended } = await start([up('big', amd64), up('pi4', arm64)]);
  await vi.waitFor(() => expect(run.build.jobs.every(({ status }) => status === 'building')).toBe(true));
  run.cancel();
  await ended;
  expect(statuses(run)).toEqual(['linux/amd64 big cancelled', 'linux/arm64 pi4 cancelled']);
  expect(run.build).toMatchObject({ status: 'cancelled', problem: { code: 'build.cancelled' } });
});
