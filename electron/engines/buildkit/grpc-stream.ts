/**
 * Streams of many small messages over gRPC, several messages in each write. Source: grpc, doc/PROTOCOL-HTTP2.md; a message
 * follows a byte for its compression, which is off, and four for its length.
 */
import { once } from 'node:events';
import type { Http2ServerResponse } from 'node:http2';
import type { Readable } from 'node:stream';

const prefixBytes = 5;

/** Messages are collected up to this size. In bytes. */
const batchBytes = 64 * 1024;

/** A message of file sync has the path of a file, or a part of its content. In bytes. */
const maxMessageBytes = 4 * 1024 * 1024;

/** The code of gRPC for a call that has succeeded, and for one that has failed inside. */
const codes = { ok: 0, internal: 13 } as const;

export class MessageWriter {
  readonly #response: Http2ServerResponse;
  #batch: Uint8Array[] = [];
  #bytes = 0;

  constructor(response: Http2ServerResponse) {
    this.#response = response;
    response.on('error', () => undefined); // the stream is closed then
    response.writeHead(200, { 'content-type': 'application/grpc' });
  }

  /** Adds a message. Resolves when more can be taken; undefined if it can be taken now. */
  write(message: Uint8Array): Promise<void> | undefined {
    const prefix = Buffer.alloc(prefixBytes);
    prefix.writeUInt32BE(message.length, 1);
    this.#batch.push(prefix, message);
    this.#bytes += prefixBytes + message.length;
    return this.#bytes >= batchBytes ? this.flush() : undefined;
  }

  /** Sends what was added. Rejects if the stream ends. */
  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#batch, this.#bytes);
    this.#batch = [];
    this.#bytes = 0;
    if (this.isClosed) {
      throw new Error('The stream has ended.');
    }
    if (bytes.length > 0 && !this.#response.write(bytes)) {
      const waiting = new AbortController();
      const { signal } = waiting;
      try {
        await Promise.race([once(this.#response, 'drain', { signal }), once(this.#response, 'close', { signal })]);
      } finally {
        waiting.abort();
      }
    }
  }

  /** The caller is gone. */
  get isClosed(): boolean {
    return this.#response.stream?.destroyed ?? true;
  }

  /** Ends the call. @param error what the caller gets to know of a failure */
  end(error?: string): void {
    this.#response.addTrailers({
      'grpc-status': String(error === undefined ? codes.ok : codes.internal),
      ...(error === undefined ? {} : { 'grpc-message': encodeURIComponent(error) }),
    });
    this.#response.end();
  }
}

/** The messages of a stream, which stays open when no more are wanted. @throws Error for one that is compressed or too long */
export async function* readMessages(stream: Readable): AsyncGenerator<Buffer> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  /** With fewer bytes, there is no message: a long one is joined once. */
  let needed = prefixBytes;
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes < needed) {
      continue;
    }
    let rest = Buffer.concat(chunks, bytes);
    for (needed = prefixBytes; rest.length >= needed; ) {
      const length = rest.readUInt32BE(1);
      if (rest[0] !== 0 || length > maxMessageBytes) {
        throw new Error('A message is compressed or too long.');
      }
      needed = prefixBytes + length;
      if (rest.length >= needed) {
        yield rest.subarray(prefixBytes, needed);
        rest = rest.subarray(needed);
        needed = prefixBytes;
      }
    }
    chunks = [rest];
    bytes = rest.length;
  }
}
