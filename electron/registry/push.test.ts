import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Digest } from '../../shared/image.ts';
import { type Platform, parsePlatform } from '../../shared/platform.ts';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { digestOf } from '../images/digest.ts';
import type { Descriptor } from '../images/manifest.ts';
import type { StoredImage } from '../images/stored-list.ts';
import type { StoredManifest } from '../images/stored-manifest.ts';
import { type PushOptions, pushList } from './push.ts';
import type { PushProgress } from './push-progress.ts';
import { errorBody, FakeRegistry, readRequest, respond } from './testing/fake-registry.ts';

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const listType = 'application/vnd.oci.image.index.v1+json';

let registry: FakeRegistry;
let otherServer: FakeRegistry;
let store: Map<Digest, Buffer>;
let waits: number[];

beforeEach(async () => {
  registry = await FakeRegistry.start();
  otherServer = await FakeRegistry.start();
  store = new Map();
  waits = [];
});
afterEach(async () => {
  await registry.stop();
  await otherServer.stop();
});

function blob(size: number, seed: string): Descriptor {
  const bytes = Buffer.alloc(size, createHash('sha256').update(seed).digest());
  const digest = digestOf(bytes);
  store.set(digest, bytes);
  return { mediaType: 'application/octet-stream', digest, size };
}

function platform(text: string): Platform {
  const parsed = parsePlatform(text);
  if (!parsed) {
    throw new Error(`"${text}" is not a valid platform`);
  }
  return parsed;
}

function image(name: string, layers: StoredImage['layers']): StoredImage {
  const config = blob(200, `config of ${name}`);
  const bytes = Buffer.from(
    `{"schemaVersion": 2,\n  "config": ${JSON.stringify(config)}, "layers": ${JSON.stringify(layers)}}`,
  );
  return { platform: platform(name), digest: digestOf(bytes), mediaType: manifestType, bytes, config, layers };
}

/** Describes an image, by its subject or only by its entry in the list. */
function attachment(seed: string, of?: StoredImage): StoredManifest {
  const [config, layer] = [blob(2, `config of ${seed}`), blob(500, seed)];
  const subject = of && { mediaType: of.mediaType, digest: of.digest, size: of.bytes.length };
  const fields = { config, layers: [layer], artifactType: `application/vnd.${seed}`, annotations: { by: seed } };
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: manifestType, ...fields, subject }));
  return { ...fields, subject, digest: digestOf(bytes), mediaType: manifestType, bytes };
}

function listOf(images: readonly StoredManifest[]): PushOptions['list'] {
  const manifests = images.map(({ digest, mediaType, bytes }) => ({ digest, mediaType, size: bytes.length }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: listType, manifests }, null, 3));
  return { digest: digestOf(bytes), mediaType: listType, bytes };
}

function options(images: readonly StoredImage[], overrides: Partial<PushOptions> = {}): PushOptions {
  return {
    destination: { registry: registry.host, repository: 'team/api', tag: '1.4' },
    list: listOf(images),
    images,
    attachments: [],
    blobs: {
      size: async (digest) => store.get(digest)?.length ?? 0,
      read: (digest, { start = 0 } = {}) => streamOf(store.get(digest)?.subarray(start) ?? Buffer.alloc(0)),
    },
    credentials: { env: {}, home: '/nonexistent', platform: 'linux', uid: 1, root: '/nonexistent' },
    tlsVerify: false,
    onProgress: () => {},
    signal: new AbortController().signal,
    wait: async (ms) => {
      waits.push(ms);
    },
    ...overrides,
  };
}

/** A stream of chunks, as when a file is read. */
function streamOf(bytes: Buffer): Readable {
  const pieces = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, index) =>
    bytes.subarray(index * 65_536, (index + 1) * 65_536),
  );
  return Readable.from(pieces, { objectMode: false });
}

async function problemFrom(push: Promise<unknown>): Promise<Problem> {
  return push.then(
    () => {
      throw new Error('the push did not fail');
    },
    (thrown: unknown) => problemOf(thrown),
  );
}

function isStored(digest: Digest, server = registry): boolean {
  return server.blobs.get(digest)?.equals(store.get(digest) ?? Buffer.alloc(0)) ?? false;
}

function uploadRequests(): string[] {
  return registry.log.filter((line) => line.startsWith('PUT') || line.startsWith('PATCH'));
}

test('pushes all blobs, then each image by its digest, then the list by its tag, with their exact bytes', async () => {
  const images = [image('amd64', [blob(300_000, 'a')]), image('arm64', [blob(200_000, 'b')])];
  const push = options(images);
  const result = await pushList(push);

  const stages = uploadRequests().map((line) => (line.includes('/uploads/') ? 'blob' : line.split('/').at(-1)));
  expect(stages.slice(0, 4)).toEqual(['blob', 'blob', 'blob', 'blob']);
  expect(new Set(stages.slice(4, 6))).toEqual(new Set(images.map(({ digest }) => digest)));
  expect(stages.slice(6)).toEqual(['1.4']);
  expect(registry.manifests.get('1.4')).toEqual({ mediaType: listType, bytes: push.list.bytes });
  expect(registry.manifests.get(images[0]?.digest ?? '')).toEqual({ mediaType: manifestType, bytes: images[0]?.bytes });
  expect(result).toEqual({ digest: push.list.digest, uploadedBytes: 500_400, skippedBytes: 0 });
});

test('uploads a shared blob once and counts it for both images', async () => {
  const shared = blob(400_000, 'shared');
  const reports: PushProgress[] = [];
  const images = [image('amd64', [shared]), image('arm64', [shared])];
  await pushList(options(images, { onProgress: (progress) => reports.push(progress) }));

  expect(uploadRequests().filter((line) => line.includes('/uploads/'))).toHaveLength(3);
  expect(reports[0]).toMatchObject({ totalBytes: 400_400, uploadedBytes: 0, skippedBytes: 0 });
  expect(reports.at(-1)).toMatchObject({ totalBytes: 400_400, uploadedBytes: 400_400, skippedBytes: 0 });
  expect(reports.at(-1)?.images.map(({ totalBytes, doneBytes }) => [totalBytes, doneBytes])).toEqual([
    [400_200, 400_200],
    [400_200, 400_200],
  ]);
});

test('uploads nothing if the registry already has everything', async () => {
  const images = [image('amd64', [blob(100_000, 'a')])];
  await pushList(options(images));
  registry.requests.length = 0;
  const reports: PushProgress[] = [];
  const again = await pushList(options(images, { onProgress: (progress) => reports.push(progress) }));

  expect(registry.log.filter((line) => !/^(GET|HEAD) /.test(line))).toEqual([]);
  expect(again).toMatchObject({ uploadedBytes: 0, skippedBytes: 100_200 });
  expect(reports.at(-1)?.images[0]?.doneBytes).toBe(100_200);
});

describe('where everything was pushed before', () => {
  const known: NonNullable<PushOptions['locations']> = {
    of: () => [],
    has: () => true,
    add: () => undefined,
    remove: () => undefined,
    save: async () => undefined,
  };

  test('blobs, manifests and the tag are asked for at once', async () => {
    const images = [image('amd64', [blob(1000, 'a')])];
    await pushList(options(images));
    registry.requests.length = 0;
    // the blobs are not answered before the tag was asked for
    registry.fault = async (_request, _response, { path }) => {
      if (path.includes('/blobs/')) {
        await expect.poll(() => registry.log.some((line) => line.endsWith('/manifests/1.4'))).toBe(true);
      }
      return false;
    };
    expect(await pushList(options(images, { locations: known }))).toMatchObject({ uploadedBytes: 0 });
    expect(registry.log.filter((line) => line.includes('/manifests/'))).toHaveLength(2);
  });

  test('what is gone from the registry since then is pushed again', async () => {
    const layer = blob(1000, 'a');
    const images = [image('amd64', [layer]), image('arm64', [blob(2000, 'b')])];
    const push = options(images, { locations: known });
    await pushList(push);
    registry.blobs.delete(layer.digest);
    registry.manifests.delete(images[1]?.digest ?? '');
    expect(await pushList(push)).toMatchObject({ uploadedBytes: 1000 });
    expect(isStored(layer.digest)).toBe(true);
    expect(registry.manifests.has(images[1]?.digest ?? '')).toBe(true);

    registry.manifests.set('1.4', { mediaType: manifestType, bytes: images[0]?.bytes ?? Buffer.alloc(0) });
    await pushList(push);
    expect(registry.manifests.get('1.4')?.bytes).toEqual(push.list.bytes);
  });
});

test('does not upload foreign layers', async () => {
  const foreign = { ...blob(1000, 'windows'), urls: ['https://example.com/layer'] };
  const result = await pushList(options([image('amd64', [foreign, blob(2000, 'own')])]));

  expect(registry.blobs.has(foreign.digest)).toBe(false);
  expect(result.uploadedBytes).toBe(2200);
});

describe('what describes an image', () => {
  const referrersTag = ({ digest }: StoredImage) => digest.replace(':', '-');

  function optionsWith(images: readonly StoredImage[], attachments: readonly StoredManifest[]): PushOptions {
    return options(images, { list: listOf([...images, ...attachments]), attachments });
  }

  test('is pushed with its blobs after the images and before the list, and is counted', async () => {
    const images = [image('amd64', [blob(3_000, 'a')])];
    const attachments = [attachment('provenance'), attachment('signature', images[0])];
    const push = optionsWith(images, attachments);
    let progress: PushProgress | undefined;
    const result = await pushList({ ...push, onProgress: (next) => (progress = next) });
    const manifests = uploadRequests().filter((line) => line.includes('/manifests/'));
    const names = manifests.map((line) => line.split('/').at(-1));
    expect([names[0], names.slice(1, -1).sort(), names.at(-1)]).toEqual([
      images[0]?.digest,
      attachments.map(({ digest }) => digest).sort(),
      '1.4',
    ]);
    for (const { digest, bytes, config, layers } of attachments) {
      expect(registry.manifests.get(digest)?.bytes).toEqual(bytes);
      expect([config, ...layers].every((part) => isStored(part.digest))).toBe(true);
    }
    expect(result.uploadedBytes).toBe(3_000 + 200 + 2 * 502);
    expect(progress?.totalBytes).toBe(result.uploadedBytes);
    expect(progress?.images[0]?.totalBytes).toBe(3_200);
    // a registry with the referrers API needs no tag
    expect(registry.manifests.has(referrersTag(images[0] ?? expect.fail()))).toBe(false);
  });

  test('is listed under a tag if the registry has no referrers API, beside what others have listed there', async () => {
    registry.hasReferrersApi = false;
    const amd64 = image('amd64', [blob(3_000, 'a')]);
    const readTag = () =>
      JSON.parse(registry.manifests.get(referrersTag(amd64))?.bytes.toString() ?? '{"manifests":[]}').manifests;
    const [first, second] = [attachment('signature', amd64), attachment('packages', amd64)];
    await pushList(optionsWith([amd64], [first]));
    await pushList(optionsWith([amd64], [second, attachment('provenance')]));
    expect(readTag()).toEqual(
      [first, second].map(({ digest, bytes, artifactType, annotations }) => ({
        mediaType: manifestType,
        digest,
        size: bytes.length,
        artifactType,
        annotations,
      })),
    );
    const requests = registry.requests.length;
    await pushList(optionsWith([amd64], [first]));
    expect(registry.requests.slice(requests).filter(({ path }) => path.includes(referrersTag(amd64)))).toMatchObject([
      { method: 'GET' },
    ]);
  });

  test('does not replace something else under that tag', async () => {
    registry.hasReferrersApi = false;
    const amd64 = image('amd64', [blob(3_000, 'a')]);
    await pushList(options([amd64]));
    const other = registry.manifests.get(amd64.digest) ?? expect.fail('the image was not pushed');
    registry.manifests.set(referrersTag(amd64), other);
    const problem = await problemFrom(pushList(optionsWith([amd64], [attachment('signature', amd64)])));
    expect(problem).toMatchObject({ code: 'registry.refused', message: expect.stringContaining(referrersTag(amd64)) });
    expect(registry.manifests.get(referrersTag(amd64))).toBe(other);
  });
});

test('resumes an upload after a lost connection if the registry knows its offset', async () => {
  const layer = blob(1_000_000, 'big');
  registry.closeAfterBytes.push(300_000, 250_000);
  await pushList(options([image('amd64', [layer])]));

  const patches = registry.requests.filter(({ method }) => method === 'PATCH');
  expect(patches.map(({ headers }) => headers['content-range'])).toEqual(['300000-999999', '550000-999999']);
  expect(registry.log.filter((line) => line.startsWith('POST'))).toHaveLength(2);
  expect(isStored(layer.digest)).toBe(true);
});

test('restarts an upload if the registry does not know its offset', async () => {
  const layer = blob(1_000_000, 'big');
  registry.closeAfterBytes.push(300_000);
  registry.keepsOffset = false;
  const uploadedBytes: number[] = [];
  const result = await pushList(
    options([image('amd64', [layer])], { onProgress: (progress) => uploadedBytes.push(progress.uploadedBytes) }),
  );

  expect(registry.requests.some(({ method }) => method === 'PATCH')).toBe(false);
  expect(isStored(layer.digest)).toBe(true);
  expect(result.uploadedBytes).toBe(1_000_200);
  expect(Math.max(...uploadedBytes)).toBeLessThanOrEqual(1_000_200);
});

test('restarts an upload if the registry rejects the rest', async () => {
  const layer = blob(500_000, 'big');
  registry.closeAfterBytes.push(100_000);
  registry.fault = (request, response) => {
    if (request.method !== 'PATCH') {
      return false;
    }
    respond(response, 416);
    return true;
  };
  await pushList(options([image('amd64', [layer])]));

  expect(isStored(layer.digest)).toBe(true);
  expect(registry.uploads.size).toBe(0);
});

test('does not upload a blob again if only the response of the registry was lost', async () => {
  const layer = blob(500_000, 'big');
  registry.fault = async (request, _response, { path }) => {
    if (request.method !== 'PUT' || !path.includes(encodeURIComponent(layer.digest))) {
      return false;
    }
    registry.blobs.set(layer.digest, await readRequest(request));
    registry.uploads.delete(path.split(/[/?]/).at(-2) ?? '');
    request.socket.destroy();
    return true;
  };
  await pushList(options([image('amd64', [layer])]));

  const attempts = registry.requests.filter(({ path }) => path.includes(encodeURIComponent(layer.digest)));
  expect(attempts).toHaveLength(1);
});

test('waits as long as Retry-After says, then tries again', async () => {
  let rejected = 0;
  registry.fault = (request, response) => {
    if (request.method !== 'PUT' || rejected === 2) {
      return false;
    }
    rejected += 1;
    respond(response, rejected === 1 ? 429 : 503, { 'retry-after': '7', connection: 'close' });
    return true;
  };
  await pushList(options([image('amd64', [])]));

  expect(rejected).toBe(2);
  expect(waits).toEqual([7000, 7000]);
});

test('fails after five attempts if the registry only answers 500', async () => {
  registry.fault = async (request, response) => {
    if (request.method !== 'PUT') {
      return false;
    }
    await readRequest(request);
    respond(response, 500, {}, errorBody('UNKNOWN', 'out of disk space'));
    return true;
  };
  const problem = await problemFrom(pushList(options([image('amd64', [])])));

  expect(problem).toMatchObject({ code: 'registry.refused', detail: 'UNKNOWN: out of disk space' });
  expect(uploadRequests()).toHaveLength(5);
  expect(waits).toHaveLength(4);
});

test('does not retry a request that the registry rejected', async () => {
  registry.fault = async (request, response) => {
    if (request.method !== 'PUT') {
      return false;
    }
    await readRequest(request);
    respond(response, 400, {}, errorBody('DIGEST_INVALID', 'no'));
    return true;
  };
  const problem = await problemFrom(pushList(options([image('amd64', [])])));

  expect(problem).toMatchObject({ code: 'registry.refused', detail: 'DIGEST_INVALID: no' });
  expect(uploadRequests()).toHaveLength(1);
});

test('sends a blob in a PATCH if the registry refuses a PUT with its content', async () => {
  for (const status of [400, 405, 415, 501]) {
    registry.requests.length = 0;
    registry.fault = async (request, response, { path }) => {
      if (request.method !== 'PUT' || !path.includes('/uploads/') || request.headers['content-length'] === '0') {
        return false;
      }
      await readRequest(request);
      respond(response, status, {}, errorBody('UNSUPPORTED', 'send it in chunks'));
      return true;
    };
    const layers = [blob(300_000, `layer ${status}`), blob(200_000, `other ${status}`), blob(0, 'empty')];
    await pushList(options([image('amd64', layers)]));
    expect(layers.map(({ digest }) => isStored(digest))).toEqual([true, true, true]);
  }
});

test.each([401, 403])('pushes for a user who may not read (%i)', async (status) => {
  registry.fault = (request, response) => {
    if (request.method !== 'HEAD' && request.method !== 'GET') {
      return false;
    }
    const isPing = request.url === '/v2/';
    respond(response, isPing ? 401 : status, { 'www-authenticate': 'Basic realm="x"' });
    return true;
  };
  const credentials = { ...options([]).credentials, explicit: { username: 'robot', password: 'p' } };
  const layer = blob(300_000, 'layer');
  const amd64 = image('amd64', [layer]);
  const push = options([amd64], { credentials, attachments: [attachment('signature', amd64)] });
  expect(await pushList(push)).toMatchObject({ digest: push.list.digest });
  expect(registry.manifests.get('1.4')?.bytes).toEqual(push.list.bytes);
  expect(waits).toEqual([]);
});

test('still reports wrong credentials', async () => {
  registry.fault = (_request, response) => {
    respond(response, 401, { 'www-authenticate': 'Basic realm="x"' });
    return true;
  };
  const credentials = { ...options([]).credentials, explicit: { username: 'robot', password: 'wrong' } };
  const problem = await problemFrom(pushList(options([image('amd64', [])], { credentials })));
  expect(problem).toMatchObject({
    code: 'registry.authentication',
    actions: [{ id: 'sign-in', registry: registry.host }],
  });
});

test("pushes a list of docker's own media type as what it is", async () => {
  const dockerTypes = {
    list: 'application/vnd.docker.distribution.manifest.list.v2+json',
    image: 'application/vnd.docker.distribution.manifest.v2+json',
  };
  const amd64 = { ...image('amd64', [blob(1000, 'layer')]), mediaType: dockerTypes.image };
  await pushList(options([amd64], { list: { ...listOf([amd64]), mediaType: dockerTypes.list } }));
  expect(registry.manifests.get('1.4')?.mediaType).toBe(dockerTypes.list);
  expect(registry.manifests.get(amd64.digest)?.mediaType).toBe(dockerTypes.image);
});

test('does not set the tag if the registry stored another digest', async () => {
  registry.fault = async (request, response, { path }) => {
    if (request.method !== 'PUT' || !path.includes('/manifests/sha256:')) {
      return false;
    }
    await readRequest(request);
    respond(response, 201, { 'docker-content-digest': `sha256:${'0'.repeat(64)}` });
    return true;
  };
  const problem = await problemFrom(pushList(options([image('amd64', [])])));

  expect(problem.code).toBe('registry.refused');
  expect(problem.message).toContain(`sha256:${'0'.repeat(64)}`);
  expect(uploadRequests().some((line) => line.endsWith('/manifests/1.4'))).toBe(false);
});

test('fails if the tag refers to another digest afterwards', async () => {
  registry.fault = (request, response, { path }) => {
    if (request.method !== 'HEAD' || !path.endsWith('/manifests/1.4')) {
      return false;
    }
    respond(response, 200, { 'docker-content-digest': `sha256:${'1'.repeat(64)}` });
    return true;
  };
  const problem = await problemFrom(pushList(options([image('amd64', [])])));

  expect(problem.code).toBe('registry.refused');
  expect(problem.message).toContain('The list was pushed, but the tag 1.4 refers to');
});

test('never sends the password to another host after a redirect or for an upload location', async () => {
  const layer = blob(300_000, 'big');
  registry.fault = requireBasicLogin((request, response, { path }) => {
    if (request.method === 'HEAD' && path.endsWith(`/blobs/${layer.digest}`)) {
      respond(response, 307, { location: `${otherServer.origin}${path}` });
      return true;
    }
    if (request.method === 'POST') {
      otherServer.uploads.set('other-upload', Buffer.alloc(0));
      respond(response, 202, {
        location: `${otherServer.origin}/v2/x/blobs/uploads/other-upload?_state=a%2Fb%3D%3D&x=1`,
      });
      return true;
    }
    return false;
  });
  const credentials = { ...options([]).credentials, explicit: { username: 'builder', password: 'pass:word' } };
  const only = { ...image('amd64', [layer]), config: layer };
  const bytes = Buffer.from(JSON.stringify({ config: { ...layer, urls: [] }, layers: [] }));
  await pushList(options([{ ...only, bytes, digest: digestOf(bytes) }], { credentials }));

  expect(isStored(layer.digest, otherServer)).toBe(true);
  expect(otherServer.requests.map(({ method }) => method)).toEqual(['HEAD', 'PUT']);
  expect(otherServer.requests.flatMap(({ headers }) => headers.authorization ?? [])).toEqual([]);
  expect(registry.requests.filter(({ headers }) => headers.authorization !== undefined).length).toBeGreaterThan(3);
});

test('renews a token that expires during the push', async () => {
  const tokens: string[] = [];
  const scopes: (string | null)[] = [];
  let rejected = 0;
  otherServer.fault = (_request, response, { path }) => {
    scopes.push(new URL(path, otherServer.origin).searchParams.get('scope'));
    tokens.push(`token-${tokens.length + 1}`);
    respond(response, 200, {}, JSON.stringify({ token: tokens.at(-1), expires_in: 3600 }));
    return true;
  };
  registry.fault = (request, response) => {
    const valid = request.headers.authorization === `Bearer ${tokens.at(-1)}`;
    const expires = valid && request.method === 'PUT' && rejected === 0;
    if (valid && !expires) {
      return false;
    }
    // registries respond before they have read the body
    rejected += expires ? 1 : 0;
    const challenge = `Bearer realm="${otherServer.origin}/token",service="lab",scope="repository:team/api:push,pull"`;
    respond(response, 401, { 'www-authenticate': challenge });
    return true;
  };
  const layer = blob(5_000_000, 'big');
  await pushList(options([image('amd64', [layer])]));

  expect(rejected).toBe(1);
  expect(tokens).toHaveLength(2);
  expect(scopes).toEqual(['repository:team/api:pull,push', 'repository:team/api:pull,push']);
  expect(isStored(layer.digest)).toBe(true);
  expect(registry.manifests.has('1.4')).toBe(true);
});

test('reports a rejected login with its source, without the password', async () => {
  const password = 'hunter2:with-colon';
  const base64 = Buffer.from(`builder:${password}`).toString('base64');
  registry.fault = (request, response) => {
    // the response to HEAD has no body
    if (request.method === 'HEAD') {
      return false;
    }
    const body = errorBody('UNAUTHORIZED', `no such login: ${password} ${base64}`);
    respond(response, 401, { 'www-authenticate': 'Basic realm="lab"' }, body);
    return true;
  };
  const credentials = { ...options([]).credentials, explicit: { username: 'builder', password } };
  const problem = await problemFrom(pushList(options([image('amd64', [])], { credentials })));

  expect(problem.code).toBe('registry.authentication');
  expect(problem.message).toContain(registry.host);
  expect(problem.message).toContain('"builder"');
  expect(problem.message).toContain('entered for this push');
  expect(problem.actions).toEqual([{ id: 'sign-in', registry: registry.host }]);
  expect(problem.detail).toBe('UNAUTHORIZED: no such login: *** ***');
  expect(JSON.stringify(problem)).not.toMatch(/hunter2/);
});

test('reports a missing login', async () => {
  registry.fault = requireBasicLogin(() => false);
  const problem = await problemFrom(pushList(options([image('amd64', [])])));

  expect(problem.code).toBe('registry.authentication');
  expect(problem.message).toContain('requires a login');
});

test('distinguishes a user without permission from a rejected login', async () => {
  otherServer.fault = (_request, response) => {
    respond(response, 200, {}, JSON.stringify({ access_token: 'token-without-access' }));
    return true;
  };
  registry.fault = (request, response) => {
    if (request.method === 'HEAD') {
      return false;
    }
    const challenge = `Bearer realm="${otherServer.origin}/token",service="lab",error="insufficient_scope"`;
    respond(response, 401, { 'www-authenticate': challenge }, errorBody('DENIED', 'requested access is denied'));
    return true;
  };
  const credentials = { ...options([]).credentials, explicit: { username: 'guest', password: 'secret' } };
  const problem = await problemFrom(pushList(options([image('amd64', [])], { credentials })));

  expect(problem).toMatchObject({ code: 'registry.denied', detail: 'DENIED: requested access is denied' });
  expect(problem.message).toContain('"guest"');
  expect(problem.message).toContain('push to team/api');
});

test('stops at once when it is cancelled, and deletes the started upload', async () => {
  const controller = new AbortController();
  const layer = blob(3_000_000, 'big');
  const closed = deferred();
  let upload = '';
  registry.fault = async (request, _response, { path }) => {
    if (request.method !== 'PUT' || !path.includes(encodeURIComponent(layer.digest))) {
      return false;
    }
    // the registry never responds, so only the signal can end the request
    await readRequest(request, 100_000);
    upload = path.split('?')[0] ?? '';
    request.socket.once('close', closed.resolve);
    request.resume();
    controller.abort();
    return true;
  };
  const problem = await problemFrom(pushList(options([image('amd64', [layer])], { signal: controller.signal })));

  expect(problem.code).toBe('push.cancelled');
  await closed.promise;
  expect(registry.log).toContain(`DELETE ${upload}`);
  expect([...registry.manifests.keys()]).toEqual([]);
});

test('does not start if it was cancelled before', async () => {
  const problem = await problemFrom(pushList(options([image('amd64', [])], { signal: AbortSignal.abort() })));

  expect(problem.code).toBe('push.cancelled');
  expect(registry.requests).toEqual([]);
});

test('ends the other uploads when one blob fails', async () => {
  const bad = blob(2_000_000, 'bad');
  const slow = blob(3_000_000, 'slow');
  const started = deferred();
  registry.fault = async (request, response, { path }) => {
    if (request.method === 'PUT' && path.includes(encodeURIComponent(slow.digest))) {
      await readRequest(request, 100_000);
      started.resolve();
      return true;
    }
    if (request.method === 'PUT' && path.includes(encodeURIComponent(bad.digest))) {
      await started.promise;
      respond(response, 413);
      return true;
    }
    return false;
  };
  const problem = await problemFrom(pushList(options([image('amd64', [slow, bad])])));

  expect(problem).toMatchObject({ code: 'registry.refused' });
  expect(problem.message).toContain('413');
  expect(registry.manifests.size).toBe(0);
});

test('reports a blob that cannot be read as an error of the image store', async () => {
  const layer = blob(500_000, 'big');
  const push = options([image('amd64', [layer])]);
  const blobs: PushOptions['blobs'] = {
    size: push.blobs.size,
    read: (digest) => {
      if (digest !== layer.digest) {
        return push.blobs.read(digest);
      }
      const chunks = async function* () {
        yield Buffer.alloc(1000);
        throw new Error('input/output error');
      };
      return Readable.from(chunks(), { objectMode: false });
    },
  };
  const problem = await problemFrom(pushList({ ...push, blobs }));

  expect(problem.code).toBe('image.corrupt');
  expect(problem.message).toContain(layer.digest);
  expect(waits).toEqual([]);
});

test('reports a truncated blob as an error of the image store', async () => {
  const layer = blob(500_000, 'big');
  const push = options([image('amd64', [layer])]);
  const blobs: PushOptions['blobs'] = {
    size: push.blobs.size,
    read: (digest) => streamOf(store.get(digest)?.subarray(0, 150) ?? Buffer.alloc(0)),
  };
  const problem = await problemFrom(pushList({ ...push, blobs }));

  expect(problem.code).toBe('image.corrupt');
});

test('requires a registry in the destination', async () => {
  const destination = { repository: 'api', tag: 'latest' };
  const problem = await problemFrom(pushList(options([], { destination })));

  expect(problem.code).toBe('reference.no-registry');
});

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Requires Basic authentication, then calls the next fault. */
function requireBasicLogin(next: FakeRegistry['fault']): FakeRegistry['fault'] {
  return (request, response, recorded) => {
    if (request.headers.authorization === undefined) {
      respond(response, 401, { 'www-authenticate': 'Basic realm="lab"' });
      return true;
    }
    return next(request, response, recorded);
  };
}
