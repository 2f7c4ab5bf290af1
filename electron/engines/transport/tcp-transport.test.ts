import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttp2Server, createSecureServer as createSecureHttp2Server } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { createServer as createTlsServer, type TlsOptions as ServerOptions } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Failure } from '../../../shared/problem.ts';
import { CertificateAuthority, type SignedPair } from '../../system/testing/certificate-authority.ts';
import { openTcpTransport, type TcpTransportOptions } from './tcp-transport.ts';
import { echoOverUpgrade, upgradeToEcho } from './testing/echo-upgrade.ts';
import { isKeyExposed } from './tls-files.ts';
import type { Transport } from './transport.ts';

let folder: string;
let authority: CertificateAuthority;
let foreign: CertificateAuthority;
let server: SignedPair;
let client: SignedPair;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tcp-'));
  authority = await CertificateAuthority.create('barn');
  foreign = await CertificateAuthority.create('foreign');
  server = await authority.sign('engine');
  client = await authority.sign('me');
});
afterAll(async () => {
  await authority.remove();
  await foreign.remove();
  await rm(folder, { recursive: true });
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
});

const answer: RequestListener = (request, response) => void response.end(`${request.method} ${request.url}`);

async function listen(engine: Server): Promise<number> {
  engine.listen(0, '127.0.0.1');
  await once(engine, 'listening');
  cleanups.push(() => {
    if ('closeAllConnections' in engine && typeof engine.closeAllConnections === 'function') {
      engine.closeAllConnections();
    }
    engine.close();
  });
  return (engine.address() as AddressInfo).port;
}

/** An engine that speaks HTTP/1.1 over TLS, as docker does. */
function httpsEngine(options: ServerOptions = {}): Promise<number> {
  const { cert, key } = server;
  const engine = createHttpsServer(
    { cert, key, ca: authority.certificate, requestCert: true, rejectUnauthorized: true, ...options },
    answer,
  );
  engine.on('upgrade', upgradeToEcho);
  return listen(engine);
}

/** openssl's own server, which tells clients in an alert why it refuses them. It answers every request with a page. */
async function opensslServer(version: string): Promise<number> {
  const files = ['-cert', server.certPath, '-key', server.keyPath, '-CAfile', authority.path];
  const options = ['-accept', '127.0.0.1:0', version, '-Verify', '1', '-verify_return_error', '-www'];
  const child = spawn('openssl', ['s_server', ...options, ...files], { stdio: ['pipe', 'pipe', 'ignore'] });
  cleanups.push(() => child.kill());
  for await (const line of createInterface({ input: child.stdout })) {
    const [, port] = /^ACCEPT 127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    if (port !== undefined) {
      child.stdout.resume();
      return Number(port);
    }
  }
  return expect.fail('openssl did not start');
}

async function open(port: number, options: Partial<TcpTransportOptions> = {}): Promise<Transport> {
  const destination = { kind: 'tcp', host: '127.0.0.1', port } as const;
  const transport = await openTcpTransport({ name: 'big', destination, ...options });
  cleanups.push(() => transport.close());
  return transport;
}

const mutual = (pair = client) => ({ tlsCa: authority.path, tlsCert: pair.certPath, tlsKey: pair.keyPath });

async function problemOf(opening: Promise<unknown>): Promise<Failure['problem']> {
  const error = await opening.then(
    () => expect.fail('it was opened'),
    (reason: unknown) => reason,
  );
  return error instanceof Failure ? error.problem : expect.fail(String(error));
}

const get = async (transport: Transport, path: string): Promise<string> =>
  text((await transport.request({ method: 'GET', path })).body);

describe('an engine over TCP', () => {
  test('answers requests and other protocols over mutual TLS', async () => {
    const transport = await open(await httpsEngine(), mutual());
    const paths = Array.from({ length: 20 }, (_, index) => `/${index}`);
    expect(await Promise.all(paths.map((path) => get(transport, path)))).toEqual(paths.map((path) => `GET ${path}`));
    expect(await echoOverUpgrade(await transport.dial(), 'hello')).toBe('hello');
  });

  test('is reached by a name that differs from the one in its certificate if that name is given', async () => {
    const other = await authority.sign('engine', { names: 'DNS:engine.example' });
    const port = await httpsEngine({ cert: other.cert, key: other.key });
    const problem = await problemOf(open(port, mutual()));
    expect(problem).toMatchObject({
      code: 'tls.certificate',
      message: `Node big: the certificate of 127.0.0.1:${port} is not trusted: it was issued for another host name.`,
    });
    expect(problem.detail).toContain('engine.example');
    const transport = await open(port, { ...mutual(), tlsServerName: 'engine.example' });
    expect(await get(transport, '/a')).toBe('GET /a');
  });

  test('needs no TLS on this computer', async () => {
    const transport = await open(await listen(createHttpServer(answer)));
    expect(await get(transport, '/a')).toBe('GET /a');
    expect(transport.socketPath).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/);
  });

  test('on another machine is refused without TLS, unless that is allowed', async () => {
    const destination = { kind: 'tcp', host: '192.0.2.1', port: 2375 } as const;
    expect(await problemOf(openTcpTransport({ name: 'far', destination }))).toMatchObject({ code: 'tcp.unencrypted' });
    const timing = { connectMs: 50 };
    const allowed = openTcpTransport({ name: 'far', destination, allowUnencrypted: true, timing });
    expect(['tcp.timeout', 'tcp.unreachable']).toContain((await problemOf(allowed)).code);
  });

  test('is reached when it speaks only HTTP/2, with and without TLS', async () => {
    const { cert, key } = server;
    const plain = createHttp2Server();
    const secure = createSecureHttp2Server({ cert, key, ca: authority.certificate, requestCert: true });
    for (const [engine, options] of [
      [plain, {}],
      [secure, mutual()],
    ] as const) {
      engine.on('stream', (stream) => stream.end('h2'));
      const port = await listen(engine);
      const transport = await open(port, options);
      const stream = await transport.dial();
      expect('alpnProtocol' in stream ? stream.alpnProtocol : undefined).toBe(engine === secure ? 'h2' : undefined);
      stream.destroy();
    }
  });

  test('runs no commands, and forwards ports only on this computer', async () => {
    const transport = await open(await listen(createHttpServer(answer)));
    await expect(transport.run('id')).rejects.toMatchObject({ problem: { code: 'ssh.shell' } });
    const forward = await transport.forwardPort(createHttpServer(answer), 0);
    const response = await fetch(`http://127.0.0.1:${forward.port}/x`);
    expect(await response.text()).toBe('GET /x');
    await forward.close();
  });
});

describe('a refused connection names its reason and a fix:', () => {
  test('an authority that is not trusted', async () => {
    const port = await httpsEngine();
    expect(await problemOf(open(port, { ...mutual(), tlsCa: foreign.path }))).toMatchObject({
      code: 'tls.certificate',
      message: expect.stringContaining('it is signed by an unknown certificate authority'),
      fix: expect.stringContaining(foreign.path),
    });
    expect(await problemOf(open(port, { tlsServerName: 'localhost' }))).toMatchObject({
      code: 'tls.certificate',
      fix: expect.stringContaining('ca.pem'),
    });
  });

  test('a certificate that has expired', async () => {
    const { cert, key } = await authority.sign('engine', { days: -1 });
    const { fix, message } = await problemOf(open(await httpsEngine({ cert, key }), mutual()));
    expect(message).toContain('it has expired');
    expect(fix).toContain('Renew');
  });

  test.each(['-tls1_2', '-tls1_3'])('a client certificate that is missing or not accepted (%s)', async (version) => {
    const port = await opensslServer(version);
    expect(await problemOf(open(port, { tlsCa: authority.path }))).toMatchObject({
      code: 'tls.client-certificate',
      message: expect.stringContaining('requires a client certificate'),
    });
    const refused = await foreign.sign('me');
    expect(await problemOf(open(port, mutual(refused)))).toMatchObject({
      code: 'tls.client-certificate',
      message: expect.stringContaining(`refused the client certificate ${refused.certPath}`),
    });
    const expired = await authority.sign('me', { days: -1 });
    expect(await problemOf(open(port, mutual(expired)))).toMatchObject({
      code: 'tls.client-certificate',
      message: expect.stringContaining('which expired on'),
    });
    expect(await get(await open(port, mutual()), '/')).toContain('s_server');
  });

  test('no TLS at all, on either side', async () => {
    expect(await problemOf(open(await listen(createHttpServer(answer)), mutual()))).toMatchObject({
      code: 'tls.handshake',
      message: expect.stringContaining('does not speak TLS'),
    });
    expect(await problemOf(open(await httpsEngine()))).toMatchObject({
      code: 'engine.answer',
      fix: expect.stringContaining('If the engine expects TLS'),
    });
    const goAnswer: RequestListener = (_, response) => {
      response.writeHead(400).end('Client sent an HTTP request to an HTTPS server.\n');
    };
    expect(await problemOf(open(await listen(createHttpServer(goAnswer))))).toMatchObject({
      code: 'tls.handshake',
      message: expect.stringContaining('expects TLS'),
    });
  });

  test('a port that nothing listens on, or that says nothing', async () => {
    const closed = createTcpServer();
    const port = await listen(closed);
    closed.close();
    expect(await problemOf(open(port))).toMatchObject({
      code: 'tcp.unreachable',
      message: `Node big: 127.0.0.1:${port} refused the connection.`,
    });
    const silent = await listen(createTcpServer((socket) => void cleanups.push(() => socket.destroy())));
    expect(await problemOf(open(silent, { ...mutual(), timing: { connectMs: 50 } }))).toMatchObject({
      code: 'tcp.timeout',
      message: expect.stringContaining('TLS handshake'),
    });
  });

  test('files that cannot be used', async () => {
    const junk = join(folder, 'junk.pem');
    await writeFile(junk, 'no certificate');
    const other = await authority.sign('other');
    const messages = [
      [{ tlsCa: '/no/such/ca.pem' }, '/no/such/ca.pem does not exist'],
      [{ tlsCa: junk }, `${junk} is not a certificate authority in PEM format`],
      [{ tlsCert: client.certPath }, 'without its key'],
      [{ tlsCert: client.certPath, tlsKey: other.keyPath }, 'does not belong to'],
      [{ tlsCert: client.certPath, tlsKey: folder }, `${folder} is not a key`],
    ] as const;
    for (const [options, message] of messages) {
      expect(await problemOf(open(1, options))).toMatchObject({
        code: 'tls.files',
        message: expect.stringContaining(message),
      });
    }
  });
});

describe('a connection is lost', () => {
  test('when the engine no longer answers a keep-alive, and requests break with that reason', async () => {
    let isSilent = false;
    const engine = createTlsServer({ cert: server.cert, key: server.key }, (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (data) => {
        if (String(data).includes('/_ping')) {
          socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
        }
      });
    });
    const accepting = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      if (isSilent) {
        cleanups.push(() => socket.destroy());
      } else {
        engine.emit('connection', socket);
      }
    });
    const timing = { keepAliveIntervalMs: 20, keepAliveTimeoutMs: 100 };
    const transport = await open(await listen(accepting), { tlsCa: authority.path, timing });
    const request = transport.request({ method: 'GET', path: '/build' });
    const broken = problemOf(request);
    isSilent = true;
    if (!transport.lost.aborted) {
      await once(transport.lost, 'abort');
    }
    expect(await broken).toMatchObject({ code: 'tcp.lost' });
  });

  test('by no check of an engine that answers', async () => {
    const transport = await open(await httpsEngine(), mutual());
    await transport.checkAlive(10_000);
    expect(transport.lost.aborted).toBe(false);
    await transport.close();
    await transport.checkAlive(10_000);
    expect(transport.lost.aborted).toBe(false);
  });
});

test('opening can be cancelled', async () => {
  const silent = await listen(createTcpServer((socket) => void cleanups.push(() => socket.destroy())));
  const cancel = new AbortController();
  const opening = open(silent, { signal: cancel.signal });
  cancel.abort(new Error('no longer needed'));
  await expect(opening).rejects.toThrow('no longer needed');
});

test('a private key that others can read is noticed', async () => {
  await chmod(client.keyPath, 0o600);
  expect(await isKeyExposed(client.keyPath)).toBe(false);
  await chmod(client.keyPath, 0o644);
  expect(await isKeyExposed(client.keyPath)).toBe(true);
  await chmod(client.keyPath, 0o600);
});
