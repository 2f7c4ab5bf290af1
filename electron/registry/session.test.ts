import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { digestOf, RegistryClient } from './client.ts';
import type { SessionOptions } from './session.ts';
import { answer, FakeRegistry } from './testing/fake-registry.ts';

const opened: { close(): Promise<void> }[] = [];
let plain: FakeRegistry;
let tls: FakeRegistry;

beforeEach(async () => {
  plain = await FakeRegistry.start();
  tls = await FakeRegistry.start({ tls: true });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(opened.splice(0).map((each) => each.close()));
  await plain.stop();
  await tls.stop();
});

async function open(registry: string, more: Partial<SessionOptions> = {}): Promise<RegistryClient> {
  const client = await RegistryClient.open({
    registry,
    repository: 'team/api',
    access: 'push',
    credentials: { env: { XDG_RUNTIME_DIR: '/nonexistent' }, home: '/nonexistent', platform: 'linux' },
    tlsVerify: true,
    signal: new AbortController().signal,
    wait: async () => {},
    ...more,
  });
  opened.push(client);
  return client;
}

async function problemFrom(promise: Promise<unknown>): Promise<Problem> {
  return promise.then(
    () => {
      throw new Error('It did not fail.');
    },
    (thrown: unknown) => problemOf(thrown),
  );
}

test('says that a registry speaks plain http, and sends it nothing but a greeting', async () => {
  const problem = await problemFrom(open(plain.host));
  expect(problem).toEqual({
    code: 'registry.tls',
    message: `The registry at ${plain.host} speaks plain http.`,
    fix: 'If that is meant, use --tls-verify=false.',
  });
  expect(plain.log).toEqual(['GET /v2/']);
});

test('says what is wrong with a certificate', async () => {
  const problem = await problemFrom(open(tls.host));
  expect(problem.code).toBe('registry.tls');
  expect(problem.message).toContain(`${tls.host} shows a certificate that cannot be trusted: it is signed by itself`);
  expect(tls.requests).toEqual([]);
});

test('speaks https without verification where the registry can, and plain http where it cannot', async () => {
  const digest = digestOf(Buffer.from('x'));
  expect(await (await open(tls.host, { tlsVerify: false })).blobExists(digest)).toBe(false);
  expect(await (await open(plain.host, { tlsVerify: false })).blobExists(digest)).toBe(false);
  expect(tls.log).toEqual(['GET /v2/', `HEAD /v2/team/api/blobs/${digest}`]);
  expect(plain.log).toEqual(['GET /v2/', `HEAD /v2/team/api/blobs/${digest}`]);
});

test('names the address where nothing listens, at once', async () => {
  const { host } = plain;
  await plain.stop();
  const wait = vi.fn(async () => {});
  for (const tlsVerify of [true, false]) {
    const problem = await problemFrom(open(host, { tlsVerify, wait }));
    expect(problem.code).toBe('registry.unreachable');
    expect(problem.message).toContain(`${host} cannot be reached: nothing listens there`);
  }
  expect(wait).not.toHaveBeenCalled();
  plain = await FakeRegistry.start();
});

test('tells a registry from something else that answers', async () => {
  plain.mischief = (_request, response) => {
    answer(response, 404, {}, '<html>');
    return true;
  };
  const problem = await problemFrom(open(plain.host, { tlsVerify: false }));
  expect(problem.code).toBe('registry.refused');
  expect(problem.message).toBe(`What answers at ${plain.host} is no registry: it said 404 to GET /v2/.`);
});

test('keeps to https where a registry behind a proxy writes http into its locations', async () => {
  const bytes = Buffer.from('blob');
  tls.mischief = (request, response) => {
    if (request.method !== 'POST') {
      return false;
    }
    tls.uploads.set('u1', Buffer.alloc(0));
    answer(response, 202, { location: `http://${tls.host}/v2/team/api/blobs/uploads/u1?_state=a%2Fb%3D%3D&x=1` });
    return true;
  };
  const client = await open(tls.host, { tlsVerify: false });
  await client.uploadBlob({
    digest: digestOf(bytes),
    blobs: { size: async () => bytes.length, read: () => Readable.from([bytes], { objectMode: false }) },
    onSent: () => {},
    signal: new AbortController().signal,
  });
  expect(tls.blobs.get(digestOf(bytes))).toEqual(bytes);
});

test('reads a manifest and checks its digest', async () => {
  const bytes = Buffer.from('{"layers":[]}');
  plain.manifests.set('1.4', { mediaType: 'application/vnd.oci.image.manifest.v1+json', bytes });
  const client = await open(plain.host, { tlsVerify: false, access: 'pull' });
  expect(await client.manifest('1.4')).toEqual({
    digest: digestOf(bytes),
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    bytes,
  });
  expect(await client.manifest('1.5')).toBeUndefined();
  plain.manifests.set(digestOf(bytes), { mediaType: 'x', bytes: Buffer.from('{"layers":[1]}') });
  expect((await problemFrom(client.manifest(digestOf(bytes)))).code).toBe('registry.refused');
});

test('finds out the digest of a tag where the registry does not say it', async () => {
  const bytes = Buffer.from('{"layers":[]}');
  plain.mischief = (request, response, { path }) => {
    if (!path.includes('/manifests/')) {
      return false;
    }
    answer(response, 200, { 'content-type': 'x' }, request.method === 'GET' ? bytes : '');
    return true;
  };
  expect(await (await open(plain.host, { tlsVerify: false })).manifestDigest('1.4')).toBe(digestOf(bytes));
});

test('counts "you may not look" as "not there"', async () => {
  plain.mischief = (request, response) => {
    answer(response, request.method === 'HEAD' ? 403 : 200);
    return true;
  };
  const client = await open(plain.host, { tlsVerify: false });
  expect(await client.blobExists(digestOf(Buffer.from('x')))).toBe(false);
  expect(await client.manifestDigest('1.4')).toBeUndefined();
});

test('goes through the proxy that the environment names, but not to this computer itself', async () => {
  const wanted: string[] = [];
  const proxy: Server = createServer();
  proxy.on('connect', (request, socket) => {
    wanted.push(request.url ?? '');
    const onward = connect(tls.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  // without a scheme, as curl takes it too
  vi.stubEnv('https_proxy', `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
  vi.stubEnv('no_proxy', '');

  await open('registry.test', { tlsVerify: false });
  await open(tls.host, { tlsVerify: false });
  expect(wanted).toEqual(['registry.test:443']);
  await Promise.all(opened.splice(0).map((each) => each.close()));
  proxy.close();
});

test('says so where the environment names no proxy that can be', async () => {
  vi.stubEnv('https_proxy', 'http://user:s3cret@:x');
  const problem = await problemFrom(open(tls.host, { tlsVerify: false }));
  expect(problem.code).toBe('registry.unreachable');
  expect(problem.message).toContain('HTTPS_PROXY');
  expect(JSON.stringify(problem)).not.toContain('s3cret');
});
