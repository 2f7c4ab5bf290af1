/**
 * The rows of one table of an SQLite database. Databases of images are not trusted: each page is read once, whatever the others say, and
 * nothing of what the database defines is run. Source: the SQLite database file format.
 */

export type SqliteValue = number | string | Buffer | undefined;

const magic = 'SQLite format 3\0';
const headerBytes = 100;
const leafTable = 0x0d;
const interiorTable = 0x05;

/** @throws Error if it is not a database, has no such table, or is damaged */
export function* readTable(file: Buffer, name: string): Generator<SqliteValue[]> {
  const database = new Database(file);
  for (const [type, table, , root] of database.rows(1)) {
    if (type === 'table' && table === name && typeof root === 'number') {
      yield* database.rows(root);
      return;
    }
  }
  throw new Error(`the database has no table ${name}`);
}

function damaged(): Error {
  return new Error('the database is damaged');
}

class Database {
  readonly #file: Buffer;
  readonly #pageBytes: number;
  /** Without what is reserved at the end of each page. */
  readonly #usable: number;
  readonly #visited = new Set<number>();

  constructor(file: Buffer) {
    if (file.length < headerBytes || file.toString('latin1', 0, magic.length) !== magic) {
      throw new Error('it is not a SQLite database');
    }
    const size = file.readUInt16BE(16);
    this.#pageBytes = size === 1 ? 65_536 : size;
    this.#usable = this.#pageBytes - (file[20] ?? 0);
    if (this.#pageBytes < 512 || this.#usable < 480 || file.readUInt32BE(56) > 1) {
      throw damaged();
    }
    this.#file = file;
  }

  /** A page that nothing has led to yet. */
  #page(number: number): Buffer {
    const start = (number - 1) * this.#pageBytes;
    if (number < 1 || start + this.#pageBytes > this.#file.length || this.#visited.has(number)) {
      throw damaged();
    }
    this.#visited.add(number);
    return this.#file.subarray(start, start + this.#pageBytes);
  }

  /** The rows of the tree with this root, in order. */
  *rows(root: number): Generator<SqliteValue[]> {
    const pending = [root];
    for (let number = pending.pop(); number !== undefined; number = pending.pop()) {
      const page = this.#page(number);
      const start = number === 1 ? headerBytes : 0;
      const type = page[start];
      if (type !== leafTable && type !== interiorTable) {
        throw damaged();
      }
      const cells = start + (type === leafTable ? 8 : 12);
      const count = page.readUInt16BE(start + 3);
      if (cells + 2 * count > page.length) {
        throw damaged();
      }
      const offsets = Array.from({ length: count }, (_, index) => page.readUInt16BE(cells + 2 * index));
      if (type === leafTable) {
        for (const offset of offsets) {
          yield readRecord(this.#payload(page, offset));
        }
      } else {
        const children = offsets.map((offset) => numberAt(page, offset));
        pending.push(...[...children, numberAt(page, start + 8)].reverse());
      }
    }
  }

  #payload(page: Buffer, offset: number): Buffer {
    const [length, afterLength] = varint(page, offset);
    const [, start] = varint(page, afterLength);
    const most = this.#usable - 35;
    const least = Math.floor(((this.#usable - 12) * 32) / 255) - 23;
    const left = least + ((length - least) % (this.#usable - 4));
    const local = length <= most ? length : left <= most ? left : least;
    if (length > this.#file.length || start + local > page.length) {
      throw damaged();
    }
    const parts = [page.subarray(start, start + local)];
    let rest = length - local;
    for (let next = rest > 0 ? numberAt(page, start + local) : 0; rest > 0; ) {
      const overflow = this.#page(next);
      const part = overflow.subarray(4, 4 + Math.min(rest, this.#usable - 4));
      parts.push(part);
      rest -= part.length;
      next = overflow.readUInt32BE(0);
    }
    return Buffer.concat(parts);
  }
}

function numberAt(bytes: Buffer, offset: number): number {
  if (offset + 4 > bytes.length) {
    throw damaged();
  }
  return bytes.readUInt32BE(offset);
}

/** A number of up to 9 bytes, and where it ends. Larger ones than JavaScript can count are damage here. */
function varint(bytes: Buffer, offset: number): [value: number, end: number] {
  let value = 0;
  for (let index = 0; index < 9; index += 1) {
    const byte = bytes[offset + index];
    if (byte === undefined) {
      break;
    }
    value = index === 8 ? value * 256 + byte : value * 128 + (byte & 0x7f);
    if (byte < 0x80 || index === 8) {
      return [value, offset + index + 1];
    }
  }
  throw damaged();
}

/** The bytes of integers, by their type. */
const integerBytes: Readonly<Record<number, number>> = { 1: 1, 2: 2, 3: 3, 4: 4, 5: 6 };

function readRecord(record: Buffer): SqliteValue[] {
  const [headEnd, first] = varint(record, 0);
  const values: SqliteValue[] = [];
  let offset = headEnd;
  for (let at = first; at < headEnd; ) {
    const [type, next] = varint(record, at);
    at = next;
    const length =
      type >= 12 ? Math.floor((type - 12) / 2) : (integerBytes[type] ?? (type === 6 || type === 7 ? 8 : 0));
    if (offset + length > record.length) {
      throw damaged();
    }
    const bytes = record.subarray(offset, offset + length);
    offset += length;
    if (type >= 12) {
      values.push(type % 2 === 0 ? bytes : bytes.toString('utf8'));
    } else {
      values.push(type === 8 ? 0 : type === 9 ? 1 : type in integerBytes ? bytes.readIntBE(0, length) : undefined);
    }
  }
  return values;
}
