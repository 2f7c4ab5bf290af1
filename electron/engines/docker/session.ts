/**
 * BuildKit's session: during a build, BuildKit asks its client for what only the client has. In the stream of the session, the
 * client is the server. This one only gives logins of registries.
 * Source: moby/buildkit, session/grpc.go, session/auth/auth.proto; the gRPC protocol over HTTP/2.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { EngineApi } from '../api/engine-api.ts';
import type { RegistryLogin } from '../registry-login.ts';

const credentialsMethod = '/moby.filesync.v1.Auth/Credentials';
const healthMethod = '/grpc.health.v1.Health/Check';

/** Codes of gRPC. */
const grpcUnimplemented = '12';
const grpcOk = '0';

/** Requests are short names of hosts. In bytes. */
const maxRequestBytes = 64 * 1024;
/** The head of the response to the upgrade. In bytes. */
const maxHeadBytes = 16 * 1024;

const lineEnd = '\r\n';

export interface LoginSession {
  /** The query parameter of the build. */
  readonly id: string;
  close(): void;
}

/**
 * Opens a session that gives logins to BuildKit.
 * @throws Failure of the connection, and `engine.refused` if docker does not take the session
 */
export async function openLoginSession(
  docker: EngineApi,
  logins: readonly RegistryLogin[],
  signal: AbortSignal,
): Promise<LoginSession> {
  const id = randomUUID();
  const stream = await docker.transport.dial(signal);
  try {
    stream.write(
      [
        `POST ${docker.prefix}session HTTP/1.1`,
        'Host: docker',
        'Connection: Upgrade',
        'Upgrade: h2c',
        'Content-Length: 0',
        `X-Docker-Expose-Session-Uuid: ${id}`,
        'X-Docker-Expose-Session-Name: barnraiser',
        'X-Docker-Expose-Session-Sharedkey: ',
        `X-Docker-Expose-Session-Grpc-Method: ${credentialsMethod}`,
        '',
        '',
      ].join(lineEnd),
    );
    const head = await readHead(stream, signal);
    if (!/^HTTP\/1\.1 101 /.test(head)) {
      throw docker.refusedProblem('open a session', head.split(lineEnd, 1)[0] ?? '');
    }
  } catch (error) {
    stream.destroy();
    throw docker.toFailure(error, 'open a session', signal);
  }
  const server = createServer();
  let session: ServerHttp2Session | undefined;
  server.on('session', (opened) => {
    session = opened;
    opened.on('error', () => stream.destroy());
  });
  server.on('stream', (request, headers) => {
    request.on('error', () => undefined);
    void answer(request, String(headers[':path'] ?? ''), logins);
  });
  server.emit('connection', stream);
  return {
    id,
    close: () => {
      session?.destroy();
      stream.destroy();
    },
  };
}

/** Reads the head of a response. What follows it goes back into the stream. */
function readHead(stream: Duplex, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let read: Buffer = Buffer.alloc(0);
    const onReadable = (): void => {
      for (let chunk: Buffer | null = stream.read(); chunk; chunk = stream.read()) {
        read = Buffer.concat([read, chunk]);
        const end = read.indexOf(lineEnd + lineEnd);
        if (end >= 0) {
          stop();
          const rest = read.subarray(end + 4);
          if (rest.length > 0) {
            stream.unshift(rest);
          }
          resolve(read.subarray(0, end).toString('latin1'));
          return;
        }
        if (read.length > maxHeadBytes) {
          fail(new Error('The head of the response is too long.'));
          return;
        }
      }
    };
    const fail = (error: unknown): void => {
      stop();
      reject(error);
    };
    const onEnd = (): void => fail(new Error('The stream ended.'));
    const onAbort = (): void => fail(signal.reason);
    const stop = (): void => {
      stream.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', fail);
      signal.removeEventListener('abort', onAbort);
    };
    stream.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', fail);
    signal.addEventListener('abort', onAbort);
  });
}

async function answer(request: ServerHttp2Stream, method: string, logins: readonly RegistryLogin[]): Promise<void> {
  try {
    const message = await readMessage(request);
    if (method === credentialsMethod) {
      respond(request, credentialsMessage(readText(message), logins));
    } else if (method === healthMethod) {
      // status: SERVING
      respond(request, Buffer.from([0x08, 1]));
    } else {
      request.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': grpcUnimplemented },
        { endStream: true },
      );
    }
  } catch {
    request.close();
  }
}

function respond(request: ServerHttp2Stream, message: Buffer): void {
  request.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  request.on('wantTrailers', () => request.sendTrailers({ 'grpc-status': grpcOk }));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  request.end(Buffer.concat([prefix, message]));
}

/** The message of a request: it follows a byte for the compression, which is off, and four for the length. */
async function readMessage(request: ServerHttp2Stream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > maxRequestBytes) {
      throw new Error('The request is too long.');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).subarray(5);
}

/** The text in field 1 of a protocol buffer that has no other fields. Hosts are shorter than 128 bytes. */
function readText(message: Buffer): string {
  return message[0] === 0x0a ? message.subarray(2, 2 + (message[1] ?? 0)).toString('utf8') : '';
}

/** `CredentialsResponse`: the user name in field 1 and the secret in field 2. Both are empty without a login. */
function credentialsMessage(host: string, logins: readonly RegistryLogin[]): Buffer {
  const registry = /^(?:registry-1|index)\.docker\.io$/.test(host) ? 'docker.io' : host;
  const credentials = logins.find((login) => login.registry === registry)?.credentials;
  if (!credentials) {
    return Buffer.alloc(0);
  }
  return 'identityToken' in credentials
    ? textField(2, credentials.identityToken)
    : Buffer.concat([textField(1, credentials.username), textField(2, credentials.password)]);
}

function textField(number: number, text: string): Buffer {
  const bytes = Buffer.from(text);
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest > 0x7f; rest >>>= 7) {
    length.push((rest & 0x7f) | 0x80);
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length, rest]), bytes]);
}
