/** What a daemon may do that is broken or wants to do harm, over real HTTP/2. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { create, toBinary } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ContextSource } from '../../context/context-source.ts';
import { packContext } from '../../context/pack-context.ts';
import { createProject, temporaryFolder } from '../../context/testing/project.ts';
import { type BuildKitClient, buildKitClient } from './client.ts';
import { type Control, type StatusResponse, StatusResponseSchema } from './proto/control_pb.ts';
import { Packet_Type, PacketSchema } from './proto/session_pb.ts';
import { openSession } from './session.ts';
import { solve } from './solve.ts';
import { answerSession } from './testing/session-client.ts';
import { serveBuildKit } from './testing/stand-in.ts';

function clientOn(stream: Duplex): BuildKitClient {
  stream.on('error', () => undefined);
  const client = buildKitClient(stream);
  onTestFinished(() => client.close());
  return client;
}

function startDaemon(answers: Partial<ServiceImpl<typeof Control>>): BuildKitClient {
  const [stream, theirs] = duplexPair();
  serveBuildKit(theirs, answers);
  return clientOn(stream);
}

async function pack(
  files: Readonly<Record<string, string | Buffer>>,
  onBytes?: (count: number) => void,
): Promise<ContextSource> {
  const context = await createProject({ Containerfile: 'FROM scratch', ...files });
  const packed = await packContext({ context, spoolFolder: await temporaryFolder() });
  onTestFinished(() => packed.close());
  return packed.source(onBytes);
}

/** Opens a session, and resolves with BuildKit's end of it. */
async function openedSession(context: ContextSource): Promise<ClientHttp2Session> {
  return new Promise((resolve) => {
    const client = startDaemon({ session: answerSession(resolve) });
    const session = openSession(client, {
      context,
      logins: [],
      secrets: [],
      ssh: [],
      sharedKey: 'key',
      onReused: () => undefined,
    });
    onTestFinished(() => session.close());
  });
}

const syncPath = '/moby.filesync.v1.FileSync/DiffCopy';

function call(session: ClientHttp2Session, path: string, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream {
  const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', ...headers });
  stream.on('error', () => undefined);
  return stream;
}

const sync = (session: ClientHttp2Session, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream =>
  call(session, syncPath, { 'dir-name': 'context', ...headers });

/** A message of gRPC. @param length what its prefix says */
function message(bytes: Uint8Array, length = bytes.length): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, bytes]);
}

const packet = (type: Packet_Type, id = 0): Buffer =>
  message(toBinary(PacketSchema, create(PacketSchema, { type, id })));

/** The code of gRPC with which a call is answered, or `none`. */
function statusOf(stream: ClientHttp2Stream): Promise<string> {
  return new Promise((resolve) => {
    const onHeaders = (headers: IncomingHttpHeaders): void => {
      if (headers['grpc-status'] !== undefined) {
        resolve(String(headers['grpc-status']));
      }
    };
    stream.on('trailers', onHeaders).on('response', onHeaders);
    stream.on('close', () => resolve('none'));
    stream.resume();
  });
}

test('a Containerfile may name many paths', async () => {
  const names = Array.from({ length: 300 }, (_, number) => `file${number}`);
  const session = await openedSession(await pack(Object.fromEntries(names.map((name) => [name, 'x']))));
  const stream = sync(session, { followpaths: names });
  stream.end(packet(Packet_Type.FIN));
  expect(await statusOf(stream)).toBe('0');
});

test('a huge question is refused before it is read', async () => {
  const session = await openedSession(await pack({}));
  const stream = call(session, '/moby.filesync.v1.Auth/Credentials');
  const status = statusOf(stream);
  stream.write(message(Buffer.alloc(0), 1024 ** 3));
  let written = 0;
  for (let isAnswered = false; !isAnswered && written < 50_000_000; written += 65_536) {
    const taken = new Promise((resolve) => stream.write(Buffer.alloc(65_536), resolve));
    isAnswered = await Promise.race([taken.then(() => false), status.then(() => true)]);
  }
  expect(written).toBeLessThan(10_000_000);
  expect(await status).toBe('8');
});

test('calls at the same time are limited', async () => {
  const session = await openedSession(await pack({}));
  const [settings] = await once(session, 'remoteSettings');
  expect(settings.maxConcurrentStreams).toBeLessThanOrEqual(64);
});

test.each([
  ['a file that does not exist', [packet(Packet_Type.REQ, 4_000_000_000)]],
  ['a file twice', [packet(Packet_Type.REQ, 0), packet(Packet_Type.REQ, 0)]],
  ['something other than a request', [packet(Packet_Type.DATA, 0)]],
  ['something other than a message', [Buffer.from('GET / HTTP/1.1')]],
])('file sync ends when it is asked for %s', async (_, messages) => {
  const session = await openedSession(await pack({ file: 'x' }));
  const stream = sync(session);
  const status = statusOf(stream);
  stream.write(Buffer.concat(messages));
  expect(await status).toBe('13');
});

test('a long message in small pieces takes a moment', async () => {
  const session = await openedSession(await pack({}));
  const stream = sync(session);
  const status = statusOf(stream);
  const error = message(
    toBinary(PacketSchema, create(PacketSchema, { type: Packet_Type.ERR, data: Buffer.alloc(4_000_000) })),
  );
  for (let start = 0; start < error.length; start += 1000) {
    stream.write(error.subarray(start, start + 1000));
  }
  expect(await status).toBe('13');
});

test('a daemon that does not read gets no more than fits into the buffers', async () => {
  let read = 0;
  const context = await pack({ large: Buffer.alloc(40_000_000) }, (count) => (read += count));
  const session = await openedSession(context);
  const stream = sync(session);
  stream.once('data', () => stream.pause());
  stream.write(packet(Packet_Type.REQ, 1));
  await once(stream, 'data');
  // each answer shows that what could be sent before it was sent
  for (let round = 0; round < 50; round++) {
    const check = call(session, '/grpc.health.v1.Health/Check');
    check.end(message(Buffer.alloc(0)));
    expect(await statusOf(check)).toBe('0');
  }
  expect(read).toBeLessThan(2_000_000);
  stream.resume();
});

const solveOptions = (
  signal = new AbortController().signal,
  onStatus: (status: StatusResponse) => void = () => {},
) => ({
  session: 'session',
  frontendAttrs: {},
  exporter: 'moby',
  exporterAttrs: {},
  isUnrecorded: false,
  onStatus,
  signal,
});

/** The frame GOAWAY without an error. Source: RFC 9113, 6.8. */
const goAway = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

test('a build ends although the daemon says in the middle of it that it takes no more calls', async () => {
  const [stream, theirs] = duplexPair();
  serveBuildKit(theirs, {
    solve: async () => {
      await new Promise((resolve) => theirs.write(goAway, resolve));
      return { exporterResponse: { a: 'b' } };
    },
  });
  const client = clientOn(stream);
  expect(await solve(client, solveOptions())).toMatchObject({ a: 'b' });
  await expect(solve(client, solveOptions())).rejects.toThrow();
});

test.each([
  ['text of HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['zeros', Buffer.alloc(1_000_000)],
  ['nothing, and ends', undefined],
])('a build fails if the daemon sends %s instead of HTTP/2', async (_, bytes) => {
  const [stream, theirs] = duplexPair();
  theirs.on('error', () => undefined).resume();
  if (bytes === undefined) {
    theirs.end();
  } else {
    theirs.write(bytes);
  }
  await expect(solve(clientOn(stream), solveOptions())).rejects.toThrow(/Protocol error|closed/);
});

test('a build on a local socket fails if the daemon sends garbage in the middle of it', async () => {
  const path = join(await temporaryFolder(), 'engine.sock');
  const server = createServer((theirs) => {
    theirs.on('error', () => undefined);
    const [ours, daemon] = duplexPair();
    ours.on('error', () => undefined);
    theirs.pipe(ours).pipe(theirs);
    serveBuildKit(daemon, {
      solve: async () => {
        ours.unpipe(theirs);
        theirs.write(randomBytes(65_536));
        return new Promise(() => undefined);
      },
    });
  });
  server.listen(path);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  await expect(solve(clientOn(connect({ path })), solveOptions())).rejects.toThrow(/Protocol error|closed/);
});

test('a build that is cancelled does not wait for a daemon that never answers', async () => {
  const [stream, theirs] = duplexPair();
  const cancel = new AbortController();
  theirs.once('data', () => cancel.abort());
  await expect(solve(clientOn(stream), solveOptions(cancel.signal))).rejects.toThrow('abort');
});

test('a build that is done does not wait for updates that never end', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const client = startDaemon({
    solve: () => ({ exporterResponse: { a: 'b' } }),
    async *status(_, { signal }) {
      yield create(StatusResponseSchema, {});
      await once(signal, 'abort');
    },
  });
  const building = solve(client, solveOptions());
  while (vi.getTimerCount() === 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await building).toEqual({ a: 'b' });
});

/** The moments of a build in the order in which they come. */
const moments = ['call', 'session', 'list', 'content', 'synced', 'log', 'end'] as const;

test.each(moments)(
  'a build that is cancelled, loses its node or gets garbage at the moment "%s" leaves nothing open',
  async (moment) => {
    const context = await pack({ large: Buffer.alloc(3_000_000) });
    for (const end of ['cancel', 'loss', 'garbage', 'garbage and the end'] as const) {
      const [stream, theirs] = duplexPair();
      const cancel = new AbortController();
      const happen = {
        cancel: () => cancel.abort(),
        loss: () => stream.destroy(new Error('the node is lost')),
        garbage: () => theirs.write(randomBytes(65_536)),
        'garbage and the end': () => theirs.end(randomBytes(65_536)),
      };
      const reached = (name: (typeof moments)[number]): void => {
        if (name === moment) {
          happen[end]();
        }
      };
      const synced = new Promise<void>((resolve) => {
        serveBuildKit(theirs, {
          session: answerSession((session) => {
            reached('session');
            const sync = call(session, syncPath, { 'dir-name': 'context' });
            sync.once('response', () => reached('list'));
            let bytes = 0;
            sync.on('data', (chunk: Buffer) => {
              bytes += chunk.length;
              if (bytes > 1_000_000) {
                reached('content');
              }
              if (bytes > 3_000_000) {
                sync.end(packet(Packet_Type.FIN));
              }
            });
            sync.on('close', () => {
              reached('synced');
              resolve();
            });
            sync.write(packet(Packet_Type.REQ, 1));
          }),
          solve: async (_, { signal }) => {
            reached('call');
            await Promise.race([synced, once(signal, 'abort')]);
            return {};
          },
          async *status(_, { signal }) {
            await Promise.race([synced, once(signal, 'abort')]);
            yield create(StatusResponseSchema, { logs: [{ vertex: 'sha256:1', stream: 1n, msg: Buffer.from('x\n') }] });
            reached('end');
          },
        });
      });
      const client = clientOn(stream);
      const session = openSession(client, {
        context,
        logins: [],
        secrets: [],
        ssh: [],
        sharedKey: 'key',
        onReused: () => undefined,
      });
      const building = solve(
        client,
        solveOptions(cancel.signal, () => reached('log')),
      );
      // at the end, the daemon may have been faster
      const outcome = await building.then(
        () => 'done',
        () => 'failed',
      );
      session.close();
      client.close();
      expect(outcome === 'failed' || ['log', 'end'].includes(moment), `${end} at ${moment}`).toBe(true);
      expect(stream.destroyed).toBe(true);
    }
  },
);
