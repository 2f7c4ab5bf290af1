/** BuildKit's gRPC API over any stream: that of docker after an upgrade, or that of a BuildKit daemon. */
import type { Duplex } from 'node:stream';
import { type Client, createClient } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { Control } from './proto/control_pb.ts';

/** No request comes through a proxy, so the name leads nowhere. */
const baseUrl = 'http://buildkit';

/** A status update may hold the log of a step. In bytes. */
const maxMessageBytes = 16 * 1024 * 1024;

export interface BuildKitClient {
  readonly control: Client<typeof Control>;
  /** Ends all calls and the stream. BuildKit then cancels what they started. */
  close(): void;
}

/** @param stream speaks HTTP/2 with prior knowledge. It belongs to the client from now on */
export function buildKitClient(stream: Duplex): BuildKitClient {
  const sessionManager = new Http2SessionManager(
    baseUrl,
    // Node's timers end at 2^31 milliseconds. The stream is closed by its owner.
    { idleConnectionTimeoutMs: 2 ** 31 - 1 },
    {
      createConnection: () => {
        if (stream.destroyed) {
          throw new Error('The connection to BuildKit is closed.');
        }
        return stream;
      },
    },
  );
  const transport = createGrpcTransport({
    baseUrl,
    sessionManager,
    readMaxBytes: maxMessageBytes,
    acceptCompression: [],
  });
  return {
    control: createClient(Control, transport),
    close: () => {
      sessionManager.abort();
      stream.destroy();
    },
  };
}
