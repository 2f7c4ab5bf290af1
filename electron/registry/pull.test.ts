import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RegistryImage } from '../../shared/image-location.ts';
import { platformParts } from '../../shared/platform.ts';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { digestOf } from '../images/digest.ts';
import { ImageStore } from '../images/image-store.ts';
import { mediaTypes, type RawManifest } from '../images/manifest.ts';
import {
  platform,
  type SampleAttachment,
  type SampleImage,
  sampleAttachment,
  sampleImage,
} from '../images/testing/sample-image.ts';
import { type PullOptions, pullImage } from './pull.ts';
import { openRepository } from './remote-image.ts';
import { FakeRegistry, respond } from './testing/fake-registry.ts';

let registry: FakeRegistry;
let otherServer: FakeRegistry;
let folder: string;
let store: ImageStore;
let waits: number;

beforeEach(async () => {
  registry = await FakeRegistry.start();
  otherServer = await FakeRegistry.start();
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-pull-'));
  store = await ImageStore.open(join(folder, 'images'));
  waits = 0;
});
afterEach(async () => {
  await store.close();
  await registry.stop();
  await otherServer.stop();
  await rm(folder, { recursive: true, force: true });
});

const image = (): RegistryImage => ({ registry: registry.host, repository: 'team/api', tag: '1.4' });

function access() {
  return {
    credentials: { env: {}, home: '/nonexistent', platform: 'linux', uid: 1, root: '/nonexistent' },
    tlsVerify: false,
    signal: new AbortController().signal,
    wait: async () => {
      waits += 1;
    },
  } as const;
}

function pull(overrides: Partial<PullOptions> = {}) {
  return pullImage({ ...access(), image: image(), reference: 'api:1.4', store, onProgress: () => {}, ...overrides });
}

async function problemOfPull(overrides: Partial<PullOptions> = {}): Promise<Problem> {
  return problemOf(
    await pull(overrides).then(
      () => new Error('it was pulled'),
      (error: unknown) => error,
    ),
  );
}

/** Puts an image with its blobs into the registry. */
function serve(...images: readonly (SampleImage | SampleAttachment)[]): void {
  for (const { config, layers, manifest, mediaType } of images) {
    for (const blob of [config, ...layers]) {
      registry.blobs.set(digestOf(blob), blob);
    }
    registry.manifests.set(digestOf(manifest), { mediaType, bytes: manifest });
  }
}

/** Puts a list under the tag, spelled as no program of ours spells it. */
function serveList(images: readonly SampleImage[], attachments: readonly SampleAttachment[] = []): RawManifest {
  serve(...images, ...attachments);
  const manifests = [
    ...images.map(({ manifest, mediaType, platform: own }) => ({
      digest: digestOf(manifest),
      platform: platformParts(own),
      ...{ mediaType, size: manifest.length },
    })),
    ...attachments.map(({ descriptor }) => descriptor),
  ];
  const bytes = Buffer.from(JSON.stringify({ manifests, mediaType: mediaTypes.ociIndex, schemaVersion: 2 }, null, 3));
  registry.manifests.set('1.4', { mediaType: mediaTypes.ociIndex, bytes });
  return { bytes, digest: digestOf(bytes), mediaType: mediaTypes.ociIndex };
}

const blobRequests = () => registry.log.filter((line) => line.startsWith('GET /v2/team/api/blobs/'));

describe('a pull', () => {
  test('stores a list with its digest and what describes its images, and asks for nothing twice', async () => {
    const [amd64, arm64] = [sampleImage('linux/amd64'), sampleImage('linux/arm64')];
    const list = serveList([amd64, arm64], [sampleAttachment(amd64, 'attestation')]);
    const { list: stored, downloadedBytes } = await pull();
    expect(stored.digest).toBe(list.digest);
    expect(stored.entries.map((entry) => [entry.platform, entry.attachments?.length])).toEqual([
      ['linux/amd64', 1],
      ['linux/arm64', undefined],
    ]);
    expect(downloadedBytes).toBeGreaterThan(10_000);
    await store.verify('api:1.4');

    const requests = blobRequests().length;
    const again = await pull({ reference: 'other:1' });
    expect(again).toMatchObject({ downloadedBytes: 0, skippedBytes: downloadedBytes });
    expect(blobRequests()).toHaveLength(requests);
  });

  test('makes a list of a single image', async () => {
    const arm64 = sampleImage('linux/arm64', { docker: true });
    serve(arm64);
    registry.manifests.set('1.4', { mediaType: arm64.mediaType, bytes: arm64.manifest });
    const { list } = await pull();
    expect(list.entries).toMatchObject([{ platform: 'linux/arm64', digest: digestOf(arm64.manifest) }]);
    await store.verify('api:1.4');
  });

  test('brings only the platforms that are asked for', async () => {
    const [amd64, arm64] = [sampleImage('linux/amd64'), sampleImage('linux/arm64')];
    serveList([amd64, arm64], [sampleAttachment(amd64, 'attestation'), sampleAttachment(arm64, 'attestation')]);
    const { list } = await pull({ platforms: [platform('linux/arm64')] });
    expect(list.entries.map((entry) => [entry.platform, entry.attachments?.length])).toEqual([['linux/arm64', 1]]);
    expect(registry.log.join()).not.toContain(digestOf(amd64.manifest));
    expect(await problemOfPull({ platforms: [platform('linux/s390x')] })).toMatchObject({
      code: 'image.platform',
      fix: 'It has images for: linux/amd64, linux/arm64.',
    });
  });

  test('asks for the rest of a blob after a lost connection, also where the registry sends all of it again', async () => {
    const layer = randomBytes(300_000);
    serveList([sampleImage('linux/amd64', { layers: [layer] })]);
    for (const hasRanges of [true, false]) {
      registry.hasRanges = hasRanges;
      let drops = 2;
      registry.fault = (request, response, { path }) => {
        if (!path.endsWith(digestOf(layer)) || drops === 0) {
          return false;
        }
        drops -= 1;
        const start = hasRanges ? Number(/\d+/.exec(request.headers.range ?? '0')?.[0]) : 0;
        const range = { 'content-range': `bytes ${start}-${layer.length - 1}/${layer.length}` };
        response.writeHead(start > 0 ? 206 : 200, { 'content-length': layer.length - start, ...(start ? range : {}) });
        response.write(layer.subarray(start, start + 100_000), () => setTimeout(() => response.destroy(), 20));
        return true;
      };
      registry.requests.length = 0;
      await pull();
      const ranges = registry.requests
        .filter(({ path }) => path.endsWith(digestOf(layer)))
        .map((each) => each.headers.range);
      expect(ranges[0]).toBeUndefined();
      expect(ranges.slice(1).every((range) => /^bytes=\d+-$/.test(range ?? ''))).toBe(true);
      expect(ranges).toHaveLength(3);
      await store.verify('api:1.4');
      await store.remove('api:1.4');
    }
  });

  test('gives up when no byte arrives any more', async () => {
    const layer = randomBytes(300_000);
    serveList([sampleImage('linux/amd64', { layers: [layer] })]);
    registry.fault = (_request, response, { path }) => {
      if (path.endsWith(digestOf(layer))) {
        response.destroy();
        return true;
      }
      return false;
    };
    expect(await problemOfPull()).toMatchObject({ code: 'registry.unreachable' });
    expect(waits).toBe(4);
    expect(await store.list()).toEqual([]);
  });

  test.each([
    ['another content', (layer: Buffer) => Buffer.alloc(layer.length, 7), /returned a blob with the digest/],
    ['more', (layer: Buffer) => Buffer.concat([layer, randomBytes(50)]), /bytes instead of 5000/],
    ['less', (layer: Buffer) => layer.subarray(0, 4000), /bytes instead of 5000/],
  ])('refuses a blob with %s, and stores nothing', async (_name, alter, message) => {
    const layer = randomBytes(5000);
    serveList([sampleImage('linux/amd64', { layers: [layer] })]);
    for (const isChunked of [false, true]) {
      registry.fault = (_request, response, { path }) => {
        if (path.endsWith(digestOf(layer))) {
          const body = alter(layer);
          respond(response, 200, isChunked ? {} : { 'content-length': body.length }, body);
          return true;
        }
        return false;
      };
      expect(await problemOfPull()).toMatchObject({
        code: 'registry.refused',
        message: expect.stringMatching(message),
      });
      expect(await store.list()).toEqual([]);
      expect(await store.blobs.has(digestOf(layer))).toBe(false);
    }
  });

  test('gives its credentials to no other host that has the blobs', async () => {
    serveList([sampleImage('linux/amd64')]);
    const basic = `Basic ${Buffer.from('ci:secret').toString('base64')}`;
    registry.fault = (request, response, { path }) => {
      if (request.headers.authorization !== basic) {
        respond(response, 401, { 'www-authenticate': 'Basic realm="lab"' });
        return true;
      }
      const digest = path.split('/').at(-1) ?? '';
      if (path.includes('/blobs/')) {
        otherServer.blobs.set(digest, registry.blobs.get(digest) ?? Buffer.alloc(0));
        respond(response, 307, { location: `${otherServer.origin}${path}?signature=x` });
        return true;
      }
      return false;
    };
    await pull({ credentials: { ...access().credentials, explicit: { username: 'ci', password: 'secret' } } });
    expect(otherServer.requests).toHaveLength(3);
    expect(otherServer.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  });

  test('ends when it is cancelled, and leaves no file', async () => {
    const layer = randomBytes(100_000);
    serveList([sampleImage('linux/amd64', { layers: [layer] })]);
    const controller = new AbortController();
    registry.fault = (_request, response, { path }) => {
      if (path.endsWith(digestOf(layer))) {
        response.writeHead(200, { 'content-length': layer.length });
        response.write(layer.subarray(0, 50_000), () => controller.abort(new Error('enough')));
        return true;
      }
      return false;
    };
    await expect(pull({ signal: controller.signal })).rejects.toThrow('enough');
    expect(await store.list()).toEqual([]);
    const work = await readdir(`${store.folder}.work`, { recursive: true });
    expect(work.filter((name) => /blob-|lease-/.test(name))).toEqual([]);
  });

  test('refuses what is no image, and entries that lie about their size', async () => {
    expect(await problemOfPull()).toMatchObject({ code: 'image.unknown' });
    const amd64 = sampleImage('linux/amd64');
    const chart = sampleAttachment(amd64, 'referrer');
    serve(chart);
    registry.manifests.set('1.4', { mediaType: chart.mediaType, bytes: chart.manifest });
    expect(await problemOfPull()).toMatchObject({
      code: 'image.corrupt',
      message: expect.stringContaining('is not an image: it is application/vnd.example.signature'),
    });
    serve(amd64);
    const entry = { mediaType: amd64.mediaType, digest: digestOf(amd64.manifest), size: 3 };
    const bytes = Buffer.from(
      JSON.stringify({ schemaVersion: 2, manifests: [{ ...entry, platform: platformParts(amd64.platform) }] }),
    );
    registry.manifests.set('1.4', { mediaType: mediaTypes.ociIndex, bytes });
    expect(await problemOfPull()).toMatchObject({
      code: 'registry.refused',
      message: expect.stringContaining('has 3 bytes, and it has'),
    });
  });
});

test('what describes an image is listed by the registry, or by the tag that stands in for it', async () => {
  const amd64 = sampleImage('linux/amd64');
  const signature = sampleAttachment(amd64, 'referrer');
  serve(amd64, signature);
  const client = await openRepository(image(), access());
  const digest = digestOf(amd64.manifest);
  const listed = () => client.getReferrers(digest);
  expect(await listed()).toMatchObject([{ digest: digestOf(signature.manifest) }]);
  registry.hasReferrersApi = false;
  expect(await listed()).toEqual([]);
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [signature.descriptor] };
  registry.manifests.set(digest.replace(':', '-'), {
    mediaType: mediaTypes.ociIndex,
    bytes: Buffer.from(JSON.stringify(index)),
  });
  expect(await listed()).toMatchObject([{ digest: digestOf(signature.manifest) }]);
  await client.close();
});

test('all tags are read, page by page', async () => {
  for (const tag of ['1', '2', '3', '4', '5']) {
    registry.manifests.set(tag, { mediaType: mediaTypes.ociIndex, bytes: Buffer.from('{}') });
  }
  const client = await openRepository(image(), access());
  expect(await client.listTags()).toEqual(['1', '2', '3', '4', '5']);
  await client.close();
});

describe('a mirror that was chosen', () => {
  const layer = randomBytes(300_000);
  const sample = sampleImage('linux/amd64', { layers: [layer] });
  /** Both have the list; `otherServer` is the mirror of `registry`. */
  function pullByMirror(): ReturnType<typeof pull> {
    const mirror = { location: `${otherServer.host}/cache/team/api`, insecure: true, pulls: 'all' } as const;
    const settings = async () => ({ tls: 'plain-http', mirrors: [mirror] }) as const;
    return pull({ credentials: { ...access().credentials, settings } });
  }

  beforeEach(() => {
    serveList([sample]);
    for (const [name, content] of registry.manifests) {
      otherServer.manifests.set(name, content);
    }
    for (const [name, content] of registry.blobs) {
      otherServer.blobs.set(name, content);
    }
  });

  test('is the only one that is asked if it has everything', async () => {
    await pullByMirror();
    expect(registry.log.filter((line) => /manifests|blobs/.test(line))).toEqual([]);
    await store.verify('api:1.4');
  });

  test.each<[string, FakeRegistry['fault']]>([
    [
      'refuses a blob',
      (_request, response, { path }) => path.includes('/blobs/') && respond(response, 403) === undefined,
    ],
    [
      'does not have a blob',
      (_request, response, { path }) => path.includes('/blobs/') && respond(response, 404) === undefined,
    ],
    [
      'does not have an image of the list',
      (_request, response, { path }) => path.includes('manifests/sha256:') && respond(response, 404) === undefined,
    ],
    [
      'answers with an error',
      (_request, response, { path }) => path.includes('/blobs/') && respond(response, 500) === undefined,
    ],
  ])('gives way to the registry for what it does not give: %s', async (_what, fault) => {
    otherServer.fault = fault;
    const { list } = await pullByMirror();
    expect(list.entries).toHaveLength(1);
    await store.verify('api:1.4');
    expect(registry.log.some((line) => line.includes('sha256:'))).toBe(true);
    expect(registry.log).not.toContain('GET /v2/team/api/manifests/1.4');
  });

  test('that breaks off in a blob has the rest read from the registry', async () => {
    otherServer.fault = (request, response, { path }) => {
      if (!path.endsWith(digestOf(layer))) {
        return false;
      }
      if (request.headers.range) {
        respond(response, 403);
        return true;
      }
      response.writeHead(200, { 'content-length': layer.length });
      response.write(layer.subarray(0, 100_000), () => response.destroy());
      return true;
    };
    await pullByMirror();
    await store.verify('api:1.4');
    const rest = registry.requests.find(({ path }) => path.endsWith(digestOf(layer)));
    expect(rest?.headers.range).toMatch(/^bytes=\d+-$/);
  });

  test('that altered what came before it broke off spoils nothing', async () => {
    otherServer.fault = (request, response, { path }) => {
      if (!path.endsWith(digestOf(layer))) {
        return false;
      }
      if (request.headers.range) {
        respond(response, 403);
        return true;
      }
      response.writeHead(200, { 'content-length': layer.length });
      response.write(randomBytes(100_000), () => response.destroy());
      return true;
    };
    await expect(pullByMirror()).rejects.toMatchObject({ problem: { code: 'registry.refused' } });
    expect(await store.list()).toEqual([]);
  });
});
