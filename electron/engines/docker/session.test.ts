import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EngineApi } from '../api/engine-api.ts';
import { openLocalTransport } from '../transport/local-transport.ts';
import type { Transport } from '../transport/transport.ts';
import { openLoginSession } from './session.ts';

/** An HTTP server takes sessions as docker does, and asks as BuildKit does. */
let folder: string;
let server: Server;
let transport: Transport;
let accepts: boolean;
let client: ClientHttp2Session | undefined;
let stream: Duplex | undefined;

beforeEach(async () => {
  accepts = true;
  folder = await mkdtemp(join(tmpdir(), 'session-'));
  server = createServer();
  server.on('upgrade', (request, socket) => {
    socket.on('error', () => undefined);
    expect(request.url).toBe('/v1.47/session');
    expect(request.headers['x-docker-expose-session-grpc-method']).toBe('/moby.filesync.v1.Auth/Credentials');
    if (!accepts) {
      socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    stream = socket;
    client = connect('http://session', { createConnection: () => socket });
    client.on('error', () => undefined);
  });
  const socketPath = join(folder, 'docker.sock');
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  transport = await openLocalTransport({ name: 'pi4', socketPath });
});
afterEach(async () => {
  client?.destroy();
  await transport.close();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

const logins = [
  { registry: 'registry.example.com:5000', credentials: { username: 'kim', password: 'p'.repeat(300) } },
  { registry: 'docker.io', credentials: { identityToken: 'token' } },
];

async function open() {
  return openLoginSession(new EngineApi(transport, 'docker', '/v1.47/'), logins, new AbortController().signal);
}

/** Calls a method of the session. Resolves with the code of gRPC and the message. */
async function call(path: string, message: Buffer): Promise<{ code: unknown; message: Buffer }> {
  const request = client?.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' });
  let code: unknown;
  request?.on('response', (headers) => (code ??= headers['grpc-status']));
  request?.on('trailers', (headers) => (code ??= headers['grpc-status']));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  request?.end(Buffer.concat([prefix, message]));
  const chunks: Buffer[] = [];
  for await (const chunk of request ?? []) {
    chunks.push(chunk);
  }
  return { code, message: Buffer.concat(chunks).subarray(5) };
}

async function credentialsFor(host: string): Promise<string> {
  const request = Buffer.concat([Buffer.from([0x0a, host.length]), Buffer.from(host)]);
  const { code, message } = await call('/moby.filesync.v1.Auth/Credentials', request);
  expect(code).toBe('0');
  return message.toString('latin1');
}

test('gives BuildKit the login of the registry that it names, and no other', async () => {
  const session = await open();
  expect(session.id).toMatch(/^[\da-f-]{36}$/);
  expect(await credentialsFor('registry.example.com:5000')).toBe(`\n\x03kim\x12\xac\x02${'p'.repeat(300)}`);
  expect(await credentialsFor('registry-1.docker.io')).toBe('\x12\x05token');
  expect(await credentialsFor('other.example.com')).toBe('');
  session.close();
});

test('reports that it is healthy, and serves nothing else', async () => {
  const session = await open();
  expect(await call('/grpc.health.v1.Health/Check', Buffer.alloc(0))).toEqual({
    code: '0',
    message: Buffer.from([8, 1]),
  });
  expect(await call('/moby.filesync.v1.FileSync/DiffCopy', Buffer.alloc(0))).toMatchObject({ code: '12' });
  session.close();
  await expect.poll(() => stream?.destroyed).toBe(true);
});

test('a docker that takes no session is refused', async () => {
  accepts = false;
  await expect(open()).rejects.toMatchObject({ problem: { code: 'engine.refused' } });
});
