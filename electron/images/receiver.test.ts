import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { Agent, type ClientRequest, type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf, mediaTypes } from './manifest.ts';
import { type Admission, type AdmitOptions, createReceiver, type Receiver } from './receiver.ts';
import { ImageStore, type Lease } from './store.ts';
import { platform, type SampleImage, sampleImage } from './testing/sample-image.ts';

const repository = 'barnraiser/api-1f2e';
let home: string;
let store: ImageStore;
let receiver: Receiver;
let lease: Lease;
let port: number;
let agent: Agent;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'receiver-'));
  store = await ImageStore.open(join(home, 'images'));
  lease = await store.lease('build');
  receiver = createReceiver(store);
  receiver.server.listen(0, '127.0.0.1');
  await once(receiver.server, 'listening');
  const address = receiver.server.address();
  port = typeof address === 'object' && address ? address.port : 0;
  agent = new Agent({ keepAlive: true });
});

afterEach(async () => {
  agent.destroy();
  await receiver.close();
  await store.close();
  await rm(home, { recursive: true });
});

function admit(name = 'linux/amd64', options: Partial<AdmitOptions> = {}): Admission {
  const signal = new AbortController().signal;
  return receiver.admit({ repository, platform: platform(name), lease, onBytes: () => undefined, signal, ...options });
}

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Ask {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  readonly auth?: string;
}

function open(admission: Admission, method: string, path: string, ask: Ask = {}): ClientRequest {
  const auth = ask.auth ?? `${admission.username}:${admission.password}`;
  return request({
    port,
    host: '127.0.0.1',
    agent,
    method,
    path,
    headers: ask.headers ?? {},
    ...(auth ? { auth } : {}),
  });
}

async function call(admission: Admission, method: string, path: string, ask: Ask = {}): Promise<Reply> {
  const sent = open(admission, method, path, ask);
  sent.end(ask.body);
  const [response] = await once(sent, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) {
    chunks.push(chunk);
  }
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

function codeIn({ body }: Reply): string {
  return JSON.parse(body.toString('utf8')).errors[0].code;
}

const blobPath = (bytes: Buffer): string => `/v2/${repository}/blobs/${digestOf(bytes)}`;

async function startUpload(admission: Admission): Promise<string> {
  const started = await call(admission, 'POST', `/v2/${repository}/blobs/uploads/`);
  expect(started.status).toBe(202);
  return started.headers.location ?? '';
}

/** Sends a blob as podman does: asks, starts, one PATCH of unknown length, an empty PUT. False where it was there. */
async function sendBlob(admission: Admission, bytes: Buffer): Promise<boolean> {
  if ((await call(admission, 'HEAD', blobPath(bytes))).status === 200) {
    return false;
  }
  const location = await startUpload(admission);
  const patched = await call(admission, 'PATCH', location, {
    headers: { 'Transfer-Encoding': 'chunked', 'Content-Type': 'application/octet-stream' },
    body: bytes,
  });
  expect(patched.status).toBe(202);
  const put = await call(admission, 'PUT', `${patched.headers.location}?digest=${digestOf(bytes)}`);
  expect(put.status).toBe(201);
  return true;
}

function putManifest(admission: Admission, image: SampleImage, name = admission.tag): Promise<Reply> {
  const headers = { 'Content-Type': image.mediaType };
  return call(admission, 'PUT', `/v2/${repository}/manifests/${name}`, { headers, body: image.manifest });
}

async function pushImage(admission: Admission, image: SampleImage): Promise<boolean[]> {
  const sent = await Promise.all([...image.layers, image.config].map((bytes) => sendBlob(admission, bytes)));
  expect((await putManifest(admission, image)).status).toBe(201);
  return sent;
}

/** Names of unfinished blobs. */
async function staged(): Promise<string[]> {
  const owners = await readdir(`${store.folder}.work`);
  const names = await Promise.all(owners.map((owner) => readdir(join(`${store.folder}.work`, owner))));
  return names.flat().filter((name) => name.startsWith('blob-'));
}

describe('a node that pushes', () => {
  test('brings its image into the store, ready to be listed', async () => {
    const image = sampleImage('linux/amd64');
    let bytes = 0;
    const admission = admit('linux/amd64', { onBytes: (count) => (bytes += count) });
    await pushImage(admission, image);
    const received = await admission.received;
    expect(received).toMatchObject({ platform: 'linux/amd64', digest: digestOf(image.manifest) });
    const blobs = [...image.layers, image.config].reduce((sum, blob) => sum + blob.length, 0);
    expect(received.size).toBe(blobs);
    expect(bytes).toBe(blobs + image.manifest.length);
    await admission.close();
    const list = await store.commit('api:1', [received]);
    expect(await store.verify('api:1')).toMatchObject({ blobs: 5 });
    expect(list.entries[0]?.digest).toBe(received.digest);
  });

  test('sends no blob again that the store has', async () => {
    const image = sampleImage('linux/amd64');
    const first = admit();
    expect(await pushImage(first, image)).toEqual([true, true, true]);
    await first.close();
    let bytes = 0;
    const second = admit('linux/amd64', { onBytes: (count) => (bytes += count) });
    expect(await pushImage(second, image)).toEqual([false, false, false]);
    expect(bytes).toBe(image.manifest.length);
    expect((await second.received).digest).toBe((await first.received).digest);
  });

  test('may be docker, which sends schema 2', async () => {
    const admission = admit();
    await pushImage(admission, sampleImage('linux/amd64', { docker: true }));
    expect((await admission.received).mediaType).toBe(mediaTypes.dockerManifest);
  });

  test('may send a blob in one request, mount one, and read back what it sent', async () => {
    const admission = admit();
    const layer = Buffer.from('all at once');
    const uploads = `/v2/${repository}/blobs/uploads/`;
    const sent = await call(admission, 'POST', `${uploads}?digest=${digestOf(layer)}`, { body: layer });
    expect(sent.status).toBe(201);
    expect((await call(admission, 'GET', sent.headers.location ?? '')).body).toEqual(layer);
    const mounted = await call(admission, 'POST', `${uploads}?mount=${digestOf(layer)}&from=other/place`);
    expect(mounted.status).toBe(201);
    const missing = digestOf(Buffer.from('not here'));
    expect((await call(admission, 'POST', `${uploads}?mount=${missing}&from=other/place`)).status).toBe(202);
  });

  test('may send a blob in pieces, ask how far it is, and give it up', async () => {
    const admission = admit();
    const location = await startUpload(admission);
    const range = { 'Content-Range': '0-3' };
    expect((await call(admission, 'PATCH', location, { headers: range, body: 'abcd' })).headers.range).toBe('0-3');
    expect(await call(admission, 'GET', location)).toMatchObject({ status: 204, headers: { range: '0-3' } });
    const gap = await call(admission, 'PATCH', location, { headers: { 'Content-Range': '9-12' }, body: 'efgh' });
    expect(gap).toMatchObject({ status: 416, headers: { range: '0-3' } });
    const whole = digestOf(Buffer.from('abcdefgh'));
    expect((await call(admission, 'PUT', `${location}?digest=${whole}`, { body: 'efgh' })).status).toBe(201);
    const other = await startUpload(admission);
    await call(admission, 'PATCH', other, { body: 'never mind' });
    expect((await call(admission, 'DELETE', other)).status).toBe(204);
    expect((await call(admission, 'GET', other)).status).toBe(404);
    expect(await staged()).toEqual([]);
  });

  test('may send the blobs that several platforms share at the same time', async () => {
    const layers = [Buffer.alloc(3_000_000, 'shared')];
    const names = ['linux/amd64', 'linux/arm64', 'linux/arm/v7', 'linux/riscv64'];
    const admissions = names.map((name) => admit(name));
    await Promise.all(admissions.map((admission, n) => pushImage(admission, sampleImage(names[n] ?? '', { layers }))));
    const images = await Promise.all(admissions.map(({ received }) => received));
    await store.commit('api:1', images);
    expect(await store.verify('api:1')).toMatchObject({ blobs: 1 + 4 + 4 + 1 });
    expect(await staged()).toEqual([]);
  });

  test('may wrap its image in an index with an attestation beside it', async () => {
    const admission = admit();
    const image = sampleImage('linux/amd64');
    const attestation = sampleImage('linux/amd64', { config: { os: 'unknown', architecture: 'unknown' } });
    for (const { layers, config, manifest } of [image, attestation]) {
      await Promise.all([...layers, config].map((bytes) => sendBlob(admission, bytes)));
      const pushed = await putManifest(admission, { ...image, manifest }, digestOf(manifest));
      expect(pushed.status).toBe(201);
    }
    const describe = (manifest: Buffer, rest: object) => ({
      mediaType: mediaTypes.ociManifest,
      digest: digestOf(manifest),
      size: manifest.length,
      ...rest,
    });
    const unknown = { os: 'unknown', architecture: 'unknown' };
    const index = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [
        describe(image.manifest, { platform: { os: 'linux', architecture: 'amd64' } }),
        describe(attestation.manifest, {
          platform: unknown,
          annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
        }),
      ],
    };
    const body = { ...image, manifest: Buffer.from(JSON.stringify(index)), mediaType: mediaTypes.ociIndex };
    expect((await putManifest(admission, body)).status).toBe(201);
    expect((await admission.received).digest).toBe(digestOf(image.manifest));
  });
});

describe('what a node sends is refused', () => {
  test('where a blob is not what its digest says, and nothing of it stays', async () => {
    const admission = admit();
    const promised = Buffer.from('what was promised');
    const location = await startUpload(admission);
    await call(admission, 'PATCH', location, { body: 'something else' });
    const refused = await call(admission, 'PUT', `${location}?digest=${digestOf(promised)}`);
    expect([refused.status, codeIn(refused)]).toEqual([400, 'DIGEST_INVALID']);
    expect(await store.blobs.digests()).toEqual([]);
    expect(await staged()).toEqual([]);
    // it may send it again
    expect(await sendBlob(admission, promised)).toBe(true);
  });

  test('where the image is for another platform: the build is told why', async () => {
    const admission = admit('linux/arm64');
    const image = sampleImage('linux/amd64');
    await Promise.all([...image.layers, image.config].map((bytes) => sendBlob(admission, bytes)));
    expect((await putManifest(admission, image)).status).toBe(400);
    await expect(admission.received).rejects.toMatchObject({
      problem: {
        code: 'image.platform',
        message: 'An image for linux/arm64 was asked for, and the node sent one for linux/amd64.',
      },
    });
  });

  test('where the variant is another one, while one that says none is taken for any arm', async () => {
    const wrong = admit('linux/arm/v6');
    const v7 = sampleImage('linux/arm/v7');
    await Promise.all([...v7.layers, v7.config].map((bytes) => sendBlob(wrong, bytes)));
    expect((await putManifest(wrong, v7)).status).toBe(400);
    const silent = admit('linux/arm/v6');
    await pushImage(silent, sampleImage('linux/arm/v6', { config: { os: 'linux', architecture: 'arm' } }));
    expect((await silent.received).platform).toBe('linux/arm/v6');
  });

  test('where a manifest names a blob that never came, or a size that it does not have', async () => {
    const admission = admit();
    const image = sampleImage('linux/amd64');
    await sendBlob(admission, image.config);
    const refused = await putManifest(admission, image);
    expect([refused.status, codeIn(refused)]).toEqual([400, 'MANIFEST_BLOB_UNKNOWN']);
    await Promise.all(image.layers.map((bytes) => sendBlob(admission, bytes)));
    const manifest = Buffer.from(image.manifest.toString().replace(/"size":\d+/, '"size":1'));
    expect(codeIn(await putManifest(admission, { ...image, manifest }))).toBe('MANIFEST_BLOB_UNKNOWN');
    // none of this ended the push
    expect((await putManifest(admission, image)).status).toBe(201);
  });

  test('where a manifest is no image manifest, is too large, or goes to another tag', async () => {
    const admission = admit();
    const image = sampleImage('linux/amd64');
    expect(codeIn(await putManifest(admission, { ...image, mediaType: 'text/plain' }))).toBe('MANIFEST_INVALID');
    const large = { ...image, manifest: Buffer.alloc(5 * 1024 * 1024, ' ') };
    expect((await putManifest(admission, large)).status).toBe(413);
    expect((await putManifest(admission, image, 'latest')).status).toBe(403);
    expect((await putManifest(admission, image, digestOf(Buffer.from('x')))).status).toBe(400);
  });

  test('where it is larger than allowed: the build is told, and the credential is void', async () => {
    const admission = admit('linux/amd64', { maxBytes: 1000 });
    const location = await startUpload(admission);
    const refused = await call(admission, 'PATCH', location, { body: Buffer.alloc(2000) });
    expect([refused.status, codeIn(refused)]).toEqual([413, 'SIZE_INVALID']);
    await expect(admission.received).rejects.toMatchObject({ problem: { code: 'image.too-large' } });
    expect((await call(admission, 'GET', '/v2/')).status).toBe(401);
    await admission.close();
    expect(await staged()).toEqual([]);
  });
});

describe('who has no credential of this push', () => {
  test('is asked for one and learns nothing', async () => {
    const admission = admit();
    for (const auth of ['', `${admission.username}:wrong`, `nobody:${admission.password}`, `${admission.username}:`]) {
      const refused = await call(admission, 'GET', '/v2/', { auth });
      expect([refused.status, codeIn(refused)]).toEqual([401, 'UNAUTHORIZED']);
      expect(refused.headers['www-authenticate']).toMatch(/^Basic /);
      expect((await call(admission, 'POST', `/v2/${repository}/blobs/uploads/`, { auth })).status).toBe(401);
    }
    expect((await call(admission, 'GET', '/v2/')).status).toBe(200);
  });

  test('cannot use that of another repository, or the upload of another push', async () => {
    const admission = admit();
    const other = admit('linux/amd64', { repository: 'barnraiser/other' });
    const path = '/v2/barnraiser/other/blobs/uploads/';
    const refused = await call(admission, 'POST', path);
    expect([refused.status, codeIn(refused)]).toEqual([403, 'DENIED']);
    expect((await call(other, 'POST', path)).status).toBe(202);
    const upload = await startUpload(admission);
    const neighbour = admit('linux/arm64');
    expect((await call(neighbour, 'PATCH', upload, { body: 'x' })).status).toBe(404);
  });

  test('cannot use one that was closed', async () => {
    const admission = admit();
    await admission.close();
    expect((await call(admission, 'GET', '/v2/')).status).toBe(401);
    await expect(admission.received).rejects.toMatchObject({ problem: { code: 'image.incomplete' } });
  });
});

describe('a push that breaks off', () => {
  /** An upload of which one piece has arrived and is in a staging file. */
  async function half(admission: Admission, arrived: Promise<unknown>): Promise<ClientRequest> {
    const location = await startUpload(admission);
    const sent = open(admission, 'PATCH', location, { headers: { 'Transfer-Encoding': 'chunked' } });
    sent.on('error', () => undefined);
    sent.write(Buffer.alloc(100_000));
    await arrived;
    return sent;
  }

  function arrival() {
    let arrived: () => void = () => undefined;
    const promise = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    return { promise, onBytes: () => arrived() };
  }

  test('leaves no half blob when the connection is lost, and may go on over another', async () => {
    const { promise, onBytes } = arrival();
    const admission = admit('linux/amd64', { onBytes });
    const sent = await half(admission, promise);
    const ended = new Promise((resolve) => {
      receiver.server.once('request', (_request, response) => response.once('close', resolve));
    });
    expect(await staged()).toHaveLength(1);
    sent.destroy();
    // any answered request shows that the server still works for this push
    expect((await call(admission, 'GET', '/v2/')).status).toBe(200);
    await ended;
    await expect.poll(staged).toEqual([]);
    await pushImage(admission, sampleImage('linux/amd64'));
    await admission.received;
  });

  test('leaves no half blob when the build is cancelled, and tells the reason', async () => {
    const { promise, onBytes } = arrival();
    const abort = new AbortController();
    const admission = admit('linux/amd64', { onBytes, signal: abort.signal });
    const sent = await half(admission, promise);
    const closed = new Promise((resolve) => sent.once('close', resolve));
    abort.abort(new Error('cancelled by hand'));
    await expect(admission.received).rejects.toThrow('cancelled by hand');
    await closed;
    await admission.close();
    expect(await staged()).toEqual([]);
    expect((await call(admission, 'GET', '/v2/')).status).toBe(401);
  });

  test('was never admitted where the build was cancelled before', async () => {
    const admission = admit('linux/amd64', { signal: AbortSignal.abort(new Error('too late')) });
    await expect(admission.received).rejects.toThrow('too late');
    expect((await call(admission, 'GET', '/v2/')).status).toBe(401);
  });
});

test('a blob that a node was told is here survives a collection', async () => {
  const layer = Buffer.from('an older layer');
  await store.blobs.put(layer);
  const admission = admit();
  expect((await call(admission, 'HEAD', blobPath(layer))).status).toBe(200);
  await store.collect();
  expect((await call(admission, 'HEAD', blobPath(layer))).status).toBe(200);
});
