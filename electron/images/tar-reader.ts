/**
 * Reads tar archives that are not trusted: ustar, pax, and the extensions of GNU tar. What describes an entry is limited, and its
 * content is never held in memory.
 * Sources: POSIX pax(1); GNU tar manual, "Basic Tar Format"; Go's archive/tar, which the engines use, for what is ambiguous.
 */

export type TarType = 'file' | 'directory' | 'symlink' | 'link' | 'device' | 'fifo' | 'other';

export interface TarEntry {
  readonly name: string;
  readonly type: TarType;
  /** Of the content, in bytes. 0 for what has none. */
  readonly size: number;
  /** The size of a sparse file when it is unpacked. Its content here is shorter. */
  readonly sparseSize?: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Where a link leads. */
  readonly linkname: string;
  /** Extended attributes, by their names in pax headers, as far as they are text. */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  readonly device?: TarDevice;
  /** To be read at once, or not at all: the next entry skips what is left. */
  content(): AsyncGenerator<Buffer>;
}

export interface TarDevice {
  readonly kind: 'character' | 'block';
  readonly major: number;
  readonly minor: number;
}

const blockBytes = 512;

/** The largest that systems and headers have, so that no reader fails with a larger one. */
const maxId = 2 ** 32 - 2;
const maxTime = 2 ** 33 - 1;

/** How Go and GNU tar name extended attributes in pax headers. */
const attributePrefix = 'SCHILY.xattr.';

/** The limit of what describes one entry. Names have 4096 bytes at most, and extended attributes some kilobytes. */
const maxExtensionBytes = 1024 * 1024;

/** The bytes are not a tar archive, or it ends too early. */
export class TarError extends Error {}

/** The entries of an archive, in their order. @throws {TarError}; the error of the source */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const reader = new ByteReader(source);
  try {
    let extension: Extension = {};
    for (let header = await reader.read(blockBytes); header.length > 0; header = await reader.read(blockBytes)) {
      if (header.length < blockBytes) {
        throw new TarError('it ends in the middle of a header');
      }
      if (isZero(header)) {
        // what follows the end is padding
        await reader.skipAll();
        return;
      }
      assertChecksum(header);
      const fields = parseHeader(header);
      const { flag } = fields;
      if ('xgLK'.includes(flag)) {
        const bytes = await readExtension(reader, fields.size);
        extension = flag === 'g' ? extension : { ...extension, ...parseExtension(flag, bytes) };
        continue;
      }
      const size = hasContent(flag) ? (extension.size ?? fields.size) : 0;
      const sparseSize = flag === 'S' ? await readSparseSize(reader, header) : extension.sparseSize;
      const name = extension.name ?? fields.name;
      const end = reader.position + size;
      yield {
        name,
        type: typeOf(flag, name),
        size,
        ...(sparseSize === undefined ? {} : { sparseSize }),
        mode: fields.mode & 0o7777,
        uid: Math.min(extension.uid ?? fields.uid, maxId),
        gid: Math.min(extension.gid ?? fields.gid, maxId),
        mtime: Math.min(extension.mtime ?? fields.mtime, maxTime),
        linkname: extension.linkname ?? fields.linkname,
        attributes: extension.attributes,
        ...(flag === '3' || flag === '4' ? { device: readDevice(header, flag) } : {}),
        content: () => reader.chunks(end),
      };
      await reader.skipTo(end + ((blockBytes - (size % blockBytes)) % blockBytes));
      extension = {};
    }
  } finally {
    await reader.close();
  }
}

interface Extension {
  readonly name?: string;
  readonly linkname?: string;
  readonly size?: number;
  readonly sparseSize?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly attributes?: Readonly<Record<string, string>>;
}

function readDevice(header: Buffer, flag: '3' | '4'): TarDevice {
  return {
    kind: flag === '3' ? 'character' : 'block',
    major: number(header, 329, 8),
    minor: number(header, 337, 8),
  };
}

function parseHeader(header: Buffer) {
  const isUstar = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? text(header, 345, 155) : '';
  const name = text(header, 0, 100);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: number(header, 100, 8),
    uid: number(header, 108, 8),
    gid: number(header, 116, 8),
    size: number(header, 124, 12),
    mtime: number(header, 136, 12),
    flag: String.fromCharCode(header[156] ?? 0),
    linkname: text(header, 157, 100),
  };
}

function typeOf(flag: string, name: string): TarType {
  switch (flag) {
    case '\0':
    case '0':
    case '7':
    case 'S':
      // archives from before POSIX mark a folder by its name
      return name.endsWith('/') ? 'directory' : 'file';
    case '1':
      return 'link';
    case '2':
      return 'symlink';
    case '3':
    case '4':
      return 'device';
    case '5':
      return 'directory';
    case '6':
      return 'fifo';
    default:
      return 'other';
  }
}

/** Links, folders, devices and pipes have no content, whatever their header says. */
function hasContent(flag: string): boolean {
  return !'123456'.includes(flag);
}

async function readExtension(reader: ByteReader, size: number): Promise<Buffer> {
  if (size > maxExtensionBytes) {
    throw new TarError(`what describes one of its entries has ${size} bytes, more than ${maxExtensionBytes}`);
  }
  const bytes = await reader.read(size);
  if (bytes.length < size) {
    throw new TarError('it ends in the middle of what describes an entry');
  }
  await reader.skipTo(reader.position + ((blockBytes - (size % blockBytes)) % blockBytes));
  return bytes;
}

function parseExtension(flag: string, bytes: Buffer): Extension {
  if (flag === 'L' || flag === 'K') {
    const value = text(bytes, 0, bytes.length);
    return flag === 'L' ? { name: value } : { linkname: value };
  }
  const records = paxRecords(bytes);
  const numbers = (key: string): number | undefined => {
    const value = Number(records.get(key) || Number.NaN);
    return Number.isFinite(value) && value >= 0 ? Math.floor(value) : undefined;
  };
  // readers that disagree about a size find other entries after it
  if (!/^\d*$/.test(records.get('size') ?? '') || (numbers('size') ?? 0) > Number.MAX_SAFE_INTEGER) {
    throw new TarError('an entry has a size that cannot be read');
  }
  const attributes = [...records].filter(
    ([key, value]) => key.startsWith(attributePrefix) && !value.includes('\ufffd'),
  );
  const found = {
    name: records.get('GNU.sparse.name') ?? records.get('path'),
    linkname: records.get('linkpath'),
    size: numbers('size'),
    sparseSize: numbers('GNU.sparse.realsize') ?? numbers('GNU.sparse.size'),
    uid: numbers('uid'),
    gid: numbers('gid'),
    mtime: numbers('mtime'),
    attributes: attributes.length > 0 ? Object.fromEntries(attributes) : undefined,
  };
  if ([found.name, found.linkname].some((value) => value?.includes('\0'))) {
    throw new TarError('a name has a null character');
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined && value !== ''));
}

/** Records as `20 path=folder/name\n`, where the number counts the bytes of the whole record. */
function paxRecords(bytes: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let start = 0; start < bytes.length; ) {
    const space = bytes.indexOf(0x20, start);
    const length = space < 0 ? Number.NaN : Number(bytes.toString('latin1', start, space));
    const equals = bytes.indexOf(0x3d, space);
    const end = start + length;
    if (!Number.isInteger(length) || end > bytes.length || equals < 0 || equals >= end || end <= space) {
      throw new TarError('what describes an entry cannot be read');
    }
    const key = bytes.toString('utf8', space + 1, equals);
    if (key.startsWith(attributePrefix) || !/^(?:SCHILY|LIBARCHIVE)\./.test(key)) {
      records.set(key, bytes.toString('utf8', equals + 1, end - 1));
    }
    start = end;
  }
  return records;
}

/** GNU tar's own form of sparse files, whose list of pieces may go on in further blocks. */
async function readSparseSize(reader: ByteReader, header: Buffer): Promise<number> {
  let isContinued = header[482] === 1;
  for (let blocks = 0; isContinued; blocks += 1) {
    const more = await reader.read(blockBytes);
    if (more.length < blockBytes || blocks > maxExtensionBytes / blockBytes) {
      throw new TarError('a sparse file cannot be read');
    }
    isContinued = more[504] === 1;
  }
  return number(header, 483, 12);
}

function text(bytes: Buffer, start: number, length: number): string {
  const end = bytes.indexOf(0, start);
  return bytes.toString('utf8', start, end < 0 || end > start + length ? start + length : end);
}

/** Octal digits, or for large numbers the bytes of a number whose first bit is set. */
function number(bytes: Buffer, start: number, length: number): number {
  const first = bytes[start] ?? 0;
  if (first & 0x80) {
    let value = first & 0x40 ? Number.NaN : first & 0x3f;
    for (let index = start + 1; index < start + length; index += 1) {
      value = value * 256 + (bytes[index] ?? 0);
    }
    if (!Number.isSafeInteger(value)) {
      // a time before 1970, or a size that no file has
      if (first & 0x40) {
        return 0;
      }
      throw new TarError('an entry says that it is larger than any file can be');
    }
    return value;
  }
  const digits = bytes
    .toString('latin1', start, start + length)
    .replace(/^[\0 ]+/, '')
    .replace(/[\0 ].*$/s, '');
  if (digits === '') {
    return 0;
  }
  if (!/^[0-7]+$/.test(digits)) {
    throw new TarError('a header has a number that cannot be read');
  }
  return Number.parseInt(digits, 8);
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

/** The sum of the header's bytes, those of the sum itself taken as spaces. Old programs have added signed bytes. */
function assertChecksum(header: Buffer): void {
  const written = number(header, 148, 8);
  let sum = 8 * 0x20;
  let signed = sum;
  for (let index = 0; index < blockBytes; index += 1) {
    if (index < 148 || index >= 156) {
      const byte = header[index] ?? 0;
      sum += byte;
      signed += byte > 127 ? byte - 256 : byte;
    }
  }
  if (written !== sum && written !== signed) {
    throw new TarError('a header is damaged, or it is not a tar archive');
  }
}

/** Reads exact numbers of bytes from pieces of any size. */
class ByteReader {
  position = 0;
  readonly #iterator: AsyncIterator<Uint8Array>;
  #chunk: Buffer = Buffer.alloc(0);
  #isDone = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  async close(): Promise<void> {
    if (!this.#isDone) {
      this.#isDone = true;
      await this.#iterator.return?.();
    }
  }

  /** So many bytes, or what is left of them at the end. */
  async read(count: number): Promise<Buffer> {
    if (this.#chunk.length >= count) {
      return this.#take(count);
    }
    const parts: Buffer[] = [];
    let bytes = 0;
    while (bytes < count && (await this.#fill())) {
      const part = this.#take(Math.min(count - bytes, this.#chunk.length));
      parts.push(part);
      bytes += part.length;
    }
    return Buffer.concat(parts);
  }

  /** The bytes up to a position. @throws {TarError} if the source ends before it */
  async *chunks(end: number): AsyncGenerator<Buffer> {
    while (this.position < end) {
      if (!(await this.#fill())) {
        throw new TarError('it ends in the middle of a file');
      }
      yield this.#take(Math.min(end - this.position, this.#chunk.length));
    }
  }

  /** @throws {TarError} if the source ends before */
  async skipTo(end: number): Promise<void> {
    while (this.position < end) {
      if (!(await this.#fill())) {
        throw new TarError('it ends in the middle of a file');
      }
      this.#take(Math.min(end - this.position, this.#chunk.length));
    }
  }

  async skipAll(): Promise<void> {
    while (await this.#fill()) {
      this.#take(this.#chunk.length);
    }
  }

  #take(count: number): Buffer {
    const taken = this.#chunk.subarray(0, count);
    this.#chunk = this.#chunk.subarray(count);
    this.position += count;
    return taken;
  }

  /** Whether there is something to take. */
  async #fill(): Promise<boolean> {
    while (this.#chunk.length === 0 && !this.#isDone) {
      const next = await this.#iterator.next();
      if (next.done) {
        this.#isDone = true;
      } else {
        const { buffer, byteOffset, byteLength } = next.value;
        this.#chunk = Buffer.from(buffer, byteOffset, byteLength);
      }
    }
    return this.#chunk.length > 0;
  }
}
