import { type ClientHttp2Session, connect } from 'node:http2';
import { Duplex, PassThrough, Readable } from 'node:stream';
import type { ServiceImpl } from '@connectrpc/connect';
import type { BytesMessage, Control } from '../proto/control_pb.ts';

/** Answers `Control.Session` as BuildKit does: in the stream of the session, BuildKit is the client. */
export function answerSession(
  useSession: (client: ClientHttp2Session, stream: Duplex) => void,
): ServiceImpl<typeof Control>['session'] {
  return async function* (messages) {
    const outgoing = new PassThrough();
    const stream = Duplex.from({
      readable: Readable.from(bytesOf(messages), { objectMode: false }),
      writable: outgoing,
    });
    const client = connect('http://session', {
      createConnection: () => stream,
      maxSendHeaderBlockLength: 16 * 1024 * 1024,
      maxSessionMemory: 64,
    });
    client.on('error', () => undefined);
    stream.on('error', () => undefined);
    useSession(client, stream);
    try {
      for await (const data of outgoing) {
        yield { data };
      }
    } finally {
      client.destroy();
      stream.destroy();
    }
  };
}

async function* bytesOf(messages: AsyncIterable<BytesMessage>): AsyncGenerator<Uint8Array> {
  for await (const { data } of messages) {
    yield data;
  }
}
