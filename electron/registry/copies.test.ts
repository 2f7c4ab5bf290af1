import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CallRequest } from '../../shared/contract.ts';
import type { Copy } from '../../shared/copy.ts';
import { platformParts } from '../../shared/platform.ts';
import type { PushRecord } from '../../shared/push.ts';
import { Events } from '../events.ts';
import { digestOf } from '../images/digest.ts';
import { ImageStore } from '../images/image-store.ts';
import { mediaTypes } from '../images/manifest.ts';
import { addSampleImage, type SampleImage, sampleImage } from '../images/testing/sample-image.ts';
import { BlobLocations } from './blob-locations.ts';
import { Copies } from './copies.ts';
import { FakeRegistry } from './testing/fake-registry.ts';

let from: FakeRegistry;
let to: FakeRegistry;
let other: FakeRegistry;
let folder: string;
let store: ImageStore;
let copies: Copies;
let records: PushRecord[];
const ended = new Map<string, (copy: Copy) => void>();

beforeEach(async () => {
  [from, to, other] = await Promise.all([FakeRegistry.start(), FakeRegistry.start(), FakeRegistry.start()]);
  folder = await mkdtemp(join(tmpdir(), 'copies-'));
  store = await ImageStore.open(join(folder, 'images'));
  records = [];
  const events = new Events();
  events.subscribe((event) => {
    if (event.event === 'copy.finished') {
      ended.get(event.copy.id)?.(event.copy);
    }
  });
  copies = new Copies({
    ...{ store, events, locations: new BlobLocations(folder) },
    source: () => ({ env: {}, home: folder, platform: 'linux', uid: 1, root: folder }),
    change: (work) => work(),
    record: async (record) => void records.push(record),
  });
});
afterEach(async () => {
  await copies.close();
  await store.close();
  await Promise.all([from, to, other].map((registry) => registry.stop()));
  await rm(folder, { recursive: true, force: true });
});

const location = (registry: FakeRegistry, tag: string, repository = 'team/api') =>
  `docker://${registry.host}/${repository}:${tag}`;

function run(sources: string[], destinations: string[], more: Partial<CallRequest<'copies.start'>> = {}) {
  const started = copies.start({
    ...{ sources, destinations, ifExists: 'replace', attachments: true, tlsVerify: false, ...more },
  });
  return Promise.all(started.map(({ id }) => new Promise<Copy>((resolve) => ended.set(id, resolve))));
}

function serve(images: readonly SampleImage[]): string {
  for (const { config, layers, manifest, mediaType } of images) {
    for (const blob of [config, ...layers]) {
      from.blobs.set(digestOf(blob), blob);
    }
    from.manifests.set(digestOf(manifest), { mediaType, bytes: manifest });
  }
  const manifests = images.map(({ manifest, mediaType, platform }) => ({
    ...{ mediaType, digest: digestOf(manifest), size: manifest.length, platform: platformParts(platform) },
  }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
  from.manifests.set('1', { mediaType: mediaTypes.ociIndex, bytes });
  return location(from, '1');
}

const reads = () => from.requests.filter(({ method }) => method === 'GET').map(({ path }) => path);
const stored = () => readdir(join(folder, 'images', 'blobs', 'sha256')).catch(() => []);

describe('a copy to several destinations', () => {
  test('reads each manifest and blob once, and leaves nothing here', async () => {
    const source = serve([sampleImage('linux/amd64'), sampleImage('linux/arm64')]);
    const done = await run([source], [location(to, '1'), location(to, '2', 'team/other'), location(other, 'x')]);
    expect(done.map(({ status, problem }) => problem?.message ?? status)).toEqual(['done', 'done', 'done']);
    expect(new Set(done.map(({ digest }) => digest)).size).toBe(1);
    const content = reads().filter((path) => /\/(manifests|blobs)\//.test(path));
    expect(content).toHaveLength(new Set(content).size);
    expect(content.filter((path) => path.includes('/blobs/'))).toHaveLength(6);
    expect(await stored()).toEqual([]);
    expect([to.manifests.has('1'), to.manifests.has('2'), other.manifests.has('x')]).toEqual([true, true, true]);
  });

  test('goes on if one fails, and sets no tag there', async () => {
    const source = serve([sampleImage('linux/amd64')]);
    to.fault = (request, response) => {
      const isUpload = request.method === 'POST';
      if (isUpload) {
        response.writeHead(400).end();
      }
      return isUpload;
    };
    const [failed, done] = await run([source], [location(to, '1'), location(other, '1')]);
    expect(failed).toMatchObject({ status: 'failed', problem: { code: 'registry.refused' } });
    expect(done).toMatchObject({ status: 'done' });
    expect(to.manifests.has('1')).toBe(false);
    expect(await stored()).toEqual([]);
  });

  test('is cancelled one by one', async () => {
    const source = serve([sampleImage('linux/amd64')]);
    let reached = (): void => undefined;
    const isReached = new Promise<void>((resolve) => {
      reached = resolve;
    });
    to.fault = (request) => {
      if (request.method === 'POST') {
        reached();
        return true;
      }
      return false;
    };
    const outcome = run([source], [location(to, '1'), location(other, '1')]);
    await isReached;
    const running = copies.list().find(({ destination }) => destination === location(to, '1'));
    await copies.cancel(running?.id ?? '');
    expect((await outcome).map(({ status }) => status)).toEqual(['cancelled', 'done']);
    expect(await stored()).toEqual([]);
  });

  test('sets the tags of one registry when everything is there', async () => {
    const source = serve([sampleImage('linux/amd64')]);
    await run([source], [location(to, '1'), location(to, '2', 'team/other')]);
    const isTag = (path: string): boolean => /\/manifests\/\d$/.test(path);
    const puts = to.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD').map(({ path }) => path);
    expect(puts.findIndex(isTag)).toBe(puts.length - 2);
  });

  test('needs different destinations, and entered credentials go to one registry', () => {
    const source = location(from, '1');
    expect(() => run([source], [location(to, '1'), location(to, '1')])).toThrow(/named twice/);
    const credentials = { username: 'anna', password: 'secret' };
    expect(() => run([source], [location(to, '1'), location(other, '1')], { credentials })).toThrow(/one registry/);
  });
});

test('a copy from local storage to a registry is in the history of pushes, others are not', async () => {
  const lease = await store.createLease('test');
  await store.commit('api:1', [await addSampleImage(store, lease, sampleImage('linux/amd64'))]);
  await lease.release();
  const [copy] = await run(['api:1'], [location(to, '1')]);
  expect(records).toMatchObject([
    { reference: 'api:1', destination: `${to.host}/team/api:1`, digest: copy?.digest, at: expect.any(String) },
  ]);
  await run([serve([sampleImage('linux/amd64')])], [location(other, '1')]);
  expect(records).toHaveLength(1);
});
