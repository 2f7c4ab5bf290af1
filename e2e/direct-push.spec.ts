/** Nodes push their images to the registry themselves, and only manifests come here. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type App, createApp } from '../electron/app.ts';
import { digestOf } from '../electron/images/digest.ts';
import { FakeRegistry, respond } from '../electron/registry/testing/fake-registry.ts';
import type { Build } from '../shared/build.ts';
import type { AppEvent, CallInput, CallName, CallOutput } from '../shared/contract.ts';
import { makeProject, setUpLab } from './harness.ts';
import { runOnNode, startExtraSshd } from './lab/lab.ts';
import { startAuthRegistry } from './lab/registries.ts';

const lab = await setUpLab();
const cleanups: (() => unknown)[] = [];
const manifestTypes =
  'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json';

let folder: string;
let app: App;
let events: AppEvent[];
let listeners: Set<() => void>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-direct-'));
  process.env.BARNRAISER_KNOWN_HOSTS = join(folder, 'known_hosts');
  process.env.BARNRAISER_SSH_CONFIG = 'none';
  process.env.SSH_AUTH_SOCK = '';
  await writeFile(join(folder, 'known_hosts'), '');
  app = await createApp({ frontEnd: 'browser', home: join(folder, 'home') });
  cleanups.push(() => app.close());
  events = [];
  listeners = new Set();
  app.subscribe((event) => {
    events.push(event);
    for (const listener of listeners) {
      listener();
    }
  });
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
  await rm(folder, { recursive: true });
});

async function call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
  const result = await app.call(name, input);
  return result.ok ? result.value : expect.fail(`${name}: ${result.problem.message}`);
}

function until<T>(find: () => T | undefined): Promise<T> {
  return new Promise((resolve) => {
    const check = (): void => {
      const found = find();
      if (found !== undefined) {
        listeners.delete(check);
        resolve(found);
      }
    };
    listeners.add(check);
    check();
  });
}

async function trustHost(file: string): Promise<void> {
  const known = join(folder, 'known_hosts');
  await writeFile(known, (await readFile(known, 'utf8')) + (await readFile(file, 'utf8')));
}

async function addNodes(...names: string[]): Promise<void> {
  for (const { name, uri, identity, knownHosts } of names.map((each) => lab.node(each))) {
    await trustHost(knownHosts);
    await call('connections.add', { name, uri, identity });
  }
}

/** An image with a layer of its own for each architecture that needs no base image. */
async function createProject(): Promise<string> {
  const context = await makeProject({
    Containerfile: 'FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /content\n',
    amd64: randomBytes(200_000),
    386: randomBytes(200_000),
  });
  cleanups.push(() => rm(context, { recursive: true }));
  return context;
}

async function start(
  context: string,
  destination: string,
  request: Partial<CallInput<'builds.start'>> = {},
): Promise<Build> {
  return call('builds.start', {
    context,
    reference: 'direct:1',
    platforms: ['linux/amd64'],
    push: { destination, tlsVerify: false, direct: true },
    ...request,
  });
}

const ended = ({ id }: Pick<Build, 'id'>): Promise<Build> =>
  until(() => {
    const end = events.find((event) => event.event === 'build.finished' && event.build.id === id);
    return end?.event === 'build.finished' ? end.build : undefined;
  });

async function build(...args: Parameters<typeof start>): Promise<Build> {
  return ended(await start(...args));
}

async function startFakeRegistry(): Promise<FakeRegistry> {
  const registry = await FakeRegistry.start();
  cleanups.push(() => registry.stop());
  return registry;
}

const isOurs = ({ headers }: { headers: { 'user-agent'?: string } }): boolean => headers['user-agent'] === 'barnraiser';

/** The tags of a registry. */
const tagsOf = ({ manifests }: FakeRegistry): string[] =>
  [...manifests.keys()].filter((name) => !name.startsWith('sha256:'));

const storedBlobs = (): Promise<string[]> => readdir(join(folder, 'home', 'images', 'blobs', 'sha256'));

async function manifestOf(repository: string, name: string, headers: Record<string, string> = {}) {
  const response = await fetch(`http://${repository.replace('/', '/v2/')}/manifests/${name}`, {
    headers: { accept: manifestTypes, ...headers },
  });
  expect(response.status).toBe(200);
  return JSON.parse(await response.text());
}

describe('a direct push', () => {
  test.each(['basic', 'token'] as const)(
    'of podman and docker makes one list in a registry with a %s login',
    async (mode) => {
      const registry = await startAuthRegistry({ mode });
      cleanups.push(() => registry.stop());
      await addNodes('amd-b', 'docker-a');
      const repository = `${registry.address}/direct/both`;
      const { username, password } = registry;
      const request = {
        platforms: ['linux/amd64', 'linux/386'],
        pins: { 'linux/amd64': 'amd-b', 'linux/386': 'docker-a' },
        pushCredentials: { username, password },
      };
      const context = await createProject();
      const done = await build(context, `${repository}:1`, request);
      expect(done.problem).toBeUndefined();
      expect(done).toMatchObject({ status: 'done', push: { status: 'done', direct: true } });
      expect(done.push?.notDirect).toBeUndefined();
      expect(done.list).toBeUndefined();
      expect(done.jobs).toMatchObject([
        { node: 'amd-b', transfer: 'direct', bytesReceived: 0 },
        { node: 'docker-a', transfer: 'direct', bytesReceived: 0 },
      ]);
      expect(await storedBlobs()).toEqual([]);
      expect(await call('images.list', {})).toEqual([]);

      const login = mode === 'basic' ? { authorization: `Basic ${btoa(`${username}:${password}`)}` } : undefined;
      if (login) {
        const list = await manifestOf(repository, '1', login);
        expect(list.manifests.map(({ digest }: { digest: string }) => digest).sort()).toEqual(
          done.jobs.map(({ digest }) => digest).sort(),
        );
      }
      for (const node of ['amd-b', 'docker-a']) {
        const files = '/root/.docker /run/containers /root/.config/containers /run/user/0/containers';
        const { stdout } = await runOnNode(node, `grep -rl '${password}' ${files} 2>/dev/null; true`);
        expect(stdout.trim()).toBe('');
      }

      const again = await build(context, `${repository}:2`, request);
      expect(again.push).toMatchObject({ status: 'done', digest: done.push?.digest });
      expect(again.jobs).toMatchObject([{ skipped: true }, { skipped: true }]);
    },
  );

  test.each(['amd-a', 'amd-b', 'docker-a'])('of %s leaves no tag where the registry deletes tags', async (node) => {
    await addNodes(node);
    for (const deletes of ['tag', 'tag and manifest', 'nothing'] as const) {
      const registry = await startFakeRegistry();
      registry.deletes = deletes;
      const done = await build(await createProject(), `${registry.host}/app:1`);
      expect(done.problem).toBeUndefined();
      expect(done).toMatchObject({ push: { status: 'done' }, jobs: [{ transfer: 'direct' }] });
      expect(tagsOf(registry).sort()).toEqual(deletes === 'nothing' ? ['1', 'barnraiser-linux-amd64'] : ['1']);
      expect(registry.manifests.has(done.jobs[0]?.digest ?? '')).toBe(true);
    }
    const { stdout } = await runOnNode(node, `${node === 'docker-a' ? 'docker' : 'podman'} images`);
    expect(stdout).not.toContain('barnraiser-linux-amd64');
  });

  test('is repeated when the registry has lost the image of an unchanged platform', async () => {
    const registry = await startFakeRegistry();
    await addNodes('amd-b');
    const context = await createProject();
    const first = await build(context, `${registry.host}/app:1`);
    expect(first.status).toBe('done');
    registry.manifests.clear();
    registry.blobs.clear();
    const second = await build(context, `${registry.host}/app:1`);
    expect(second).toMatchObject({ status: 'done', push: { status: 'done' }, jobs: [{ transfer: 'direct' }] });
    expect(second.jobs[0]?.skipped).toBeUndefined();
    expect(registry.manifests.has('1')).toBe(true);
    // what is not here is built again for local storage
    const stored = await ended(await call('builds.start', { context, reference: 'direct:1' }));
    expect(stored.list?.entries).toMatchObject([{ digest: second.jobs[0]?.digest }]);
  });

  test('uses plain HTTP where the settings of the registry say so, and says what the node does not get of them', async () => {
    const registry = await startFakeRegistry();
    await addNodes('amd-b');
    await call('registries.add', { name: registry.host, tls: 'plain-http', proxy: 'none' });
    const push = { destination: `${registry.host}/app:1`, tlsVerify: true, direct: true };
    const limits = await call('registries.directLimits', push);
    expect(limits.map(({ message }) => message)).toEqual([
      expect.stringContaining('do not use the proxy setting'),
      expect.stringContaining('docker asks only its own configuration'),
    ]);
    const done = await build(await createProject(), push.destination, { push });
    expect(done.problem).toBeUndefined();
    expect(done.push).toMatchObject({ status: 'done' });
    expect(done.push?.notDirect).toBeUndefined();
    expect(done.jobs).toMatchObject([{ transfer: 'direct' }]);
  });

  test('goes through this computer where the node does not reach the registry, and says so once', async () => {
    const registry = await startFakeRegistry();
    registry.fault = (_request, response, recorded) => {
      if (isOurs(recorded)) {
        return false;
      }
      response.destroy();
      return true;
    };
    await addNodes('amd-b', 'docker-a');
    const done = await build(await createProject(), `${registry.host}/app:1`, {
      platforms: ['linux/amd64', 'linux/386'],
      pins: { 'linux/amd64': 'amd-b', 'linux/386': 'docker-a' },
    });
    expect(done.problem).toBeUndefined();
    expect(done).toMatchObject({ status: 'done', push: { status: 'done' } });
    expect(done.push?.notDirect?.map(({ node }) => node).sort()).toEqual(['amd-b', 'docker-a']);
    expect(done.jobs).toMatchObject([{ transfer: 'push' }, { transfer: 'push' }]);
    expect(JSON.parse(registry.manifests.get('1')?.bytes.toString() ?? '').manifests).toHaveLength(2);
    expect(await call('images.list', {})).toEqual([]);
  });

  test('stops on the node when the build is cancelled, and leaves no list', async () => {
    const registry = await startFakeRegistry();
    const waiting: string[] = [];
    const closed: string[] = [];
    registry.fault = (request, _response, recorded) => {
      if (isOurs(recorded) || recorded.method === 'HEAD' || recorded.path === '/v2/') {
        return false;
      }
      waiting.push(recorded.path);
      request.socket.once('close', () => closed.push(recorded.path));
      for (const listener of listeners) {
        listener();
      }
      return true;
    };
    for (const node of ['amd-b', 'docker-a']) {
      await addNodes(node);
      const before = waiting.length;
      const running = await start(await createProject(), `${registry.host}/app:1`, { connections: [node] });
      await until(() => (waiting.length > before ? true : undefined));
      await call('builds.cancel', { id: running.id });
      expect(await ended(running)).toMatchObject({ status: 'cancelled', jobs: [{ status: 'cancelled' }] });
      const { stdout } = await runOnNode(node, `${node === 'docker-a' ? 'docker' : 'podman'} images`);
      expect(stdout).not.toContain(registry.host);
      if (node === 'amd-b') {
        // docker ends its push when the registry answers
        await expect.poll(() => closed.length).toBe(waiting.length);
      }
    }
    expect(tagsOf(registry)).toEqual([]);
  });

  test('is done by another node when the connection to the first is lost', async () => {
    const registry = await startFakeRegistry();
    const sshd = await startExtraSshd('amd-a', { config: [] });
    let isStalling = true;
    registry.fault = async (_request, _response, recorded) => {
      if (isOurs(recorded) || !isStalling || recorded.method === 'HEAD' || recorded.path === '/v2/') {
        return false;
      }
      isStalling = false;
      await sshd.stop();
      return true;
    };
    await trustHost(sshd.knownHosts);
    const { identity, socket } = lab.node('amd-a');
    await call('connections.add', { name: 'lost', uri: `ssh://root@127.0.0.1:${sshd.port}${socket}`, identity });
    await addNodes('amd-b');
    const done = await build(await createProject(), `${registry.host}/app:1`, { pins: { 'linux/amd64': 'lost' } });
    expect(done.problem).toBeUndefined();
    expect(done.jobs).toMatchObject([{ node: 'amd-b', transfer: 'direct', lost: [{ node: 'lost' }] }]);
    expect(done.push).toMatchObject({ status: 'done' });
  });

  test('that could not push its list fails the build, and a retry builds nothing again', async () => {
    const registry = await startFakeRegistry();
    registry.fault = (_request, response, { method, path }) => {
      const isList = method === 'PUT' && path.endsWith('/manifests/1');
      if (isList) {
        respond(response, 403);
      }
      return isList;
    };
    await addNodes('amd-b');
    const failed = await build(await createProject(), `${registry.host}/app:1`);
    expect(failed).toMatchObject({
      status: 'failed',
      problem: { code: 'registry.denied' },
      jobs: [{ status: 'done' }],
    });
    registry.fault = () => false;
    const retried = await ended(await call('builds.retry', { id: failed.id }));
    expect(retried).toMatchObject({ status: 'done', push: { status: 'done' }, jobs: [{ skipped: true }] });
    expect(await app.call('builds.retry', { id: retried.id })).toMatchObject({ problem: { code: 'input.invalid' } });
  });
});

describe('a registry that answers with another image than the node has pushed', () => {
  test.each(['amd-a', 'amd-b', 'docker-a'])('is not trusted, whatever digest it names (%s)', async (node) => {
    await addNodes(node);
    const registry = await startFakeRegistry();
    const other = await build(await createProject(), `${registry.host}/other:1`, { connections: [node] });
    const fake = registry.manifests.get(other.jobs[0]?.digest ?? '') ?? expect.fail('nothing was pushed');
    for (const claimed of ['its own', 'the asked one']) {
      registry.fault = (_request, response, recorded) => {
        const [, name = ''] = /\/manifests\/(.+)$/.exec(recorded.path) ?? [];
        if (!isOurs(recorded) || recorded.method !== 'GET' || name === '') {
          return false;
        }
        const digest = claimed === 'its own' || !name.startsWith('sha256:') ? digestOf(fake.bytes) : name;
        respond(response, 200, { 'content-type': fake.mediaType, 'docker-content-digest': digest }, fake.bytes);
        return true;
      };
      const failed = await build(await createProject(), `${registry.host}/app:attacked`, { connections: [node] });
      expect(failed).toMatchObject({ status: 'failed', jobs: [{ problem: { code: 'registry.refused' } }] });
      expect(registry.manifests.has('attacked')).toBe(false);
    }
  });
});

describe.each(['amd-a', 'amd-b', 'docker-a'])('a registry that repeats the login in its errors (%s)', (node) => {
  const login = { username: 'builder', password: `it's/"${randomBytes(12).toString('hex')}` };
  const { username, password } = login;
  let registry: FakeRegistry;

  beforeEach(async () => {
    await addNodes(node);
    registry = await startFakeRegistry();
    registry.fault = (_request, response, recorded) => {
      const { authorization = '' } = recorded.headers;
      if (isOurs(recorded) || (authorization !== '' && recorded.method === 'HEAD')) {
        return false;
      }
      const message = `not allowed: ${authorization} ${password} ${encodeURIComponent(password)}`;
      const body = Buffer.from(JSON.stringify({ errors: [{ code: 'DENIED', message }] }));
      const challenge = { 'www-authenticate': 'Basic realm="registry"', 'content-type': 'application/json' };
      respond(response, authorization === '' ? 401 : 403, challenge, body);
      return true;
    };
  });

  /** What front ends got, and what is on disk apart from the file of the login. */
  async function expectNoSecrets(): Promise<void> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && entry.name !== 'auth.json');
    const contents = await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')));
    for (const text of [JSON.stringify(events), ...contents]) {
      const secrets = [
        password,
        password.replace('"', '\\"'),
        encodeURIComponent(password),
        btoa(`${username}:${password}`),
      ];
      expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
    }
  }

  test('gets it into no message and no file by a push of the node', async () => {
    const done = await build(await createProject(), `${registry.host}/app:1`, { pushCredentials: login });
    expect(done.push?.notDirect?.[0]?.problem.message).toContain('***');
    await expectNoSecrets();
  });

  test('gets it into no message and no file by a pull of the node', async () => {
    const auths = { [registry.host]: { auth: btoa(`${username}:${password}`) } };
    await writeFile(join(folder, 'auth.json'), JSON.stringify({ auths }));
    process.env.REGISTRY_AUTH_FILE = join(folder, 'auth.json');
    cleanups.push(() => delete process.env.REGISTRY_AUTH_FILE);
    const context = await makeProject({ Containerfile: `FROM ${registry.host}/base:1\n` });
    cleanups.push(() => rm(context, { recursive: true }));
    const failed = await ended(await call('builds.start', { context, reference: 'direct:1' }));
    expect(failed.status).toBe('failed');
    await expectNoSecrets();
  });
});
