/**
 * BuildKit's session: during a build, BuildKit asks its client for what only the client has. In the stream of the session, the
 * client is the server. Source: moby/buildkit, session/grpc.go.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type ServerHttp2Session } from 'node:http2';
import { Duplex, PassThrough, Readable } from 'node:stream';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import type { Failure } from '../../../shared/problem.ts';
import type { ContextSource } from '../../context/context-source.ts';
import type { SecretValue, SshAgent } from '../engine.ts';
import type { RegistryLogin } from '../registry-login.ts';
import { type BuildKitClient, methodsHeader } from './client.ts';
import { FileSend } from './file-send.ts';
import { FileSync } from './file-sync.ts';
import type { BytesMessage } from './proto/control_pb.ts';
import { Health, HealthCheckResponse_Status } from './proto/health_pb.ts';
import { Secrets } from './proto/secrets_pb.ts';
import { Auth } from './proto/session_pb.ts';
import { SSH } from './proto/ssh-forward_pb.ts';
import { registryAuth } from './registry-auth.ts';
import { secretsService, sshService } from './secret-services.ts';

const fileSyncPath = '/moby.filesync.v1.FileSync/DiffCopy';
const fileSendPath = '/moby.filesync.v1.FileSend/DiffCopy';

/** Names of sync requests and their paths. In bytes. */
const maxHeaderBytes = 1024 * 1024;

/** The Containerfile names each path that it copies, and each path is a header. Of more paths than this, all files are listed. */
const maxHeaders = 20_000;

/** BuildKit has a few calls at a time. */
const maxCalls = 64;

/** A question about a registry has its name and some repositories. In bytes. */
const maxQuestionBytes = 256 * 1024;

/** Bytes that wait to be sent. */
const bufferBytes = 256 * 1024;

export interface SessionOptions {
  readonly context: ContextSource;
  /** The folders of additional contexts, by the names under which the builder asks for them. */
  readonly namedFolders?: ReadonlyMap<string, ContextSource>;
  /** For the registries of the images that the Containerfile names. */
  readonly logins: readonly RegistryLogin[];
  readonly secrets: readonly SecretValue[];
  readonly ssh: readonly SshAgent[];
  /** The builder keeps the files of a context under this key, and asks only for files that differ from them. */
  readonly sharedKey: string;
  /** Called with the size of the files that BuildKit has already. */
  readonly onReused: (bytes: number) => void;
  /** Takes what an exporter sends here. See {@link FileSend}. */
  readonly receive?: ((archive: Readable) => Promise<void>) | undefined;
}

export interface BuildKitSession {
  /** Names the session in a build. */
  readonly id: string;
  /** Why the context could not be read, or what the exporter sent could not be taken. */
  readonly failure: Failure | undefined;
  close(): void;
}

/** Opens a session that gives BuildKit the files of a context, logins of registries, secrets, and SSH agents. */
export function openSession({ control }: BuildKitClient, options: SessionOptions): BuildKitSession {
  const id = randomUUID();
  const closing = new AbortController();
  const fileSync = new FileSync(options.context, options.onReused, options.namedFolders);
  const fileSend = options.receive && new FileSend(options.receive);
  const outgoing = new PassThrough({ highWaterMark: bufferBytes });
  const incoming = control.session(messagesOf(outgoing), {
    signal: closing.signal,
    headers: {
      'x-docker-expose-session-uuid': id,
      'x-docker-expose-session-name': 'barnraiser',
      'x-docker-expose-session-sharedkey': options.sharedKey,
      // the other methods are called without being announced
      [methodsHeader]: [fileSyncPath, ...(fileSend ? [fileSendPath] : [])].join(', '),
    },
  });
  const stream = Duplex.from({ readable: Readable.from(bytesOf(incoming), { objectMode: false }), writable: outgoing });
  stream.on('error', () => undefined);
  const answer = handlerFor(options);
  const settings = { maxHeaderListSize: maxHeaderBytes, maxConcurrentStreams: maxCalls };
  const server = createServer({ maxHeaderListPairs: maxHeaders, settings }, (request, response) => {
    if (request.url === fileSyncPath) {
      void fileSync.answer(request, response);
    } else if (request.url === fileSendPath && fileSend) {
      void fileSend.answer(request, response);
    } else {
      answer(request, response);
    }
  });
  let session: ServerHttp2Session | undefined;
  server.on('session', (opened) => {
    session = opened;
    opened.on('error', () => stream.destroy());
  });
  server.emit('connection', stream);
  return {
    id,
    get failure() {
      return fileSync.failure ?? fileSend?.failure;
    },
    close: () => {
      session?.destroy();
      stream.destroy();
      closing.abort();
    },
  };
}

function handlerFor({ logins, secrets, ssh }: SessionOptions): ReturnType<typeof connectNodeAdapter> {
  return connectNodeAdapter({
    grpcWeb: false,
    connect: false,
    acceptCompression: [],
    readMaxBytes: maxQuestionBytes,
    routes: (router) =>
      router
        .service(Auth, registryAuth(logins))
        .service(Secrets, secretsService(secrets))
        .service(SSH, sshService(ssh))
        .service(Health, { check: () => ({ status: HealthCheckResponse_Status.SERVING }) }),
  });
}

async function* messagesOf(stream: Readable): AsyncGenerator<{ data: Uint8Array }> {
  for await (const data of stream) {
    yield { data };
  }
}

async function* bytesOf(messages: AsyncIterable<BytesMessage>): AsyncGenerator<Uint8Array> {
  for await (const { data } of messages) {
    yield data;
  }
}
