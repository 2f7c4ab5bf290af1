import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { Agent, type ClientRequest, type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Digest } from '../../../shared/image.ts';
import { digestOf } from '../digest.ts';
import { ImageStore } from '../image-store.ts';
import type { Lease } from '../lease.ts';
import { mediaTypes } from '../manifest.ts';
import {
  addSampleImage,
  platform,
  type SampleAttachment,
  type SampleImage,
  sampleAttachment,
  sampleImage,
  sampleIndex,
} from '../testing/sample-image.ts';
import type { Admission, AdmitOptions } from './admission.ts';
import { createReceiver, type Receiver } from './receiver.ts';

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
  lease = await store.createLease('build');
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
  return receiver.admit({
    repository,
    tag: randomUUID(),
    platform: platform(name),
    lease,
    onBytes: () => undefined,
    signal,
    ...options,
  });
}

interface TestResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  readonly auth?: string;
}

function open(admission: Admission, method: string, path: string, options: RequestOptions = {}): ClientRequest {
  const auth = options.auth ?? `${admission.username}:${admission.password}`;
  return request({
    port,
    host: '127.0.0.1',
    agent,
    method,
    path,
    headers: options.headers ?? {},
    ...(auth ? { auth } : {}),
  });
}

async function call(
  admission: Admission,
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<TestResponse> {
  const outgoing = open(admission, method, path, options);
  outgoing.end(options.body);
  const [response] = await once(outgoing, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) {
    chunks.push(chunk);
  }
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

function errorCodeOf({ body }: TestResponse): string {
  return JSON.parse(body.toString('utf8')).errors[0].code;
}

const blobPath = (bytes: Buffer): string => `/v2/${repository}/blobs/${digestOf(bytes)}`;

async function startUpload(admission: Admission): Promise<string> {
  const started = await call(admission, 'POST', `/v2/${repository}/blobs/uploads/`);
  expect(started.status).toBe(202);
  return started.headers.location ?? '';
}

/** Sends a blob as podman does: HEAD, POST, one PATCH of unknown length, an empty PUT. False if the blob exists. */
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

function putManifest(admission: Admission, image: SampleImage, name = admission.tag): Promise<TestResponse> {
  const headers = { 'Content-Type': image.mediaType };
  return call(admission, 'PUT', `/v2/${repository}/manifests/${name}`, { headers, body: image.manifest });
}

async function pushImage(admission: Admission, image: SampleImage): Promise<boolean[]> {
  const sent = await Promise.all([...image.layers, image.config].map((bytes) => sendBlob(admission, bytes)));
  expect((await putManifest(admission, image)).status).toBe(201);
  return sent;
}

/** The file names of incomplete blobs. */
async function listIncompleteBlobs(): Promise<string[]> {
  const stagingAreas = await readdir(`${store.folder}.work`);
  const names = await Promise.all(stagingAreas.map((name) => readdir(join(`${store.folder}.work`, name))));
  return names.flat().filter((name) => name.startsWith('blob-'));
}

describe('a push by a node', () => {
  test('stores the image so that it can be committed', async () => {
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

  test('skips blobs that the store already has', async () => {
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

  test('accepts a Docker schema 2 manifest', async () => {
    const admission = admit();
    await pushImage(admission, sampleImage('linux/amd64', { docker: true }));
    expect((await admission.received).mediaType).toBe(mediaTypes.dockerManifest);
  });

  test('can send a blob in one request, mount a blob, and read a blob back', async () => {
    const admission = admit();
    const layer = Buffer.from('all at once');
    const uploads = `/v2/${repository}/blobs/uploads/`;
    const sent = await call(admission, 'POST', `${uploads}?digest=${digestOf(layer)}`, { body: layer });
    expect(sent.status).toBe(201);
    expect((await call(admission, 'GET', sent.headers.location ?? '')).body).toEqual(layer);
    const mounted = await call(admission, 'POST', `${uploads}?mount=${digestOf(layer)}&from=other/repository`);
    expect(mounted.status).toBe(201);
    const missing = digestOf(Buffer.from('not here'));
    expect((await call(admission, 'POST', `${uploads}?mount=${missing}&from=other/repository`)).status).toBe(202);
  });

  test('can send a blob in chunks, query the status of an upload, and delete an upload', async () => {
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
    await call(admission, 'PATCH', other, { body: 'deleted later' });
    expect((await call(admission, 'DELETE', other)).status).toBe(204);
    expect((await call(admission, 'GET', other)).status).toBe(404);
    expect(await listIncompleteBlobs()).toEqual([]);
  });

  test('can send the shared blobs of several platforms at the same time', async () => {
    const layers = [Buffer.alloc(3_000_000, 'shared')];
    const names = ['linux/amd64', 'linux/arm64', 'linux/arm/v7', 'linux/riscv64'];
    const admissions = names.map((name) => admit(name));
    await Promise.all(admissions.map((admission, n) => pushImage(admission, sampleImage(names[n] ?? '', { layers }))));
    const images = await Promise.all(admissions.map(({ received }) => received));
    await store.commit('api:1', images);
    expect(await store.verify('api:1')).toMatchObject({ blobs: 1 + 4 + 4 + 1 });
    expect(await listIncompleteBlobs()).toEqual([]);
  });

  /** Pushes what belongs to an index, then the index. */
  async function pushIndex(admission: Admission, image: SampleImage, attachments: readonly SampleAttachment[]) {
    await pushByDigest(admission, [image, ...attachments]);
    const manifest = sampleIndex(image, attachments);
    return putManifest(admission, { ...image, manifest, mediaType: mediaTypes.ociIndex });
  }

  async function pushByDigest(admission: Admission, images: readonly SampleImage[]): Promise<void> {
    for (const image of images) {
      await Promise.all([...image.layers, image.config].map((bytes) => sendBlob(admission, bytes)));
      const pushed = await putManifest(admission, image, digestOf(image.manifest));
      expect(pushed.status).toBe(201);
    }
  }

  test('keeps the attachments of an index that describe its image', async () => {
    const admission = admit();
    const image = sampleImage('linux/amd64');
    const attachments = [sampleAttachment(image, 'attestation'), sampleAttachment(image, 'referrer')];
    const ofAnother = sampleAttachment(sampleImage('linux/amd64'), 'attestation');
    expect((await pushIndex(admission, image, [...attachments, ofAnother])).status).toBe(201);
    const received = await admission.received;
    expect(received.digest).toBe(digestOf(image.manifest));
    expect(received.attachments).toMatchObject(attachments.map(({ manifest }) => ({ digest: digestOf(manifest) })));
    const list = await store.commit('api:1', [received]);
    await lease.release();
    await store.collectGarbage();
    expect(list.entries).toHaveLength(1);
    expect(list.entries[0]?.attachments).toMatchObject([
      { type: 'attestation' },
      { type: 'application/vnd.example.signature' },
    ]);
    // the list, the image with three blobs, two attachments with two each
    expect(await store.verify('api:1')).toMatchObject({ blobs: 1 + 4 + 3 + 2 });
  });

  test('keeps the attachments of an index whose manifests were pushed by its tag before it, as docker does', async () => {
    for (const form of ['attestation', 'referrer'] as const) {
      const admission = admit();
      const image = sampleImage('linux/amd64');
      const attachment = sampleAttachment(image, form);
      for (const part of [attachment, image]) {
        await Promise.all([...part.layers, part.config].map((bytes) => sendBlob(admission, bytes)));
        expect((await putManifest(admission, part)).status).toBe(201);
      }
      const manifest = sampleIndex(image, [attachment]);
      expect((await putManifest(admission, { ...image, manifest, mediaType: mediaTypes.ociIndex })).status).toBe(201);
      expect(admission.image).toMatchObject({
        digest: digestOf(image.manifest),
        attachments: [{ digest: digestOf(attachment.manifest) }],
      });
    }
  });

  test('does not take an attachment for the image', async () => {
    const admission = admit();
    const attestation = sampleAttachment(sampleImage('linux/amd64'), 'attestation');
    await pushImage(admission, attestation);
    await admission.close();
    await expect(admission.received).rejects.toMatchObject({ problem: { code: 'image.incomplete' } });
  });

  test('keeps a signature that was pushed for the image without an index', async () => {
    const admission = admit();
    const image = sampleImage('linux/amd64');
    const signature = sampleAttachment(image, 'referrer');
    await pushByDigest(admission, [signature]);
    await pushImage(admission, image);
    expect((await admission.received).attachments).toMatchObject([{ digest: digestOf(signature.manifest) }]);
  });

  test('leaves out an attachment that also names another image: registries would list it there', async () => {
    const admission = admit();
    const image = sampleImage('linux/amd64');
    const { annotations } = sampleAttachment(image, 'attestation').descriptor;
    const foreign = sampleAttachment(sampleImage('linux/arm64'), 'referrer');
    const attachments = [{ ...foreign, descriptor: { ...foreign.descriptor, annotations } }];
    expect((await pushIndex(admission, image, attachments)).status).toBe(201);
    expect((await admission.received).attachments).toEqual([]);
  });

  test('refuses an attachment whose entry would fill the manifest list', async () => {
    const admission = admit();
    const image = sampleImage('linux/amd64');
    const attestation = sampleAttachment(image, 'attestation');
    const annotations = { ...attestation.descriptor.annotations, note: 'x'.repeat(5000) };
    const refused = await pushIndex(admission, image, [
      { ...attestation, descriptor: { ...attestation.descriptor, annotations } },
    ]);
    expect(refused.status).toBe(413);
    await expect(admission.received).rejects.toMatchObject({ problem: { code: 'image.too-large' } });
  });

  test('names the platforms of an index without the wanted one, but not those of attachments', async () => {
    const admission = admit('linux/s390x');
    const image = sampleImage('linux/amd64');
    await pushIndex(admission, image, [sampleAttachment(image, 'attestation')]);
    await expect(admission.received).rejects.toMatchObject({
      problem: { code: 'image.platform', detail: 'Platforms that it sent: linux/amd64' },
    });
  });

  test('fails if a blob of an attachment is missing, and can be repaired', async () => {
    const admission = admit();
    const image = sampleImage('linux/amd64');
    const attestation = sampleAttachment(image, 'attestation');
    const { layers, ...withoutLayers } = attestation;
    const refused = await pushIndex(admission, image, [{ ...withoutLayers, layers: [] }]);
    expect([refused.status, errorCodeOf(refused)]).toEqual([400, 'MANIFEST_BLOB_UNKNOWN']);
    await Promise.all(layers.map((bytes) => sendBlob(admission, bytes)));
    expect((await pushIndex(admission, image, [attestation])).status).toBe(201);
  });

  test('has at most 32 attachments', async () => {
    const admission = admit();
    const image = sampleImage('linux/amd64');
    const attachments = Array.from({ length: 33 }, () => sampleAttachment(image, 'attestation'));
    expect((await pushIndex(admission, image, attachments)).status).toBe(413);
    await expect(admission.received).rejects.toMatchObject({ problem: { code: 'image.too-large' } });
  });
});

describe('the receiver rejects', () => {
  test('a blob with another digest, and removes its bytes', async () => {
    const admission = admit();
    const expected = Buffer.from('the expected content');
    const location = await startUpload(admission);
    await call(admission, 'PATCH', location, { body: 'something else' });
    const refused = await call(admission, 'PUT', `${location}?digest=${digestOf(expected)}`);
    expect([refused.status, errorCodeOf(refused)]).toEqual([400, 'DIGEST_INVALID']);
    expect(await store.blobs.listDigests()).toEqual([]);
    expect(await listIncompleteBlobs()).toEqual([]);
    // the node may send it again
    expect(await sendBlob(admission, expected)).toBe(true);
  });

  test('an image for another platform, with the reason for the build', async () => {
    const admission = admit('linux/arm64');
    const image = sampleImage('linux/amd64');
    await Promise.all([...image.layers, image.config].map((bytes) => sendBlob(admission, bytes)));
    expect((await putManifest(admission, image)).status).toBe(400);
    await expect(admission.received).rejects.toMatchObject({
      problem: {
        code: 'image.platform',
        message: 'The node sent an image for linux/amd64 instead of linux/arm64.',
      },
    });
  });

  test('another arm variant, but not a missing one', async () => {
    const otherVariant = admit('linux/arm/v6');
    const v7 = sampleImage('linux/arm/v7');
    await Promise.all([...v7.layers, v7.config].map((bytes) => sendBlob(otherVariant, bytes)));
    expect((await putManifest(otherVariant, v7)).status).toBe(400);
    const noVariant = admit('linux/arm/v6');
    await pushImage(noVariant, sampleImage('linux/arm/v6', { config: { os: 'linux', architecture: 'arm' } }));
    expect((await noVariant.received).platform).toBe('linux/arm/v6');
  });

  test('a manifest that refers to a missing blob or to a wrong size', async () => {
    const admission = admit();
    const image = sampleImage('linux/amd64');
    await sendBlob(admission, image.config);
    const refused = await putManifest(admission, image);
    expect([refused.status, errorCodeOf(refused)]).toEqual([400, 'MANIFEST_BLOB_UNKNOWN']);
    await Promise.all(image.layers.map((bytes) => sendBlob(admission, bytes)));
    const manifest = Buffer.from(image.manifest.toString().replace(/"size":\d+/, '"size":1'));
    expect(errorCodeOf(await putManifest(admission, { ...image, manifest }))).toBe('MANIFEST_BLOB_UNKNOWN');
    // the push continues after these errors
    expect((await putManifest(admission, image)).status).toBe(201);
  });

  test('a manifest of an unknown type, one that is too large, and one for another tag', async () => {
    const admission = admit();
    const image = sampleImage('linux/amd64');
    expect(errorCodeOf(await putManifest(admission, { ...image, mediaType: 'text/plain' }))).toBe('MANIFEST_INVALID');
    const large = { ...image, manifest: Buffer.alloc(5 * 1024 * 1024, ' ') };
    expect((await putManifest(admission, large)).status).toBe(413);
    expect((await putManifest(admission, image, 'latest')).status).toBe(403);
    expect((await putManifest(admission, image, digestOf(Buffer.from('x')))).status).toBe(400);
  });

  test('a layer that is to be downloaded from another address, although it was sent', async () => {
    const admission = admit();
    const image = sampleImage('linux/amd64');
    await Promise.all([...image.layers, image.config].map((bytes) => sendBlob(admission, bytes)));
    const document = JSON.parse(image.manifest.toString());
    document.layers[0].urls = ['https://example.com/layer'];
    const refused = await putManifest(admission, { ...image, manifest: Buffer.from(JSON.stringify(document)) });
    expect([refused.status, errorCodeOf(refused)]).toEqual([400, 'MANIFEST_INVALID']);
  });

  test('indexes inside indexes that would take for ever to search', async () => {
    const admission = admit();
    const mediaType: string = mediaTypes.ociIndex;
    let entry: { mediaType: string; digest: Digest; size: number } = {
      mediaType: mediaTypes.ociManifest,
      digest: digestOf(Buffer.from('x')),
      size: 1,
    };
    let index = { ...sampleImage('linux/amd64'), mediaType };
    for (let level = 0; level < 20; level++) {
      const manifests = Array.from({ length: 60 }, () => entry);
      const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, level, manifests }));
      index = { ...index, manifest };
      entry = { mediaType, digest: digestOf(manifest), size: manifest.length };
      expect((await putManifest(admission, index, entry.digest)).status).toBe(201);
    }
    expect((await putManifest(admission, index)).status).toBe(400);
    const many = Array.from({ length: 101 }, (_, n) => ({ ...entry, digest: digestOf(Buffer.from(`${n}`)) }));
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType,
        manifests: many.map((each) => ({
          ...each,
          mediaType: mediaTypes.ociManifest,
          platform: { os: 'linux', architecture: 's390x' },
        })),
      }),
    );
    expect(errorCodeOf(await putManifest(admission, { ...index, manifest }))).toBe('MANIFEST_INVALID');
  });

  test('more than 100 manifests of one push, and keeps none of them in memory', async () => {
    const admission = admit();
    const mediaType = mediaTypes.ociIndex;
    const put = (n: number) => {
      const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests: [], n }));
      return putManifest(admission, { ...sampleImage('linux/amd64'), manifest, mediaType }, digestOf(manifest));
    };
    for (let n = 0; n < 100; n++) {
      expect((await put(n)).status).toBe(201);
    }
    expect((await put(100)).status).toBe(429);
    expect((await put(0)).status).toBe(201);
  });

  test('an image above the size limit, and revokes the credentials', async () => {
    const admission = admit('linux/amd64', { maxBytes: 1000 });
    const location = await startUpload(admission);
    const refused = await call(admission, 'PATCH', location, { body: Buffer.alloc(2000) });
    expect([refused.status, errorCodeOf(refused)]).toEqual([413, 'SIZE_INVALID']);
    await expect(admission.received).rejects.toMatchObject({ problem: { code: 'image.too-large' } });
    expect((await call(admission, 'GET', '/v2/')).status).toBe(401);
    await admission.close();
    expect(await listIncompleteBlobs()).toEqual([]);
  });
});

describe('credentials', () => {
  test('are required for every request', async () => {
    const admission = admit();
    for (const auth of ['', `${admission.username}:wrong`, `unknown:${admission.password}`, `${admission.username}:`]) {
      const refused = await call(admission, 'GET', '/v2/', { auth });
      expect(refused.status).toBe(401);
      expect(refused.headers['www-authenticate']).toMatch(/^Basic /);
      // with a body, engines would open another connection for the next request
      expect(refused.headers['content-length']).toBe('0');
      expect((await call(admission, 'POST', `/v2/${repository}/blobs/uploads/`, { auth })).status).toBe(401);
    }
    expect((await call(admission, 'GET', '/v2/')).status).toBe(200);
  });

  test('give no access to another repository or to the upload of another push', async () => {
    const admission = admit();
    const other = admit('linux/amd64', { repository: 'barnraiser/other' });
    const path = '/v2/barnraiser/other/blobs/uploads/';
    const refused = await call(admission, 'POST', path);
    expect([refused.status, errorCodeOf(refused)]).toEqual([403, 'DENIED']);
    expect((await call(other, 'POST', path)).status).toBe(202);
    const upload = await startUpload(admission);
    const neighbour = admit('linux/arm64');
    expect((await call(neighbour, 'PATCH', upload, { body: 'x' })).status).toBe(404);
  });

  test('are invalid after the admission was closed', async () => {
    const admission = admit();
    await admission.close();
    expect((await call(admission, 'GET', '/v2/')).status).toBe(401);
    await expect(admission.received).rejects.toMatchObject({ problem: { code: 'image.incomplete' } });
  });
});

describe('a broken push', () => {
  /** A request whose first piece has arrived and is in a temporary file. */
  async function startPartialUpload(admission: Admission, arrived: Promise<unknown>): Promise<ClientRequest> {
    const location = await startUpload(admission);
    const sent = open(admission, 'PATCH', location, { headers: { 'Transfer-Encoding': 'chunked' } });
    sent.on('error', () => undefined);
    sent.write(Buffer.alloc(100_000));
    await arrived;
    return sent;
  }

  function arrivalOfBytes() {
    let arrived: () => void = () => undefined;
    const promise = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    return { promise, onBytes: () => arrived() };
  }

  test('leaves no incomplete blob when the connection is lost, and can continue on another connection', async () => {
    const { promise, onBytes } = arrivalOfBytes();
    const admission = admit('linux/amd64', { onBytes });
    const sent = await startPartialUpload(admission, promise);
    const ended = new Promise((resolve) => {
      receiver.server.once('request', (_request, response) => response.once('close', resolve));
    });
    expect(await listIncompleteBlobs()).toHaveLength(1);
    sent.destroy();
    // a response shows that the server still serves this push
    expect((await call(admission, 'GET', '/v2/')).status).toBe(200);
    await ended;
    await expect.poll(listIncompleteBlobs).toEqual([]);
    await pushImage(admission, sampleImage('linux/amd64'));
    await admission.received;
  });

  test('leaves no incomplete blob when the build is cancelled, and rejects with the reason', async () => {
    const { promise, onBytes } = arrivalOfBytes();
    const abort = new AbortController();
    const admission = admit('linux/amd64', { onBytes, signal: abort.signal });
    const sent = await startPartialUpload(admission, promise);
    const closed = new Promise((resolve) => sent.once('close', resolve));
    abort.abort(new Error('cancelled by hand'));
    await expect(admission.received).rejects.toThrow('cancelled by hand');
    await closed;
    await admission.close();
    expect(await listIncompleteBlobs()).toEqual([]);
    expect((await call(admission, 'GET', '/v2/')).status).toBe(401);
  });

  test('is not admitted if the build was cancelled before', async () => {
    const admission = admit('linux/amd64', { signal: AbortSignal.abort(new Error('too late')) });
    await expect(admission.received).rejects.toThrow('too late');
    expect((await call(admission, 'GET', '/v2/')).status).toBe(401);
  });
});

test('a node that asks for blobs that do not exist does not make the lease longer', async () => {
  const admission = admit();
  for (let n = 0; n < 5; n++) {
    expect((await call(admission, 'HEAD', blobPath(Buffer.from(`unknown ${n}`)))).status).toBe(404);
  }
  const [stagingArea = ''] = await readdir(`${store.folder}.work`);
  const names = await readdir(join(`${store.folder}.work`, stagingArea));
  expect(names.filter((name) => name.startsWith('lease-'))).toEqual([]);
});

test('a node reads back what it has sent, and not what it only found in the store', async () => {
  const [foreign, own] = [Buffer.from('of another project'), Buffer.from('own')];
  await store.blobs.put(foreign);
  const admission = admit();
  expect((await call(admission, 'HEAD', blobPath(foreign))).status).toBe(200);
  const mount = `/v2/${repository}/blobs/uploads/?mount=${digestOf(foreign)}&from=other`;
  expect((await call(admission, 'POST', mount)).status).toBe(201);
  expect(errorCodeOf(await call(admission, 'GET', blobPath(foreign)))).toBe('BLOB_UNKNOWN');
  await sendBlob(admission, own);
  expect((await call(admission, 'GET', blobPath(own))).body).toEqual(own);
  expect((await call(admit(), 'GET', blobPath(own))).status).toBe(404);
});

test('garbage collection keeps a blob that a node has found with HEAD', async () => {
  const layer = Buffer.from('an older layer');
  await store.blobs.put(layer);
  const admission = admit();
  expect((await call(admission, 'HEAD', blobPath(layer))).status).toBe(200);
  await store.collectGarbage();
  expect((await call(admission, 'HEAD', blobPath(layer))).status).toBe(200);
});

test('two images that are offered in one repository can both be read, and no other', async () => {
  const samples = [sampleImage('linux/amd64'), sampleImage('linux/amd64')];
  const images = await Promise.all(samples.map((sample) => addSampleImage(store, lease, sample)));
  const other = await addSampleImage(store, lease, sampleImage('linux/amd64'));
  const offer = receiver.offer(images.map((image) => ({ repository, image })));
  const auth = `${offer.username}:${offer.password}`;
  const statusOf = async (kind: string, digest: string): Promise<number> =>
    (await call(admit(), 'GET', `/v2/${repository}/${kind}/${digest}`, { auth })).status;
  for (const { digest, layers } of images) {
    expect([await statusOf('manifests', digest), await statusOf('blobs', layers[0]?.digest ?? '')]).toEqual([200, 200]);
  }
  expect([await statusOf('manifests', other.digest), await statusOf('blobs', other.layers[0]?.digest ?? '')]).toEqual([
    404, 404,
  ]);
  offer.close();
});
