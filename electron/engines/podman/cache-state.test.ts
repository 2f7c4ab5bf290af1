import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parsePlatform } from '../../../shared/platform.ts';
import { EngineApi } from '../api/engine-api.ts';
import type { BuildCache, CacheQuery } from '../engine.ts';
import { openLocalTransport } from '../transport/local-transport.ts';
import type { Transport } from '../transport/transport.ts';
import { podmanCache } from './cache-state.ts';

/** An HTTP server stands in for podman and a registry with an image for each architecture. */
let tags: Record<string, string>;
/** The architecture and parent of each image on the node. */
let images: Record<string, { readonly architecture: string; readonly parent?: string }>;
let registry: Record<string, string>;
let pulls: URLSearchParams[];
let answerPull: (architecture: string) => string;
let folder: string;
let server: Server;
let transport: Transport;
let cache: BuildCache;

const amd64 = parsePlatform('linux/amd64') ?? expect.fail();
const arm64 = parsePlatform('linux/arm64') ?? expect.fail();
const id = (letter: string): string => letter.repeat(64);
const [amdBase, armBase, newBase, made] = [id('a'), id('b'), id('c'), id('d')];
const signal = new AbortController().signal;
const name = 'registry.example.com/base:1';

beforeEach(async () => {
  images = {
    [amdBase]: { architecture: 'amd64' },
    [armBase]: { architecture: 'arm64' },
    [newBase]: { architecture: 'amd64' },
    [made]: { architecture: 'amd64', parent: amdBase },
  };
  registry = { amd64: amdBase, arm64: armBase };
  tags = { [name]: amdBase };
  pulls = [];
  answerPull = (architecture) => {
    const found = registry[architecture] ?? '';
    tags[name] = found;
    return JSON.stringify({ images: [found], id: found });
  };
  folder = await mkdtemp(join(tmpdir(), 'cache-state-'));
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    const [, reference, action] = /images\/(.+)\/(json|exists)$/.exec(decodeURIComponent(url.pathname)) ?? [];
    if (url.pathname.endsWith('images/pull')) {
      pulls.push(url.searchParams);
      response.end(answerPull(url.searchParams.get('Arch') ?? ''));
      return;
    }
    const found = tags[reference ?? ''] ?? reference ?? '';
    const image = images[found];
    const body = image && { Id: found, Os: 'linux', Architecture: image.architecture, Parent: image.parent };
    response.writeHead(!body ? 404 : action === 'exists' ? 204 : 200).end(body && JSON.stringify(body));
  });
  const socketPath = join(folder, 'engine.sock');
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  transport = await openLocalTransport({ name: 'pi4', socketPath });
  cache = podmanCache(new EngineApi(transport, 'podman', '/v4.0.0/libpod/'));
});
afterEach(async () => {
  await transport.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

const query = (changes: Partial<CacheQuery> = {}): CacheQuery => ({
  bases: [{ name, platform: amd64 }],
  pull: 'missing',
  items: [made],
  logins: async () => [],
  ...changes,
});

/** What the base images of a query are, after those that the engine pulls are pulled. */
async function basesOf(wanted: CacheQuery): Promise<(string | undefined)[]> {
  const { bases, pulled = [] } = await cache.read(wanted, true, signal);
  const asked = await cache.pull?.(wanted, pulled, signal);
  return wanted.bases.map((base) => {
    const key = `${base.name} ${base.platform}`;
    return pulled.includes(key) ? asked?.[key] : bases[key];
  });
}

test.each(['missing', 'never'] as const)(
  'with the policy %s, no registry is asked for an image on the node',
  async (pull) => {
    registry.amd64 = newBase;
    expect(await basesOf(query({ pull }))).toEqual([amdBase]);
    expect(pulls).toEqual([]);
  },
);

test.each(['always', 'newer'] as const)('with the policy %s, the registry is asked', async (pull) => {
  expect(await basesOf(query({ pull }))).toEqual([amdBase]);
  registry.amd64 = newBase;
  expect(await basesOf(query({ pull }))).toEqual([newBase]);
  expect(Object.fromEntries(pulls[0] ?? [])).toMatchObject({
    reference: name,
    policy: 'always',
    OS: 'linux',
    Arch: 'amd64',
  });
});

test('a name that means an image for another platform is pulled, if the policy allows it', async () => {
  tags[name] = armBase;
  expect(await basesOf(query())).toEqual([amdBase]);
  tags[name] = armBase;
  expect(await basesOf(query({ pull: 'never' }))).toEqual([armBase]);
  expect(pulls.length).toBe(1);
  delete tags[name];
  expect(await basesOf(query())).toEqual([amdBase]);
});

test('a name that a build needs for two platforms is pulled for both', async () => {
  const bases = [amd64, arm64].map((platform) => ({ name, platform }));
  expect(await basesOf(query({ bases }))).toEqual([amdBase, armBase]);
  expect(pulls.map((pull) => pull.get('Arch'))).toEqual(['amd64', 'arm64']);
});

test.each([
  ['an error', '{"error":"connection refused"}'],
  ['nothing', ''],
  ['no JSON', 'x'],
  ['something else than an id', '{"id":"../x"}'],
  ['an id and an error', `{"id":"${amdBase}"}\n{"error":"no space left on device"}`],
])('what a base image is stays unknown if the answer is %s', async (_, answer) => {
  answerPull = () => answer;
  expect(await basesOf(query({ pull: 'newer' }))).toEqual([undefined]);
});

test('what is unknown stays so if the login cannot be found or the wait ends', async () => {
  const logins = () => Promise.reject(new Error('no login'));
  expect(await basesOf(query({ pull: 'always', logins }))).toEqual([undefined]);
  const keys = [`${name} ${amd64}`];
  expect(await cache.pull?.(query({ pull: 'always' }), keys, AbortSignal.abort())).toEqual({});
});

test('a build whose base image was pulled for another platform by another job is remembered', async () => {
  const build = { imageId: made, layers: [], digests: new Map<string, string>() };
  const before = await cache.read(query(), false, signal);
  const key = `${name} ${amd64}`;
  tags[name] = armBase;
  expect(await cache.used(query(), before, build, signal)).toEqual({ bases: { [key]: amdBase }, items: [made] });
  // the image that the name means was not used
  tags[name] = armBase;
  registry.amd64 = newBase;
  expect(await cache.used(query(), before, build, signal)).toBeUndefined();
  tags[name] = newBase;
  expect(await cache.used(query(), before, build, signal)).toBeUndefined();
  // the policy forbids to ask
  tags[name] = armBase;
  registry.amd64 = amdBase;
  pulls = [];
  expect(await cache.used(query({ pull: 'never' }), before, build, signal)).toBeUndefined();
  expect(pulls).toEqual([]);
});
