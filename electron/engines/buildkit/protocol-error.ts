/**
 * Notices that the other end of an HTTP/2 connection does not speak HTTP/2 any more. Node's HTTP/2 library then sends a GOAWAY frame with
 * an error and reads no more, but of most errors it says nothing to its user, whose calls would never end.
 * Source: RFC 9113, 4.1 (frames), 5.4.1 (connection errors), 6.8 (GOAWAY).
 */
import type { Duplex } from 'node:stream';

/** What a client sends before its first frame. */
const prefaceBytes = 24;
const headerBytes = 9;
const goAwayType = 7;
/** The header of a GOAWAY frame, the last stream, and the error. */
const goAwayBytes = headerBytes + 8;

/** Finds GOAWAY frames with an error in what a client sends. */
export class GoAwayFinder {
  /** Bytes until the next header of a frame. */
  #skip = prefaceBytes;
  /** The beginning of a frame that is not complete. */
  #begun: Buffer = Buffer.alloc(0);

  /** @returns whether a GOAWAY frame with an error ends in these bytes */
  find(bytes: Uint8Array): boolean {
    let rest: Buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (this.#skip < rest.length && this.#begun.length > 0) {
      rest = Buffer.concat([this.#begun, rest]);
      this.#begun = Buffer.alloc(0);
    }
    for (;;) {
      if (this.#skip >= rest.length) {
        this.#skip -= rest.length;
        return false;
      }
      rest = rest.subarray(this.#skip);
      this.#skip = 0;
      const isGoAway = rest.length > 3 && rest[3] === goAwayType;
      if (rest.length < (isGoAway ? goAwayBytes : headerBytes)) {
        this.#begun = Buffer.from(rest);
        return false;
      }
      if (isGoAway && rest.readUInt32BE(headerBytes + 4) !== 0) {
        return true;
      }
      this.#skip = headerBytes + rest.readUIntBE(0, 3);
    }
  }
}

/** Calls back when a client of HTTP/2 ends a stream because of what it has received. To be called before the client writes. */
export function onProtocolError(stream: Duplex, callback: () => void): void {
  const finder = new GoAwayFinder();
  const write = stream.write.bind(stream) as (...parameters: unknown[]) => boolean;
  stream.write = (chunk: unknown, ...rest: unknown[]): boolean => {
    const isWritten = write(chunk, ...rest);
    if (chunk instanceof Uint8Array && finder.find(chunk)) {
      callback();
    }
    return isWritten;
  };
}
