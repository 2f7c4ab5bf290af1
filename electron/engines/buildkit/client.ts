/** BuildKit's gRPC API over any stream: that of docker after an upgrade, or that of a BuildKit daemon. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionRequestOptions,
  connect,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import { type Client, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { Control } from './proto/control_pb.ts';
import { onProtocolError } from './protocol-error.ts';

/** No request comes through a proxy, so the name leads nowhere. */
const baseUrl = 'http://buildkit';

/** A status update may hold the log of a step. In bytes. */
const maxMessageBytes = 16 * 1024 * 1024;

/** A header with one value for each method that a session serves. */
export const methodsHeader = 'x-docker-expose-session-grpc-method';

/** Between the values of a header. */
const separator = ', ';

/**
 * The requests of one HTTP/2 connection, which is never replaced. Connect's own manager opens another one when this one breaks, on
 * the same stream, and loops forever if it breaks before the first request.
 */
class Connection {
  readonly authority = baseUrl;
  readonly #session: ClientHttp2Session;
  #error: Error = new Error('The connection to BuildKit is closed.');

  constructor(stream: Duplex) {
    const watched = onProtocolError(stream, () => {
      this.#session.destroy(new Error('Protocol error: BuildKit has sent what is not HTTP/2.'));
    });
    this.#session = connect(baseUrl, { createConnection: () => watched });
    this.#session.on('error', (error) => {
      this.#error = error;
    });
  }

  /** Sends each of the methods of a session as a header of its own: BuildKit does not split values, and connect joins them. */
  async request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options: Omit<ClientSessionRequestOptions, 'signal'>,
  ): Promise<ClientHttp2Stream> {
    if (this.#session.closed || this.#session.destroyed) {
      throw this.#error;
    }
    const methods = headers[methodsHeader];
    const split = typeof methods === 'string' ? { [methodsHeader]: methods.split(separator) } : {};
    return this.#session.request({ ...headers, ...split, ':method': method, ':path': path }, options);
  }

  notifyResponseByteRead(): void {
    // only for connections that are kept alive
  }

  close(): void {
    this.#session.destroy();
  }
}

export interface BuildKitClient {
  readonly control: Client<typeof Control>;
  /** Ends all calls and the stream. BuildKit then cancels what they started. */
  close(): void;
}

/** @param stream speaks HTTP/2 with prior knowledge. It belongs to the client from now on */
export function buildKitClient(stream: Duplex): BuildKitClient {
  const connection = new Connection(stream);
  const transport = createGrpcTransport({
    baseUrl,
    sessionManager: connection,
    readMaxBytes: maxMessageBytes,
    acceptCompression: [],
  });
  return {
    control: createClient(Control, transport),
    close: () => {
      connection.close();
      stream.destroy();
    },
  };
}
