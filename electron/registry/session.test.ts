import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { digestOf } from '../images/digest.ts';
import { RegistryClient } from './client.ts';
import type { SessionOptions } from './session.ts';
import { FakeRegistry, respond } from './testing/fake-registry.ts';

const openClients: RegistryClient[] = [];
let plain: FakeRegistry;
let tls: FakeRegistry;

beforeEach(async () => {
  plain = await FakeRegistry.start();
  tls = await FakeRegistry.start({ tls: true });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(openClients.splice(0).map((client) => client.close()));
  await plain.stop();
  await tls.stop();
});

async function open(registry: string, options: Partial<SessionOptions> = {}): Promise<RegistryClient> {
  const client = await RegistryClient.open({
    registry,
    repository: 'team/api',
    access: 'push',
    credentials: { env: {}, home: '/nonexistent', platform: 'linux', uid: 1, root: '/nonexistent' },
    tlsVerify: true,
    signal: new AbortController().signal,
    wait: async () => {},
    ...options,
  });
  openClients.push(client);
  return client;
}

async function problemFrom(promise: Promise<unknown>): Promise<Problem> {
  return promise.then(
    () => {
      throw new Error('the promise was fulfilled');
    },
    (thrown: unknown) => problemOf(thrown),
  );
}

test('reports a registry that uses plain HTTP, and sends it only GET /v2/', async () => {
  const problem = await problemFrom(open(plain.host));
  expect(problem).toEqual({
    code: 'registry.tls',
    message: `The registry at ${plain.host} uses plain HTTP without TLS.`,
    fix: `If this is intended, allow plain HTTP, once or in the settings of the registry (registry add ${plain.host} --tls plain-http): others on the network can then read what is sent, including passwords.`,
    actions: [{ id: 'push-without-tls', reason: 'plain-http' }],
  });
  expect(plain.log).toEqual(['GET /v2/']);
});

test('says why a certificate is not trusted', async () => {
  const problem = await problemFrom(open(tls.host));
  expect(problem.code).toBe('registry.tls');
  expect(problem.message).toContain(`The certificate of the registry at ${tls.host} is not trusted: it is self-signed`);
  expect(tls.requests).toEqual([]);
});

test('without verification, uses https if possible and otherwise plain HTTP', async () => {
  const digest = digestOf(Buffer.from('x'));
  expect(await (await open(tls.host, { tlsVerify: false })).hasBlob(digest)).toBe(false);
  expect(await (await open(plain.host, { tlsVerify: false })).hasBlob(digest)).toBe(false);
  expect(tls.log).toEqual(['GET /v2/', `HEAD /v2/team/api/blobs/${digest}`]);
  expect(plain.log).toEqual(['GET /v2/', `HEAD /v2/team/api/blobs/${digest}`]);
});

test('reports a refused connection at once', async () => {
  const { host } = plain;
  await plain.stop();
  const wait = vi.fn(async () => {});
  for (const tlsVerify of [true, false]) {
    const problem = await problemFrom(open(host, { tlsVerify, wait }));
    expect(problem.code).toBe('registry.unreachable');
    expect(problem.message).toContain(`Could not reach the registry at ${host}: the connection was refused`);
  }
  expect(wait).not.toHaveBeenCalled();
  plain = await FakeRegistry.start();
});

test('reports a server that is not a registry', async () => {
  plain.fault = (_request, response) => {
    respond(response, 404, {}, '<html>');
    return true;
  };
  const problem = await problemFrom(open(plain.host, { tlsVerify: false }));
  expect(problem.code).toBe('registry.refused');
  expect(problem.message).toBe(
    `The server at ${plain.host} is not a registry: it answered GET /v2/ with HTTP status 404.`,
  );
});

test('stays on https if a registry behind a proxy returns http locations', async () => {
  const bytes = Buffer.from('blob');
  tls.fault = (request, response) => {
    if (request.method !== 'POST') {
      return false;
    }
    tls.uploads.set('u1', Buffer.alloc(0));
    respond(response, 202, { location: `http://${tls.host}/v2/team/api/blobs/uploads/u1?_state=a%2Fb%3D%3D&x=1` });
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

test('gets a manifest and checks its digest', async () => {
  const bytes = Buffer.from('{"layers":[]}');
  plain.manifests.set('1.4', { mediaType: 'application/vnd.oci.image.manifest.v1+json', bytes });
  const client = await open(plain.host, { tlsVerify: false, access: 'pull' });
  expect(await client.getManifest('1.4')).toEqual({
    digest: digestOf(bytes),
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    bytes,
  });
  expect(await client.getManifest('1.5')).toBeUndefined();
  plain.manifests.set(digestOf(bytes), { mediaType: 'x', bytes: Buffer.from('{"layers":[1]}') });
  expect((await problemFrom(client.getManifest(digestOf(bytes)))).code).toBe('registry.refused');
});

test('computes the digest of a tag if the registry does not send it', async () => {
  const bytes = Buffer.from('{"layers":[]}');
  plain.fault = (request, response, { path }) => {
    if (!path.includes('/manifests/')) {
      return false;
    }
    respond(response, 200, { 'content-type': 'x' }, request.method === 'GET' ? bytes : '');
    return true;
  };
  expect(await (await open(plain.host, { tlsVerify: false })).getManifestDigest('1.4')).toBe(digestOf(bytes));
});

test('does not need permission to read', async () => {
  plain.fault = (request, response) => {
    respond(response, request.method === 'HEAD' ? 403 : 200);
    return true;
  };
  const client = await open(plain.host, { tlsVerify: false });
  expect(await client.hasBlob(digestOf(Buffer.from('x')))).toBe(false);
  expect(await client.getManifestDigest('1.4')).toBe('unreadable');
});

test('follows a redirect of GET /v2/ on the same server', async () => {
  for (const location of ['/v2', './?a=b', `http://PLAIN/registry/v2/`]) {
    plain.fault = (_request, response, { path }) => {
      if (path === '/v2/') {
        respond(response, 301, { location: location.replace('PLAIN', plain.host) });
        return true;
      }
      respond(response, 200);
      return path !== '/v2/api/x';
    };
    expect(await (await open(plain.host, { tlsVerify: false })).hasBlob(digestOf(Buffer.from('x')))).toBe(true);
  }
});

test('does not follow a redirect of GET /v2/ to another server or for ever', async () => {
  plain.fault = (_request, response) => {
    respond(response, 307, { location: `${tls.origin}/v2/` });
    return true;
  };
  const problem = await problemFrom(open(plain.host, { tlsVerify: false }));
  expect(problem.message).toContain(`is not a registry: it redirects to ${tls.host}`);
  expect(tls.log).toEqual([]);
  plain.requests.length = 0;
  plain.fault = (_request, response) => {
    respond(response, 307, { location: '/v2/' });
    return true;
  };
  expect((await problemFrom(open(plain.host, { tlsVerify: false }))).code).toBe('registry.refused');
  expect(plain.requests.length).toBeLessThan(10);
});

test('reports an address of the registry that is not valid', async () => {
  plain.fault = (request, response) => {
    respond(response, 307, { location: 'http://[' });
    return request.url !== '';
  };
  expect((await problemFrom(open(plain.host, { tlsVerify: false }))).code).toBe('registry.refused');
});

test('uses the proxy of the environment, but not for loopback addresses', async () => {
  const proxiedHosts: string[] = [];
  const proxy: Server = createServer();
  proxy.on('connect', (request, socket) => {
    proxiedHosts.push(request.url ?? '');
    const target = connect(tls.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(target).pipe(socket);
    });
    target.on('error', () => socket.destroy());
    socket.on('error', () => target.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  // without a scheme, as in curl
  vi.stubEnv('https_proxy', `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
  vi.stubEnv('no_proxy', '');

  await open('registry.test', { tlsVerify: false });
  await open(tls.host, { tlsVerify: false });
  expect(proxiedHosts).toEqual(['registry.test:443']);
  await Promise.all(openClients.splice(0).map((client) => client.close()));
  proxy.close();
});

test('reports an invalid proxy in the environment', async () => {
  vi.stubEnv('https_proxy', 'http://user:s3cret@:x');
  const problem = await problemFrom(open(tls.host, { tlsVerify: false }));
  expect(problem.code).toBe('registry.unreachable');
  expect(problem.message).toContain('HTTPS_PROXY');
  expect(JSON.stringify(problem)).not.toContain('s3cret');
});
