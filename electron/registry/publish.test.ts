import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Digest } from '../../shared/image.ts';
import { type Platform, parsePlatform } from '../../shared/platform.ts';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { digestOf } from './client.ts';
import { type PublishImage, type PublishOptions, type PublishProgress, publishList } from './publish.ts';
import { answer, error, FakeRegistry, read } from './testing/fake-registry.ts';

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const listType = 'application/vnd.oci.image.index.v1+json';

let registry: FakeRegistry;
let other: FakeRegistry;
let store: Map<Digest, Buffer>;
let waits: number[];

beforeEach(async () => {
  registry = await FakeRegistry.start();
  other = await FakeRegistry.start();
  store = new Map();
  waits = [];
});
afterEach(async () => {
  await registry.stop();
  await other.stop();
});

function blob(size: number, seed: string): { digest: Digest; size: number } {
  const bytes = Buffer.alloc(size, createHash('sha256').update(seed).digest());
  const digest = digestOf(bytes);
  store.set(digest, bytes);
  return { digest, size };
}

function platform(text: string): Platform {
  const parsed = parsePlatform(text);
  if (!parsed) {
    throw new Error(`${text} is no platform`);
  }
  return parsed;
}

function image(name: string, layers: PublishImage['layers']): PublishImage {
  const config = blob(200, `config of ${name}`);
  const bytes = Buffer.from(
    `{"schemaVersion": 2,\n  "config": ${JSON.stringify(config)}, "layers": ${JSON.stringify(layers)}}`,
  );
  return { platform: platform(name), digest: digestOf(bytes), mediaType: manifestType, bytes, config, layers };
}

function listOf(images: readonly PublishImage[]): PublishOptions['list'] {
  const manifests = images.map(({ digest, mediaType, bytes }) => ({ digest, mediaType, size: bytes.length }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: listType, manifests }, null, 3));
  return { digest: digestOf(bytes), mediaType: listType, bytes };
}

function options(images: readonly PublishImage[], more: Partial<PublishOptions> = {}): PublishOptions {
  return {
    destination: { registry: registry.host, repository: 'team/api', tag: '1.4' },
    list: listOf(images),
    images,
    blobs: {
      size: async (digest) => store.get(digest)?.length ?? 0,
      read: (digest, { start = 0 } = {}) => streamOf(store.get(digest)?.subarray(start) ?? Buffer.alloc(0)),
    },
    credentials: { env: { XDG_RUNTIME_DIR: '/nonexistent' }, home: '/nonexistent', platform: 'linux' },
    tlsVerify: false,
    onProgress: () => {},
    signal: new AbortController().signal,
    wait: async (ms) => {
      waits.push(ms);
    },
    ...more,
  };
}

/** In pieces, as a file is read. */
function streamOf(bytes: Buffer): Readable {
  const pieces = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, index) =>
    bytes.subarray(index * 65_536, (index + 1) * 65_536),
  );
  return Readable.from(pieces, { objectMode: false });
}

async function problemFrom(push: Promise<unknown>): Promise<Problem> {
  return push.then(
    () => {
      throw new Error('The push did not fail.');
    },
    (thrown: unknown) => problemOf(thrown),
  );
}

function isStored(digest: Digest, where = registry): boolean {
  return where.blobs.get(digest)?.equals(store.get(digest) ?? Buffer.alloc(0)) ?? false;
}

function puts(): string[] {
  return registry.log.filter((line) => line.startsWith('PUT') || line.startsWith('PATCH'));
}

test('sends all blobs, then each image by its digest, then the list by its tag, byte for byte', async () => {
  const images = [image('amd64', [blob(300_000, 'a')]), image('arm64', [blob(200_000, 'b')])];
  const push = options(images);
  const published = await publishList(push);

  const stages = puts().map((line) => (line.includes('/uploads/') ? 'blob' : line.split('/').at(-1)));
  expect(stages.slice(0, 4)).toEqual(['blob', 'blob', 'blob', 'blob']);
  expect(new Set(stages.slice(4, 6))).toEqual(new Set(images.map(({ digest }) => digest)));
  expect(stages.slice(6)).toEqual(['1.4']);
  expect(registry.manifests.get('1.4')).toEqual({ mediaType: listType, bytes: push.list.bytes });
  expect(registry.manifests.get(images[0]?.digest ?? '')).toEqual({ mediaType: manifestType, bytes: images[0]?.bytes });
  expect(published).toEqual({ digest: push.list.digest, uploadedBytes: 500_400, skippedBytes: 0 });
});

test('sends a blob that two images share once, and counts it for both', async () => {
  const shared = blob(400_000, 'shared');
  const told: PublishProgress[] = [];
  const images = [image('amd64', [shared]), image('arm64', [shared])];
  await publishList(options(images, { onProgress: (progress) => told.push(progress) }));

  expect(puts().filter((line) => line.includes('/uploads/'))).toHaveLength(3);
  expect(told[0]).toMatchObject({ totalBytes: 400_400, uploadedBytes: 0, skippedBytes: 0 });
  expect(told.at(-1)).toMatchObject({ totalBytes: 400_400, uploadedBytes: 400_400, skippedBytes: 0 });
  expect(told.at(-1)?.images.map(({ totalBytes, doneBytes }) => [totalBytes, doneBytes])).toEqual([
    [400_200, 400_200],
    [400_200, 400_200],
  ]);
});

test('sends nothing where everything is there already', async () => {
  const images = [image('amd64', [blob(100_000, 'a')])];
  await publishList(options(images));
  registry.requests.length = 0;
  const told: PublishProgress[] = [];
  const again = await publishList(options(images, { onProgress: (progress) => told.push(progress) }));

  expect(registry.log.filter((line) => !/^(GET|HEAD) /.test(line))).toEqual([]);
  expect(again).toMatchObject({ uploadedBytes: 0, skippedBytes: 100_200 });
  expect(told.at(-1)?.images[0]?.doneBytes).toBe(100_200);
});

test('leaves layers alone that everybody fetches from elsewhere', async () => {
  const foreign = { ...blob(1000, 'windows'), urls: ['https://example.com/layer'] };
  const published = await publishList(options([image('amd64', [foreign, blob(2000, 'own')])]));

  expect(registry.blobs.has(foreign.digest)).toBe(false);
  expect(published.uploadedBytes).toBe(2200);
});

test('goes on where the connection broke, when the registry knows how much it has', async () => {
  const layer = blob(1_000_000, 'big');
  registry.cuts.push(300_000, 250_000);
  await publishList(options([image('amd64', [layer])]));

  const patches = registry.requests.filter(({ method }) => method === 'PATCH');
  expect(patches.map(({ headers }) => headers['content-range'])).toEqual(['300000-999999', '550000-999999']);
  expect(registry.log.filter((line) => line.startsWith('POST'))).toHaveLength(2);
  expect(isStored(layer.digest)).toBe(true);
});

test('starts a blob again when the registry does not know how much it has', async () => {
  const layer = blob(1_000_000, 'big');
  registry.cuts.push(300_000);
  registry.remembers = false;
  const told: number[] = [];
  const published = await publishList(
    options([image('amd64', [layer])], { onProgress: ({ uploadedBytes }) => told.push(uploadedBytes) }),
  );

  expect(registry.requests.some(({ method }) => method === 'PATCH')).toBe(false);
  expect(isStored(layer.digest)).toBe(true);
  expect(published.uploadedBytes).toBe(1_000_200);
  expect(Math.max(...told)).toBeLessThanOrEqual(1_000_200);
});

test('starts a blob again when the registry does not take the rest', async () => {
  const layer = blob(500_000, 'big');
  registry.cuts.push(100_000);
  registry.mischief = (request, response) => {
    if (request.method !== 'PATCH') {
      return false;
    }
    answer(response, 416);
    return true;
  };
  await publishList(options([image('amd64', [layer])]));

  expect(isStored(layer.digest)).toBe(true);
  expect(registry.uploads.size).toBe(0);
});

test('does not send a blob again when only the last word of the registry was lost', async () => {
  const layer = blob(500_000, 'big');
  registry.mischief = async (request, _response, { path }) => {
    if (request.method !== 'PUT' || !path.includes(encodeURIComponent(layer.digest))) {
      return false;
    }
    registry.blobs.set(layer.digest, await read(request));
    registry.uploads.delete(path.split(/[/?]/).at(-2) ?? '');
    request.socket.destroy();
    return true;
  };
  await publishList(options([image('amd64', [layer])]));

  const attempts = registry.requests.filter(({ path }) => path.includes(encodeURIComponent(layer.digest)));
  expect(attempts).toHaveLength(1);
});

test('waits as long as the registry asks, and tries again', async () => {
  let turnedAway = 0;
  registry.mischief = (request, response) => {
    if (request.method !== 'PUT' || turnedAway === 2) {
      return false;
    }
    turnedAway += 1;
    answer(response, turnedAway === 1 ? 429 : 503, { 'retry-after': '7', connection: 'close' });
    return true;
  };
  await publishList(options([image('amd64', [])]));

  expect(turnedAway).toBe(2);
  expect(waits).toEqual([7000, 7000]);
});

test('gives a registry that only answers 500 five attempts, then says so', async () => {
  registry.mischief = async (request, response) => {
    if (request.method !== 'PUT') {
      return false;
    }
    await read(request);
    answer(response, 500, {}, error('UNKNOWN', 'disk on fire'));
    return true;
  };
  const problem = await problemFrom(publishList(options([image('amd64', [])])));

  expect(problem).toMatchObject({ code: 'registry.refused', detail: 'UNKNOWN: disk on fire' });
  expect(puts()).toHaveLength(5);
  expect(waits).toHaveLength(4);
});

test('does not repeat what the registry has refused', async () => {
  registry.mischief = async (request, response) => {
    if (request.method !== 'PUT') {
      return false;
    }
    await read(request);
    answer(response, 400, {}, error('DIGEST_INVALID', 'no'));
    return true;
  };
  const problem = await problemFrom(publishList(options([image('amd64', [])])));

  expect(problem).toMatchObject({ code: 'registry.refused', detail: 'DIGEST_INVALID: no' });
  expect(puts()).toHaveLength(1);
});

test('does not set the tag when the registry says that it stored something else', async () => {
  registry.mischief = async (request, response, { path }) => {
    if (request.method !== 'PUT' || !path.includes('/manifests/sha256:')) {
      return false;
    }
    await read(request);
    answer(response, 201, { 'docker-content-digest': `sha256:${'0'.repeat(64)}` });
    return true;
  };
  const problem = await problemFrom(publishList(options([image('amd64', [])])));

  expect(problem.code).toBe('registry.refused');
  expect(problem.message).toContain(`sha256:${'0'.repeat(64)}`);
  expect(puts().some((line) => line.endsWith('/manifests/1.4'))).toBe(false);
});

test('notices when the tag points at something else afterwards', async () => {
  registry.mischief = (request, response, { path }) => {
    if (request.method !== 'HEAD' || !path.endsWith('/manifests/1.4')) {
      return false;
    }
    answer(response, 200, { 'docker-content-digest': `sha256:${'1'.repeat(64)}` });
    return true;
  };
  const problem = await problemFrom(publishList(options([image('amd64', [])])));

  expect(problem.code).toBe('registry.refused');
  expect(problem.message).toContain('The list was pushed, but the tag 1.4 points at');
});

test('never shows its password to another host, neither by a redirect nor by an upload location', async () => {
  const layer = blob(300_000, 'big');
  registry.mischief = basicLogin((request, response, { path }) => {
    if (request.method === 'HEAD' && path.endsWith(`/blobs/${layer.digest}`)) {
      answer(response, 307, { location: `${other.origin}${path}` });
      return true;
    }
    if (request.method === 'POST') {
      other.uploads.set('elsewhere', Buffer.alloc(0));
      answer(response, 202, { location: `${other.origin}/v2/x/blobs/uploads/elsewhere?_state=a%2Fb%3D%3D&x=1` });
      return true;
    }
    return false;
  });
  const credentials = { ...options([]).credentials, explicit: { username: 'builder', password: 'pass:word' } };
  const only = { ...image('amd64', [layer]), config: layer };
  const bytes = Buffer.from(JSON.stringify({ config: { ...layer, urls: [] }, layers: [] }));
  await publishList(options([{ ...only, bytes, digest: digestOf(bytes) }], { credentials }));

  expect(isStored(layer.digest, other)).toBe(true);
  expect(other.requests.map(({ method }) => method)).toEqual(['HEAD', 'PUT']);
  expect(other.requests.flatMap(({ headers }) => headers.authorization ?? [])).toEqual([]);
  expect(registry.requests.filter(({ headers }) => headers.authorization !== undefined).length).toBeGreaterThan(3);
});

test('gets a new token when the old one ends in the middle of the push, and goes on', async () => {
  const tokens: string[] = [];
  const scopes: (string | null)[] = [];
  let rejected = 0;
  other.mischief = (_request, response, { path }) => {
    scopes.push(new URL(path, other.origin).searchParams.get('scope'));
    tokens.push(`token-${tokens.length + 1}`);
    answer(response, 200, {}, JSON.stringify({ token: tokens.at(-1), expires_in: 3600 }));
    return true;
  };
  registry.mischief = (request, response) => {
    const valid = request.headers.authorization === `Bearer ${tokens.at(-1)}`;
    const ends = valid && request.method === 'PUT' && rejected === 0;
    if (valid && !ends) {
      return false;
    }
    // an answer before the body was read, as registries give it
    rejected += ends ? 1 : 0;
    const challenge = `Bearer realm="${other.origin}/token",service="lab",scope="repository:team/api:push,pull"`;
    answer(response, 401, { 'www-authenticate': challenge });
    return true;
  };
  const layer = blob(5_000_000, 'big');
  await publishList(options([image('amd64', [layer])]));

  expect(rejected).toBe(1);
  expect(tokens).toHaveLength(2);
  expect(scopes).toEqual(['repository:team/api:pull,push', 'repository:team/api:pull,push']);
  expect(isStored(layer.digest)).toBe(true);
  expect(registry.manifests.has('1.4')).toBe(true);
});

test('says which login was refused and where it came from, and keeps the password to itself', async () => {
  const password = 'hunter2:with-colon';
  const base64 = Buffer.from(`builder:${password}`).toString('base64');
  registry.mischief = (request, response) => {
    // an answer to HEAD has no words
    if (request.method === 'HEAD') {
      return false;
    }
    const words = error('UNAUTHORIZED', `no such login: ${password} ${base64}`);
    answer(response, 401, { 'www-authenticate': 'Basic realm="lab"' }, words);
    return true;
  };
  const credentials = { ...options([]).credentials, explicit: { username: 'builder', password } };
  const problem = await problemFrom(publishList(options([image('amd64', [])], { credentials })));

  expect(problem.code).toBe('registry.authentication');
  expect(problem.message).toContain(registry.host);
  expect(problem.message).toContain('"builder"');
  expect(problem.message).toContain('given with this push');
  expect(problem.fix).toContain(`podman login ${registry.host}`);
  expect(problem.detail).toBe('UNAUTHORIZED: no such login: *** ***');
  expect(JSON.stringify(problem)).not.toMatch(/hunter2/);
});

test('says that a login is needed where there is none', async () => {
  registry.mischief = basicLogin(() => false);
  const problem = await problemFrom(publishList(options([image('amd64', [])])));

  expect(problem.code).toBe('registry.authentication');
  expect(problem.message).toContain('wants a login');
});

test('tells a user who may not push from one who is not known', async () => {
  other.mischief = (_request, response) => {
    answer(response, 200, {}, JSON.stringify({ access_token: 'good-for-nothing' }));
    return true;
  };
  registry.mischief = (request, response) => {
    if (request.method === 'HEAD') {
      return false;
    }
    const challenge = `Bearer realm="${other.origin}/token",service="lab",error="insufficient_scope"`;
    answer(response, 401, { 'www-authenticate': challenge }, error('DENIED', 'requested access is denied'));
    return true;
  };
  const credentials = { ...options([]).credentials, explicit: { username: 'guest', password: 'secret' } };
  const problem = await problemFrom(publishList(options([image('amd64', [])], { credentials })));

  expect(problem).toMatchObject({ code: 'registry.denied', detail: 'DENIED: requested access is denied' });
  expect(problem.message).toContain('"guest"');
  expect(problem.message).toContain('push to team/api');
});

test('stops at once when it is cancelled, and takes the started upload back', async () => {
  const controller = new AbortController();
  const layer = blob(3_000_000, 'big');
  const cutOff = deferred();
  let upload = '';
  registry.mischief = async (request, _response, { path }) => {
    if (request.method !== 'PUT' || !path.includes(encodeURIComponent(layer.digest))) {
      return false;
    }
    // reads a little and then nothing more: without the signal this would go on for ever
    await read(request, 100_000);
    upload = path.split('?')[0] ?? '';
    request.socket.once('close', cutOff.resolve);
    request.resume();
    controller.abort();
    return true;
  };
  const problem = await problemFrom(publishList(options([image('amd64', [layer])], { signal: controller.signal })));

  expect(problem.code).toBe('push.cancelled');
  await cutOff.promise;
  expect(registry.log).toContain(`DELETE ${upload}`);
  expect([...registry.manifests.keys()]).toEqual([]);
});

test('does not begin when it was cancelled before', async () => {
  const problem = await problemFrom(publishList(options([image('amd64', [])], { signal: AbortSignal.abort() })));

  expect(problem.code).toBe('push.cancelled');
  expect(registry.requests).toEqual([]);
});

test('ends the uploads beside it when one blob has failed', async () => {
  const bad = blob(2_000_000, 'bad');
  const slow = blob(3_000_000, 'slow');
  const begun = deferred();
  registry.mischief = async (request, response, { path }) => {
    if (request.method === 'PUT' && path.includes(encodeURIComponent(slow.digest))) {
      await read(request, 100_000);
      begun.resolve();
      return true;
    }
    if (request.method === 'PUT' && path.includes(encodeURIComponent(bad.digest))) {
      await begun.promise;
      answer(response, 413);
      return true;
    }
    return false;
  };
  const problem = await problemFrom(publishList(options([image('amd64', [slow, bad])])));

  expect(problem).toMatchObject({ code: 'registry.refused' });
  expect(problem.message).toContain('413');
  expect(registry.manifests.size).toBe(0);
});

test('blames local storage, and not the network, for a blob that cannot be read', async () => {
  const layer = blob(500_000, 'big');
  const push = options([image('amd64', [layer])]);
  const blobs: PublishOptions['blobs'] = {
    size: push.blobs.size,
    read: (digest) => {
      if (digest !== layer.digest) {
        return push.blobs.read(digest);
      }
      const pieces = async function* () {
        yield Buffer.alloc(1000);
        throw new Error('input/output error');
      };
      return Readable.from(pieces(), { objectMode: false });
    },
  };
  const problem = await problemFrom(publishList({ ...push, blobs }));

  expect(problem.code).toBe('image.corrupt');
  expect(problem.message).toContain(layer.digest);
  expect(waits).toEqual([]);
});

test('blames local storage for a blob that is shorter than it was', async () => {
  const layer = blob(500_000, 'big');
  const push = options([image('amd64', [layer])]);
  const blobs: PublishOptions['blobs'] = {
    size: push.blobs.size,
    read: (digest) => streamOf(store.get(digest)?.subarray(0, 150) ?? Buffer.alloc(0)),
  };
  const problem = await problemFrom(publishList({ ...push, blobs }));

  expect(problem.code).toBe('image.corrupt');
});

test('needs a registry in the destination', async () => {
  const destination = { repository: 'api', tag: 'latest' };
  const problem = await problemFrom(publishList(options([], { destination })));

  expect(problem.code).toBe('reference.no-registry');
});

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Demands Basic authentication, then does what `then` does. */
function basicLogin(then: FakeRegistry['mischief']): FakeRegistry['mischief'] {
  return (request, response, seen) => {
    if (request.headers.authorization === undefined) {
      answer(response, 401, { 'www-authenticate': 'Basic realm="lab"' });
      return true;
    }
    return then(request, response, seen);
  };
}
