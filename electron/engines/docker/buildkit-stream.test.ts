import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EngineApi } from '../api/engine-api.ts';
import { openLocalTransport } from '../transport/local-transport.ts';
import type { Transport } from '../transport/transport.ts';
import { openBuildKitStream } from './buildkit-stream.ts';

/** What the service behind the socket does with the request to upgrade. */
let answer: (socket: Socket) => void;
let folder: string;
let transport: Transport;
const sockets = new Set<Socket>();
const server = createServer((socket) => {
  sockets.add(socket);
  socket.on('error', () => undefined);
  socket.once('data', () => answer(socket));
});
const { signal } = new AbortController();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docker-'));
  const socketPath = join(folder, 'docker.sock');
  await once(server.listen(socketPath), 'listening');
  transport = await openLocalTransport({ name: 'pi4', socketPath });
});
afterEach(async () => {
  await transport.close();
  for (const socket of sockets) {
    socket.destroy();
  }
  sockets.clear();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

const open = (until = signal, timeoutMs?: number) =>
  openBuildKitStream(new EngineApi(transport, 'docker', '/v1.45/'), until, timeoutMs);

const problem = (code: string, message: RegExp) => ({ problem: { code, message: expect.stringMatching(message) } });

test('what follows the answer is the first data of the stream', async () => {
  answer = (socket) => socket.write('HTTP/1.1 101 UPGRADED\r\nUpgrade: h2c\r\n\r\nfirst');
  const stream = await open();
  expect(String((await once(stream, 'data'))[0])).toBe('first');
});

test('a docker that never answers does not hold a build up', async () => {
  answer = () => undefined;
  await expect(open(signal, 20)).rejects.toMatchObject(problem('engine.unreachable', /within 0.02 s/));
});

test('a build that is cancelled meanwhile does not wait for the answer', async () => {
  const cancel = new AbortController();
  answer = () => cancel.abort();
  await expect(open(cancel.signal)).rejects.toMatchObject(problem('build.cancelled', /cancelled/));
  await expect(open(AbortSignal.abort())).rejects.toMatchObject(problem('build.cancelled', /cancelled/));
});

test.each([
  ['another answer', 'HTTP/1.1 403 \x1b[2JForbidden\r\n\r\n', 'engine.refused', /BuildKit: HTTP\/1.1 403 Forbidden/],
  ['something other than HTTP', '\0'.repeat(20_000), 'engine.unreachable', /closed the connection/],
  ['nothing', '', 'engine.unreachable', /closed the connection/],
])('a docker that sends %s is reported', async (_, text, code, message) => {
  answer = (socket) => socket.end(text);
  await expect(open()).rejects.toMatchObject(problem(code, message));
});
