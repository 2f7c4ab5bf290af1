/** Pushes through a proxy that breaks them, to real registries: no tag refers to an incomplete list, and no other host gets a login. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ImageStore } from '../electron/images/image-store.ts';
import { addSampleImage, sampleImage } from '../electron/images/testing/sample-image.ts';
import { pushList } from '../electron/registry/push.ts';
import { type Problem, problemOf } from '../shared/problem.ts';
import { type Fault, type FaultProxy, type SeenRequest, startFaultProxy, startRecorder } from './lab/fault-proxy.ts';
import { type AuthRegistry, startAuthRegistry } from './lab/registries.ts';

/** Larger than one chunk of an upload that is resumed. */
const largeBytes = 33 * 1024 * 1024;
const rounds = Number(process.env.BARNRAISER_TEST_ROUNDS ?? 6);

let folder: string;
let store: ImageStore;
let registry: AuthRegistry;
let proxy: FaultProxy;
let other: Awaited<ReturnType<typeof startRecorder>>;
let serial = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'registry-faults-'));
  store = await ImageStore.open(join(folder, 'images'));
  registry = await startAuthRegistry({ mode: 'token' });
  proxy = await startFaultProxy(registry.address);
  other = await startRecorder((_request, response) => response.writeHead(404).end());
});
afterEach(() => {
  proxy.clear();
});
afterAll(async () => {
  await other?.stop();
  await proxy?.stop();
  await registry?.stop();
  await store?.close();
  await rm(folder, { recursive: true, force: true });
});

interface Pushed {
  readonly repository: string;
  readonly problem: Problem | undefined;
  /** Milliseconds of the waits between attempts. */
  readonly waits: readonly number[];
}

/** Pushes a new image for two platforms. */
async function push(options: { readonly large?: boolean } = {}): Promise<Pushed> {
  const repository = `faults/${serial++}`;
  const lease = await store.createLease('test');
  const layers = options.large ? { layers: [randomBytes(largeBytes)] } : {};
  await store.commit(repository, [
    await addSampleImage(store, lease, sampleImage('linux/amd64', layers)),
    await addSampleImage(store, lease, sampleImage('linux/arm64')),
  ]);
  const { stored, lease: held } = await store.leaseList(repository);
  const waits: number[] = [];
  try {
    await pushList({
      ...stored,
      destination: { registry: proxy.address, repository, tag: '1' },
      blobs: {
        read: (digest, range) => store.blobs.read(digest, range),
        size: async (digest) => (await store.blobs.size(digest)) ?? 0,
      },
      credentials: {
        ...{ env: {}, home: folder, platform: 'linux', uid: 1000, root: folder },
        explicit: { username: registry.username, password: registry.password },
      },
      tlsVerify: false,
      onProgress: () => undefined,
      signal: AbortSignal.timeout(60_000),
      wait: async (ms) => {
        waits.push(ms);
      },
    });
    return { repository, problem: undefined, waits };
  } catch (error) {
    return { repository, problem: problemOf(error), waits };
  } finally {
    await lease.release();
    await held.release();
  }
}

/** Whether the tag is there. @throws Error if it is, and something that it refers to is not */
async function hasCompleteTag(repository: string): Promise<boolean> {
  const base = `http://${registry.address}/v2/${repository}`;
  const scope = `repository:${repository}:pull`;
  const realm = (await fetch(`http://${registry.address}/v2/`)).headers.get('www-authenticate') ?? '';
  const [, server = ''] = /realm="([^"]+)"/.exec(realm) ?? [];
  const basic = Buffer.from(`${registry.username}:${registry.password}`).toString('base64');
  const answer = await fetch(`${server}?scope=${scope}`, { headers: { authorization: `Basic ${basic}` } });
  const { token } = JSON.parse(await answer.text());
  const headers = { authorization: `Bearer ${token}`, accept: acceptedTypes };
  const get = async (path: string) => {
    const response = await fetch(`${base}/${path}`, { headers });
    if (!response.ok) {
      throw new Error(`the tag of ${repository} refers to ${path}, which is not there (${response.status})`);
    }
    return response;
  };
  const list = await fetch(`${base}/manifests/1`, { headers });
  if (list.status === 404) {
    return false;
  }
  const { manifests } = JSON.parse(await list.text());
  for (const { digest } of manifests) {
    const { config, layers } = JSON.parse(await (await get(`manifests/${digest}`)).text());
    for (const blob of [config, ...layers]) {
      const { length } = Buffer.from(await (await get(`blobs/${blob.digest}`)).arrayBuffer());
      expect(length).toBe(blob.size);
    }
  }
  return manifests.length === 2;
}

const acceptedTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

/** Breaks the first requests that match. */
function first(count: number, matches: (request: SeenRequest) => boolean, fault: Fault): FaultProxy['fault'] {
  let left = count;
  return (request) => {
    if (left === 0 || !matches(request)) {
      return undefined;
    }
    left -= 1;
    return fault;
  };
}

const isUpload = ({ method, path }: SeenRequest): boolean =>
  (method === 'PUT' || method === 'PATCH') && path.includes('/blobs/uploads/');
const isStart = ({ method, path }: SeenRequest): boolean => method === 'POST' && path.includes('/blobs/uploads/');
const isManifest = ({ method, path }: SeenRequest): boolean => method === 'PUT' && path.includes('/manifests/');
const isTag = ({ method, path }: SeenRequest): boolean => method === 'PUT' && path.endsWith('/manifests/1');
const any = (): boolean => true;

describe('a push goes on after', () => {
  test.each<[string, () => FaultProxy['fault']]>([
    ['503 for the start of an upload', () => first(2, isStart, { kind: 'answer', status: 503 })],
    ['502 for a manifest', () => first(1, isManifest, { kind: 'answer', status: 502 })],
    ['500 for the tag', () => first(1, isTag, { kind: 'answer', status: 500 })],
    ['408 for a blob', () => first(1, isUpload, { kind: 'answer', status: 408 })],
    ['a connection that is cut in the middle of a blob', () => first(3, isUpload, { kind: 'reset', afterBytes: 700 })],
    ['a connection that is cut before anything is sent', () => first(2, any, { kind: 'reset', afterBytes: 0 })],
    ['the answer to a blob was lost', () => first(2, isUpload, { kind: 'lose-answer' })],
    ['the answer to the tag was lost', () => first(1, isTag, { kind: 'lose-answer' })],
    ['slow requests', () => first(4, isUpload, { kind: 'slow', pauseMs: 20 })],
  ])('%s', async (_name, fault) => {
    proxy.fault = fault();
    const { repository, problem } = await push();
    expect(problem).toBeUndefined();
    expect(await hasCompleteTag(repository)).toBe(true);
  });

  test.each([
    ['seconds', '7', 7_000],
    ['a date', new Date(Date.now() + 30_000).toUTCString(), 30_000],
  ])('429, when the time that Retry-After names in %s has passed', async (_form, value, atMostMs) => {
    const headers = { 'retry-after': value };
    proxy.fault = first(1, isStart, { kind: 'answer', status: 429, headers });
    const { repository, problem, waits } = await push();
    expect(problem).toBeUndefined();
    expect(Math.max(...waits)).toBeGreaterThan(atMostMs / 2);
    expect(Math.max(...waits)).toBeLessThanOrEqual(atMostMs);
    expect(await hasCompleteTag(repository)).toBe(true);
  });

  test('its token has expired, with a new one', async () => {
    const challenge = async () => (await fetch(`http://${registry.address}/v2/`)).headers.get('www-authenticate') ?? '';
    const headers = { 'www-authenticate': await challenge() };
    const refused = new Set<string>();
    // the first two tokens are refused after some requests; those that are under way are refused once
    let uses = 0;
    proxy.fault = ({ authorization = '' }) => {
      uses += authorization === '' ? 0 : 1;
      if (authorization !== '' && (uses === 4 || uses === 16)) {
        refused.add(authorization);
      }
      return refused.has(authorization) ? { kind: 'answer', status: 401, headers } : undefined;
    };
    const { repository, problem } = await push();
    expect(problem).toBeUndefined();
    expect(refused.size).toBeGreaterThan(1);
    expect(await hasCompleteTag(repository)).toBe(true);
  });

  test('a large blob breaks off again and again, in chunks of which the registry keeps those that have arrived', async () => {
    let sent = 0;
    // each request breaks off that sends more than 20 MiB, as on a line that is cut every few seconds
    proxy.fault = (request) => (isUpload(request) ? { kind: 'reset', afterBytes: 20 * 1024 * 1024 } : undefined);
    const { repository, problem } = await push({ large: true });
    expect(problem).toBeUndefined();
    for (const { method } of proxy.requests.filter(isUpload)) {
      sent += method === 'PATCH' ? 1 : 0;
    }
    expect(sent).toBe(3);
    expect(await hasCompleteTag(repository)).toBe(true);
  });
});

describe('a push fails without a tag', () => {
  const altered = { 'docker-content-digest': `sha256:${'0'.repeat(64)}` };

  test.each<[string, string, () => FaultProxy['fault']]>([
    ['the registry always answers 503', 'registry.refused', () => () => ({ kind: 'answer', status: 503 })],
    ['every blob breaks off', 'registry.unreachable', () => first(99, isUpload, { kind: 'reset', afterBytes: 500 })],
    [
      'a blob is stored with another digest',
      'registry.refused',
      () => first(1, isUpload, { kind: 'headers', change: altered }),
    ],
    [
      'an image is stored with another digest',
      'registry.refused',
      () => first(1, isManifest, { kind: 'headers', change: altered }),
    ],
    [
      'a blob is to be sent to a file',
      'registry.refused',
      () => first(9, isStart, { kind: 'answer', status: 202, headers: { location: 'file:///etc/passwd' } }),
    ],
    [
      'an upload leads in a circle',
      'registry.refused',
      () => (request) =>
        isUpload(request) ? { kind: 'answer', status: 307, headers: { location: request.path } } : undefined,
    ],
    [
      'every request needs another login',
      'registry.authentication',
      () =>
        ({ path }) =>
          path === '/v2/'
            ? undefined
            : { kind: 'answer', status: 401, headers: { 'www-authenticate': 'Basic realm="again"' } },
    ],
    [
      'it asks to try again in a year',
      'registry.refused',
      () => first(99, isStart, { kind: 'answer', status: 429, headers: { 'retry-after': '31536000' } }),
    ],
    ['a manifest is refused', 'registry.refused', () => first(9, isManifest, { kind: 'answer', status: 400 })],
    [
      'the tag is immutable',
      'registry.immutable',
      () =>
        first(9, isTag, {
          kind: 'answer',
          status: 412,
          body: JSON.stringify({
            errors: [{ code: 'PRECONDITION', message: "configured as immutable, can't be updated" }],
          }),
        }),
    ],
    [
      'the quota is used up',
      'registry.quota',
      () =>
        first(9, isStart, {
          kind: 'answer',
          status: 403,
          body: JSON.stringify({
            errors: [
              {
                code: 'DENIED',
                message: 'adding 3 MiB of storage resource, which will exceed the configured upper limit',
              },
            ],
          }),
        }),
    ],
  ])('if %s', async (_name, code, fault) => {
    proxy.fault = fault();
    const { repository, problem, waits } = await push();
    expect(problem).toMatchObject({ code });
    expect(Math.max(0, ...waits)).toBeLessThanOrEqual(60_000);
    expect(JSON.stringify(problem)).not.toContain(registry.password);
    expect(await hasCompleteTag(repository)).toBe(false);
  });
});

describe('no other host gets a login', () => {
  const redirect = (status: number, path = ''): Fault => ({
    kind: 'answer',
    status,
    headers: { location: `http://${other.address}${path}` },
  });

  test.each<[string, () => FaultProxy['fault']]>([
    ['the upload is to be sent there', () => first(9, isStart, redirect(202, '/upload?state=1'))],
    ['an upload is redirected there', () => first(9, isUpload, redirect(307, '/upload'))],
    ['a manifest is redirected there', () => first(9, isManifest, redirect(307, '/manifest'))],
    ['questions are redirected there', () => first(9, ({ method }) => method === 'HEAD', redirect(302, '/blob'))],
    ['the registry is redirected there', () => first(9, ({ path }) => path === '/v2/', redirect(301, '/v2/'))],
  ])('if %s', async (_name, fault) => {
    proxy.fault = fault();
    const { repository } = await push();
    expect(other.requests.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
    expect(JSON.stringify(other.requests)).not.toContain(registry.password);
    await hasCompleteTag(repository);
  });

  test('although it was asked', () => {
    expect(other.requests.length).toBeGreaterThan(0);
  });
});

test('whatever happens, in whatever order, a tag refers to everything that it needs', async () => {
  for (let seed = 1; seed <= rounds; seed += 1) {
    const random = randomNumbers(seed);
    const faults: readonly Fault[] = [
      { kind: 'answer', status: 503 },
      { kind: 'answer', status: 429, headers: { 'retry-after': '1' } },
      { kind: 'reset', afterBytes: Math.floor(random() * 2000) },
      { kind: 'lose-answer' },
      { kind: 'answer', status: 401 },
      { kind: 'answer', status: 404 },
    ];
    proxy.fault = () => (random() < 0.25 ? faults[Math.floor(random() * faults.length)] : undefined);
    const { repository, problem } = await push();
    proxy.clear();
    expect(await hasCompleteTag(repository), `seed ${seed}`).toBe(problem === undefined);
  }
});

/** Numbers from 0 to 1 that are the same for a seed. Source: mulberry32. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
