/** SSH's wire format of strings and numbers. Source: RFC 4251, section 5. */

/** Reads a buffer field by field. @throws RangeError from every method, where the buffer ends too early */
export class WireReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4));
  }

  uint64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#advance(8));
  }

  string(): Buffer {
    const length = this.uint32();
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  text(): string {
    return this.string().toString('utf8');
  }

  /** A non-negative number, big-endian, without the leading zeros that SSH and PuTTY write. */
  mpint(): Buffer {
    const bytes = this.string();
    const first = bytes.findIndex((byte) => byte !== 0);
    return first === -1 ? Buffer.alloc(0) : bytes.subarray(first);
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#position);
  }

  #advance(length: number): number {
    if (this.#position + length > this.#bytes.length) {
      throw new RangeError('The data ends too early.');
    }
    const start = this.#position;
    this.#position += length;
    return start;
  }
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function wireString(value: Buffer | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** Writes a non-negative number. A zero precedes a first byte of 0x80 or more, which would mean a negative number. */
export function wireMpint(value: Buffer): Buffer {
  const first = value.findIndex((byte) => byte !== 0);
  const bytes = first === -1 ? Buffer.alloc(0) : value.subarray(first);
  return wireString((bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}
