/**
 * Takes what an exporter of BuildKit sends to its client: the bytes of one archive. Source: moby/buildkit, session/filesync.
 */
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { Readable } from 'node:stream';
import { fromBinary } from '@bufbuild/protobuf';
import { Failure } from '../../../shared/problem.ts';
import { MessageWriter, readMessages } from './grpc-stream.ts';
import { BytesMessageSchema } from './proto/session_pb.ts';

/** Answers `FileSend.DiffCopy`. */
export class FileSend {
  /** Why the archive could not be taken. */
  failure: Failure | undefined;

  readonly #receive: (archive: Readable) => Promise<void>;
  #hasBegun = false;

  /** @param receive reads an archive to its end. The exporter waits for it, and fails if it rejects */
  constructor(receive: (archive: Readable) => Promise<void>) {
    this.#receive = receive;
  }

  /** Never rejects. */
  async answer(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    request.on('error', () => undefined);
    const writer = new MessageWriter(response);
    try {
      if (this.#hasBegun) {
        throw new Error('The exporter sent a second archive.');
      }
      this.#hasBegun = true;
      await this.#receive(Readable.from(bytesOf(request), { objectMode: false }));
      writer.end();
    } catch (error) {
      if (!writer.isClosed) {
        this.failure ??= error instanceof Failure ? error : undefined;
        writer.end('The archive could not be taken.');
      }
    }
  }
}

async function* bytesOf(request: Readable): AsyncGenerator<Uint8Array> {
  for await (const message of readMessages(request)) {
    yield fromBinary(BytesMessageSchema, message).data;
  }
}
