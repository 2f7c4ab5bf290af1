/**
 * What the OCI distribution specification asks of registries and clients, tried with our receiver and our client. The outcome is
 * docs/registry-conformance.md. Source: OCI distribution specification 1.1.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf } from '../electron/images/digest.ts';
import { ImageStore } from '../electron/images/image-store.ts';
import type { Lease } from '../electron/images/lease.ts';
import { mediaTypes } from '../electron/images/manifest.ts';
import type { Admission } from '../electron/images/receiver/admission.ts';
import { createReceiver, type Receiver } from '../electron/images/receiver/receiver.ts';
import { platform, sampleAttachment, sampleImage } from '../electron/images/testing/sample-image.ts';
import { RegistryClient } from '../electron/registry/client.ts';
import type { Digest } from '../shared/image.ts';
import { problemOf } from '../shared/problem.ts';
import { startRecorder } from './lab/fault-proxy.ts';
import { type AuthRegistry, startAuthRegistry } from './lab/registries.ts';

type Category = 'Pull' | 'Push' | 'Content discovery' | 'Content management';

/** What was seen, in the order of the tests. */
const rows: { readonly of: 'receiver' | 'client'; readonly cells: readonly string[] }[] = [];

let folder: string;
let store: ImageStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'conformance-'));
  store = await ImageStore.open(join(folder, 'images'));
});
afterAll(async () => {
  await store?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('our receiver', () => {
  const repository = 'barnraiser/conformance';
  const base = `/v2/${repository}`;
  const image = sampleImage('linux/amd64');
  const [layer = Buffer.alloc(0)] = image.layers;
  const unknown: Digest = `sha256:${'0'.repeat(64)}`;
  const small = Buffer.from('a blob');
  const bytes = randomBytes(3000);
  let receiver: Receiver;
  let admission: Admission;
  let lease: Lease;
  let origin: string;

  beforeAll(async () => {
    receiver = createReceiver(store);
    receiver.server.listen(0, '127.0.0.1');
    await once(receiver.server, 'listening');
    origin = `http://127.0.0.1:${(receiver.server.address() as AddressInfo).port}`;
    lease = await store.createLease('conformance');
    admission = receiver.admit({
      ...{ repository, tag: 'wanted', platform: platform('linux/amd64'), lease },
      onBytes: () => undefined,
      signal: new AbortController().signal,
    });
  });
  afterAll(async () => {
    await admission?.close();
    await lease?.release();
    await receiver?.close();
  });

  interface Sent {
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: Buffer;
    readonly anonymous?: boolean;
  }
  const send = (method: string, path: string, { headers = {}, body, anonymous }: Sent = {}): Promise<Response> => {
    const { username, password } = admission;
    const login = Buffer.from(`${username}:${password}`).toString('base64');
    return fetch(new URL(path, origin), {
      method,
      headers: { ...headers, ...(anonymous ? {} : { authorization: `Basic ${login}` }) },
      ...(body ? { body: new Uint8Array(body) } : {}),
    });
  };
  const start = async (): Promise<string> =>
    (await send('POST', `${base}/blobs/uploads/`)).headers.get('location') ?? '';
  const put = (location: string, digest: string, body?: Buffer) =>
    send('PUT', `${location}?digest=${digest}`, body ? { body } : {});
  const patch = (location: string, body: Buffer, range?: string) =>
    send('PATCH', location, { body, headers: range ? { 'content-range': range } : {} });
  const putBlob = async (body: Buffer) => put(await start(), digestOf(body), body);
  const putManifest = (name: string, body: Buffer, type = image.mediaType) =>
    send('PUT', `${base}/manifests/${name}`, { body, headers: { 'content-type': type } });

  interface Case {
    readonly category: Category;
    readonly asks: string;
    readonly run: () => Promise<Response>;
    readonly status: number;
    readonly code?: string;
    /** Headers that the answer has. */
    readonly headers?: Readonly<Record<string, string | RegExp>>;
    /** Why the receiver answers something else than a registry that people use. */
    readonly because?: string;
  }

  const onlyOne = 'It takes the image of one job, and lists nothing.';
  const removesItself = 'What it has received goes with the build that it is for.';

  const cases: readonly Case[] = [
    {
      ...{ category: 'Pull', asks: 'GET /v2/ without a login', status: 401 },
      run: () => send('GET', '/v2/', { anonymous: true }),
      headers: { 'www-authenticate': /^Basic / },
    },
    { category: 'Pull', asks: 'GET /v2/', run: () => send('GET', '/v2/'), status: 200 },
    {
      ...{ category: 'Push', asks: 'POST and PUT of a whole blob', status: 201 },
      run: () => putBlob(layer),
      headers: { location: `${base}/blobs/${digestOf(layer)}`, 'docker-content-digest': digestOf(layer) },
    },
    {
      ...{ category: 'Push', asks: 'POST of a whole blob', status: 201 },
      run: () => send('POST', `${base}/blobs/uploads/?digest=${digestOf(small)}`, { body: small }),
    },
    {
      ...{ category: 'Push', asks: 'POST that starts an upload', status: 202 },
      run: () => send('POST', `${base}/blobs/uploads/`),
      headers: { location: /^\/v2\// },
    },
    {
      ...{ category: 'Push', asks: 'PATCH of the first chunk', status: 202 },
      run: async () => patch(await start(), bytes.subarray(0, 1000), '0-999'),
      headers: { location: /^\/v2\//, range: '0-999' },
    },
    {
      ...{ category: 'Push', asks: 'PUT after all chunks', status: 201 },
      run: async () => {
        const location = await start();
        await patch(location, bytes.subarray(0, 1000), '0-999');
        await patch(location, bytes.subarray(1000), '1000-2999');
        return put(location, digestOf(bytes));
      },
    },
    {
      ...{ category: 'Push', asks: 'PATCH of a chunk out of order', status: 416, code: 'BLOB_UPLOAD_INVALID' },
      run: async () => patch(await start(), bytes.subarray(1000), '1000-2999'),
    },
    {
      ...{ category: 'Push', asks: 'GET of an upload that was begun', status: 204 },
      run: async () => {
        const location = await start();
        await patch(location, bytes.subarray(0, 1000), '0-999');
        return send('GET', location);
      },
      headers: { range: '0-999', location: /^\/v2\// },
    },
    {
      ...{ category: 'Push', asks: 'DELETE of an upload', status: 204 },
      run: async () => send('DELETE', await start()),
    },
    {
      ...{ category: 'Push', asks: 'PATCH of an upload that is not there', status: 404, code: 'BLOB_UPLOAD_UNKNOWN' },
      run: () => patch(`${base}/blobs/uploads/${randomUUID()}`, bytes),
    },
    {
      ...{
        category: 'Push',
        asks: 'PUT with another digest than that of the blob',
        status: 400,
        code: 'DIGEST_INVALID',
      },
      run: async () => put(await start(), unknown, bytes),
    },
    {
      ...{ category: 'Push', asks: 'PUT with a digest that is none', status: 400, code: 'DIGEST_INVALID' },
      run: async () => put(await start(), 'sha256:0', bytes),
    },
    {
      ...{ category: 'Push', asks: 'POST to mount a blob that is there', status: 201 },
      run: () => send('POST', `${base}/blobs/uploads/?mount=${digestOf(layer)}&from=other/repository`),
      headers: { location: `${base}/blobs/${digestOf(layer)}` },
    },
    {
      ...{ category: 'Push', asks: 'POST to mount a blob that is not there', status: 202 },
      run: () => send('POST', `${base}/blobs/uploads/?mount=${unknown}&from=other/repository`),
    },
    {
      ...{
        category: 'Push',
        asks: 'PUT of a manifest whose blobs are missing',
        status: 400,
        code: 'MANIFEST_BLOB_UNKNOWN',
      },
      run: () => putManifest(admission.tag, image.manifest),
    },
    {
      ...{ category: 'Push', asks: 'PUT of a manifest that is none', status: 400, code: 'MANIFEST_INVALID' },
      run: () => putManifest(admission.tag, Buffer.from('{"schemaVersion":2}')),
    },
    {
      ...{ category: 'Push', asks: 'PUT of a manifest by another digest', status: 400, code: 'DIGEST_INVALID' },
      run: async () => {
        for (const blob of [image.config, ...image.layers]) {
          await putBlob(blob);
        }
        return putManifest(unknown, image.manifest);
      },
    },
    {
      ...{ category: 'Push', asks: 'PUT of a manifest by its digest', status: 201 },
      run: () => putManifest(digestOf(image.manifest), image.manifest),
      headers: { location: `${base}/manifests/${digestOf(image.manifest)}` },
    },
    {
      ...{ category: 'Push', asks: 'PUT of a manifest by its tag', status: 201 },
      run: () => putManifest(admission.tag, image.manifest),
      headers: { 'docker-content-digest': digestOf(image.manifest) },
    },
    {
      ...{ category: 'Push', asks: 'PUT of a manifest by another tag', status: 403, code: 'DENIED' },
      run: () => putManifest('another', image.manifest),
      because: 'A login is for one image of one job, which has one tag.',
    },
    {
      ...{ category: 'Push', asks: 'POST to another repository', status: 403, code: 'DENIED' },
      run: () => send('POST', '/v2/another/repository/blobs/uploads/'),
      because: 'A login is for the repository of one job.',
    },
    {
      ...{ category: 'Pull', asks: 'GET of a manifest by its tag', status: 200 },
      run: () => send('GET', `${base}/manifests/${admission.tag}`),
      headers: { 'content-type': image.mediaType, 'docker-content-digest': digestOf(image.manifest) },
    },
    {
      ...{ category: 'Pull', asks: 'GET of a manifest by its digest', status: 200 },
      run: () => send('GET', `${base}/manifests/${digestOf(image.manifest)}`),
    },
    {
      ...{ category: 'Pull', asks: 'HEAD of a manifest', status: 200 },
      run: () => send('HEAD', `${base}/manifests/${digestOf(image.manifest)}`),
      headers: { 'content-length': String(image.manifest.length) },
    },
    {
      ...{ category: 'Pull', asks: 'GET of a manifest that is not there', status: 404, code: 'MANIFEST_UNKNOWN' },
      run: () => send('GET', `${base}/manifests/${unknown}`),
    },
    {
      ...{ category: 'Pull', asks: 'GET of a blob', status: 200 },
      run: () => send('GET', `${base}/blobs/${digestOf(layer)}`),
      headers: { 'docker-content-digest': digestOf(layer), 'content-length': String(layer.length) },
    },
    {
      ...{ category: 'Pull', asks: 'HEAD of a blob', status: 200 },
      run: () => send('HEAD', `${base}/blobs/${digestOf(layer)}`),
    },
    {
      ...{ category: 'Pull', asks: 'GET of a blob that is not there', status: 404, code: 'BLOB_UNKNOWN' },
      run: () => send('GET', `${base}/blobs/${unknown}`),
    },
    {
      ...{ category: 'Pull', asks: 'GET of a part of a blob', status: 200 },
      run: () => send('GET', `${base}/blobs/${digestOf(layer)}`, { headers: { range: 'bytes=10-' } }),
      because: 'Nodes read back what they have just sent, and read it whole. The whole blob is a correct answer.',
    },
    {
      ...{ category: 'Content discovery', asks: 'GET of the tags', status: 404, code: 'UNSUPPORTED' },
      run: () => send('GET', `${base}/tags/list`),
      because: onlyOne,
    },
    {
      ...{ category: 'Content discovery', asks: 'GET of referrers', status: 404, code: 'UNSUPPORTED' },
      run: () => send('GET', `${base}/referrers/${digestOf(image.manifest)}`),
      because: onlyOne,
    },
    {
      ...{ category: 'Content management', asks: 'DELETE of a tag', status: 405, code: 'UNSUPPORTED' },
      run: () => send('DELETE', `${base}/manifests/${admission.tag}`),
      because: removesItself,
    },
    {
      ...{ category: 'Content management', asks: 'DELETE of a manifest', status: 405, code: 'UNSUPPORTED' },
      run: () => send('DELETE', `${base}/manifests/${digestOf(image.manifest)}`),
      because: removesItself,
    },
    {
      ...{ category: 'Content management', asks: 'DELETE of a blob', status: 405, code: 'UNSUPPORTED' },
      run: () => send('DELETE', `${base}/blobs/${digestOf(layer)}`),
      because: removesItself,
    },
  ];

  test.each(cases.map((each) => [each.asks, each] as const))('answers %s', async (_asks, each) => {
    const response = await each.run();
    const text = await response.text();
    expect(response.status, text).toBe(each.status);
    if (each.code) {
      expect(JSON.parse(text).errors[0].code).toBe(each.code);
    }
    for (const [name, value] of Object.entries(each.headers ?? {})) {
      expect(response.headers.get(name)).toMatch(value);
    }
    const answer = [each.status, ...(each.code ? [each.code] : [])].join(' ');
    rows.push({ of: 'receiver', cells: [each.category, each.asks, answer, each.because ?? ''] });
  });
});

describe('our client', () => {
  let registry: AuthRegistry;
  let pages: Awaited<ReturnType<typeof startRecorder>>;
  const image = sampleImage('linux/amd64');
  const parts = [image.config, ...image.layers];
  const manifest = { digest: digestOf(image.manifest), mediaType: image.mediaType, bytes: image.manifest };
  const unknown: Digest = `sha256:${'1'.repeat(64)}`;
  const clients: RegistryClient[] = [];

  beforeAll(async () => {
    registry = await startAuthRegistry({ mode: 'token' });
    // distribution 2.8 has neither pages of tags nor a list of referrers
    pages = await startRecorder((request, response) => {
      const url = new URL(request.path, 'http://pages');
      if (url.pathname === '/v2/') {
        response.end('{}');
      } else if (url.pathname.endsWith('/tags/list')) {
        const isLast = url.searchParams.get('last') === 'b';
        const link = isLast ? {} : { link: '</v2/paged/tags/list?n=2&last=b>; rel="next"' };
        response.writeHead(200, link).end(JSON.stringify({ name: 'paged', tags: isLast ? ['c'] : ['a', 'b'] }));
      } else if (url.pathname.includes('/referrers/')) {
        const manifests = [{ mediaType: mediaTypes.ociManifest, digest: unknown, size: 2, artifactType: 'a/b' }];
        response
          .writeHead(200, { 'content-type': mediaTypes.ociIndex, 'oci-filters-applied': 'artifactType' })
          .end(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
      } else {
        response.writeHead(404).end();
      }
    });
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await pages?.stop();
    await registry?.stop();
  });

  async function open(
    repository: string,
    { access = 'push', host = registry.address }: { access?: 'pull' | 'push' | 'delete'; host?: string } = {},
  ): Promise<RegistryClient> {
    const { username, password } = registry;
    const client = await RegistryClient.open({
      ...{ registry: host, repository, access, tlsVerify: false, signal: AbortSignal.timeout(60_000) },
      credentials: {
        ...{ env: {}, home: folder, platform: 'linux', uid: 1000, root: folder },
        explicit: { username, password },
      },
    });
    clients.push(client);
    return client;
  }
  const upload = (client: RegistryClient, bytes: Buffer, options: { readonly mountFrom?: readonly string[] } = {}) =>
    client.uploadBlob({
      digest: digestOf(bytes),
      blobs: {
        size: async () => bytes.length,
        read: (digest, range) => {
          expect(digest).toBe(digestOf(bytes));
          return streamOf(bytes.subarray(range?.start ?? 0));
        },
      },
      ...options,
      onSent: () => undefined,
      signal: AbortSignal.timeout(60_000),
    });

  const cases: readonly (readonly [Category, string, () => Promise<void>, string?])[] = [
    [
      'Push',
      'Upload a blob',
      async () => {
        const client = await open('conformance/one');
        for (const part of parts) {
          expect(await client.hasBlob(digestOf(part))).toBe(false);
          await upload(client, part);
          expect(await client.hasBlob(digestOf(part))).toBe(true);
        }
      },
    ],
    [
      'Push',
      'Mount a blob of another repository',
      async () => {
        const client = await open('conformance/two');
        client.alsoRead(['conformance/one']);
        for (const part of parts) {
          expect(await upload(client, part, { mountFrom: ['conformance/one'] })).toBe(true);
        }
      },
    ],
    ['Push', 'Upload an empty blob', async () => void (await upload(await open('conformance/one'), Buffer.alloc(0)))],
    [
      'Push',
      'Put a manifest by its digest, then by a tag',
      async () => {
        const client = await open('conformance/one');
        await client.putManifest(manifest.digest, manifest);
        await client.putManifest('1', manifest);
        expect(await client.getManifestDigest('1')).toBe(manifest.digest);
      },
    ],
    [
      'Push',
      'Put a manifest whose blobs are missing: the error of the registry',
      async () => {
        const other = sampleImage('linux/amd64');
        const missing = { digest: digestOf(other.manifest), mediaType: other.mediaType, bytes: other.manifest };
        const client = await open('conformance/one');
        const problem = await client.putManifest('broken', missing).catch(problemOf);
        expect(problem).toMatchObject({ code: 'registry.refused', detail: expect.stringContaining('BLOB_UNKNOWN') });
      },
    ],
    [
      'Pull',
      'Get a manifest by tag and by digest',
      async () => {
        const client = await open('conformance/one', { access: 'pull' });
        for (const name of ['1', manifest.digest]) {
          expect(await client.getManifest(name)).toEqual(manifest);
        }
      },
    ],
    [
      'Pull',
      'Get a manifest and a blob that are not there',
      async () => {
        const client = await open('conformance/one', { access: 'pull' });
        expect(await client.getManifest('none')).toBeUndefined();
        expect(await client.getManifestDigest(unknown)).toBeUndefined();
        expect(await client.getBlob(unknown, 1000)).toBeUndefined();
      },
    ],
    [
      'Pull',
      'Get a blob, and the rest of it',
      async () => {
        const client = await open('conformance/one', { access: 'pull' });
        const [bytes = Buffer.alloc(0)] = image.layers;
        expect(await client.getBlob(digestOf(bytes), 10_000)).toEqual(bytes);
        const chunks: Buffer[] = [];
        const range = { digest: digestOf(bytes), size: bytes.length, offset: 100, signal: AbortSignal.timeout(60_000) };
        for await (const chunk of client.readBlob(range)) {
          chunks.push(chunk);
        }
        expect(Buffer.concat(chunks)).toEqual(bytes.subarray(100));
      },
    ],
    [
      'Content discovery',
      'List tags',
      async () => {
        const client = await open('conformance/one');
        await client.putManifest('2', manifest);
        expect((await client.listTags()).sort()).toEqual(['1', '2']);
      },
    ],
    [
      'Content discovery',
      'List tags in pages (n, last, Link)',
      async () => {
        const client = await open('paged', { access: 'pull', host: pages.address });
        expect(await client.listTags()).toEqual(['a', 'b', 'c']);
        const asked = pages.requests.filter(({ path }) => path.includes('/tags/list')).map(({ path }) => path);
        expect(asked).toEqual([expect.stringMatching(/\?n=\d+$/), '/v2/paged/tags/list?n=2&last=b']);
      },
    ],
    [
      'Content discovery',
      'List referrers, by the tag that stands in for the list',
      async () => {
        const client = await open('conformance/one');
        const attachment = sampleAttachment(image, 'referrer');
        for (const part of [attachment.config, ...attachment.layers]) {
          await upload(client, part);
        }
        const { digest, mediaType, size } = attachment.descriptor;
        await client.putManifest(digest, { digest, mediaType, bytes: attachment.manifest });
        expect(await client.hasReferrersApi(manifest.digest)).toBe(false);
        const bytes = Buffer.from(
          JSON.stringify({
            schemaVersion: 2,
            mediaType: mediaTypes.ociIndex,
            manifests: [{ mediaType, digest, size }],
          }),
        );
        await client.putManifest(manifest.digest.replace(':', '-'), {
          ...{ digest: digestOf(bytes), mediaType: mediaTypes.ociIndex, bytes },
        });
        expect(await client.getReferrers(manifest.digest)).toMatchObject([{ digest }]);
      },
    ],
    [
      'Content discovery',
      'List referrers',
      async () => {
        const client = await open('paged', { access: 'pull', host: pages.address });
        expect(await client.hasReferrersApi(manifest.digest)).toBe(true);
        expect(await client.getReferrers(manifest.digest)).toMatchObject([{ digest: unknown, artifactType: 'a/b' }]);
      },
    ],
    [
      'Content discovery',
      'Ask for referrers of one type only',
      async () => undefined,
      'Not used: all are read, since few images have more than a page, and registries need not filter.',
    ],
    [
      'Content management',
      'Delete a tag',
      async () => {
        const client = await open('conformance/two', { access: 'delete' });
        // distribution 2.8 deletes no tags alone, and says so
        expect(await client.deleteManifest('1')).toBe(false);
      },
    ],
    [
      'Content management',
      'Delete a manifest with its tags',
      async () => {
        const client = await open('conformance/one', { access: 'delete' });
        expect(await client.deleteManifest(manifest.digest)).toBe(true);
        expect(await client.getManifestDigest('1')).toBeUndefined();
        expect(await client.getManifestDigest(manifest.digest)).toBeUndefined();
      },
    ],
    [
      'Content management',
      'Delete a blob',
      async () => undefined,
      'Not used: registries remove blobs that nothing refers to by themselves.',
    ],
  ];

  test.each(cases.map((each) => [each[1], each] as const))(
    'does: %s',
    async (_name, [category, does, run, because]) => {
      await run();
      rows.push({ of: 'client', cells: [category, does, because ?? ''] });
    },
  );
});

test('the table has all rows', async (context) => {
  // a run of some of the tests has only theirs
  context.skip(rows.length < 40, 'not all tests have run');
  await expect(tableOf(rows)).toMatchFileSnapshot('../docs/registry-conformance.md');
});

async function* chunksOf(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

function streamOf(bytes: Buffer) {
  return Readable.from(chunksOf(bytes), { objectMode: false });
}

function tableOf(all: typeof rows): string {
  const order: readonly string[] = ['Pull', 'Push', 'Content discovery', 'Content management'];
  const table = (of: 'receiver' | 'client', titles: readonly string[]): string => {
    const own = all.filter((row) => row.of === of).map(({ cells }) => cells);
    const sorted = order.flatMap((category) => own.filter(([first]) => first === category));
    const lines = [titles, titles.map(() => '---'), ...sorted];
    return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  };
  return `# What of the OCI distribution specification holds

Written by \`e2e/registry-conformance.spec.ts\`, which tries each row. [registries.md](registries.md) says how registries are used.

## Our receiver

Nodes push the image of a job to it, over a connection of their own. It is no registry for people: a login is for one repository, and
ends with the job.

${table('receiver', ['', 'Request', 'Answer', 'Deliberately not offered'])}

## Our client

Tried with distribution's registry 2.8 and a token server; lists in pages and lists of referrers with a server that has them.

${table('client', ['', 'What it does', 'Deliberately not used'])}
`;
}
