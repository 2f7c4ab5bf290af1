/**
 * Notices that the other end of an HTTP/2 connection does not speak HTTP/2 any more. Node's HTTP/2 library then sends a GOAWAY frame with
 * an error and reads no more, but of most errors it says nothing to its user, whose calls would never end.
 * Source: RFC 9113, 4 (frames), 5.4.1 (connection errors), 6.8 (GOAWAY).
 */
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** What a client sends before its first frame. */
const prefaceBytes = 24;
const headerBytes = 9;
const goAwayType = 7;
/** The header of a GOAWAY frame, the last stream, and the error. */
const goAwayBytes = headerBytes + 8;
/** The longest frame that a client takes which has announced nothing else. */
const maxFrameBytes = 16_384;

/** Looks at the beginning of each frame in a stream of bytes, and needs time in proportion to the bytes. */
export class FrameFinder {
  readonly #matches: (frame: Buffer) => boolean;
  /** Bytes until the next frame. */
  #skip: number;
  /** The beginning of a frame that is not complete. */
  #begun: Buffer = Buffer.alloc(0);

  /** @param skip bytes before the first frame. @param matches called with the header of a frame, and with the error of a GOAWAY */
  constructor(skip: number, matches: (frame: Buffer) => boolean) {
    this.#skip = skip;
    this.#matches = matches;
  }

  /** @returns whether a frame matches whose beginning ends in these bytes */
  find(bytes: Uint8Array): boolean {
    let rest: Buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (this.#begun.length > 0) {
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
      if (rest.length < (rest[3] === goAwayType ? goAwayBytes : headerBytes)) {
        this.#begun = Buffer.from(rest);
        return false;
      }
      if (this.#matches(rest)) {
        return true;
      }
      this.#skip = headerBytes + lengthOf(rest);
    }
  }
}

const lengthOf = (frame: Buffer): number => frame.readUIntBE(0, 3);

/** GOAWAY frames with an error in what a client sends. */
export function goAwayFinder(): FrameFinder {
  return new FrameFinder(prefaceBytes, (frame) => frame[3] === goAwayType && frame.readUInt32BE(headerBytes + 4) !== 0);
}

/** Frames in what a client receives that cannot be any: the client may be unable to send its GOAWAY. */
export function longFrameFinder(): FrameFinder {
  return new FrameFinder(0, (frame) => lengthOf(frame) > maxFrameBytes);
}

/**
 * Calls back when a stream brings a client something other than HTTP/2.
 * @returns the stream for the client. It is another one for a socket, whose bytes the HTTP/2 library takes from the system
 */
export function onProtocolError(source: Duplex, callback: () => void): Duplex {
  const stream = source instanceof Socket ? Duplex.from({ readable: source, writable: source }) : source;
  const received = longFrameFinder();
  stream.on('data', (chunk: Buffer) => {
    if (received.find(chunk)) {
      callback();
    }
  });
  const sent = goAwayFinder();
  const write = stream.write.bind(stream) as (...parameters: unknown[]) => boolean;
  stream.write = (chunk: unknown, ...rest: unknown[]): boolean => {
    const isTaken = write(chunk, ...rest);
    if (chunk instanceof Uint8Array && sent.find(chunk)) {
      callback();
    }
    return isTaken;
  };
  return stream;
}
