/**
 * Remembers the digests of a project's files, so that a file that has not changed is not read again. Like git's index, it
 * recognizes a file by what the system tells about it: identity, size, mode and times.
 */
import { hash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { FileState } from './walk.ts';

/** The first bytes of a file, which change with its format and with what digests are made of. */
const magic = Buffer.from('context1');

/** Magic, time, number of files, digest of the context. A multiple of eight, so that the columns are aligned. */
const headBytes = 56;
const digestBytes = 32;
const fields = 6;
const recordBytes = fields * 8 + digestBytes;

/** Larger contexts are read whole each time. */
const maxFiles = 1_000_000;
/** How many projects are remembered. The one that was built longest ago is forgotten first. */
const maxIndexes = 64;
/** What a process left that was ended while it wrote. */
const abandonedAfterMs = 3_600_000;

interface IndexedFile {
  readonly digest: string;
  /** Its times do not tell whether it was changed once more after it was read, so it has to be read again. */
  readonly isRacy: boolean;
}

/** The index that a project had when it was packed last. */
export class FileIndex {
  /** The digest of the whole context. */
  readonly context: string;
  readonly size: number;
  readonly #paths: readonly string[];
  readonly #states: Float64Array;
  readonly #digests: Buffer;
  /** When the files began to be read, in milliseconds since 1970. */
  readonly #readMs: number;
  #positions: ReadonlyMap<string, number> | undefined;
  #next = 0;

  private constructor(content: Buffer) {
    this.#readMs = content.readDoubleLE(8);
    this.size = content.readUInt32LE(16);
    this.context = content.toString('hex', 24, 24 + digestBytes);
    const statesEnd = headBytes + this.size * fields * 8;
    const digestsEnd = statesEnd + this.size * digestBytes;
    // a copy, because a view has to begin at a multiple of eight
    this.#states = new Float64Array(new Uint8Array(content.subarray(headBytes, statesEnd)).buffer);
    this.#digests = content.subarray(statesEnd, digestsEnd);
    this.#paths = this.size === 0 ? [] : content.toString('utf8', digestsEnd).split('\0');
  }

  /** Undefined if there is none, or if it is damaged or of another version. */
  static read(path: string): FileIndex | undefined {
    try {
      const content = readFileSync(path);
      const body = content.subarray(0, -digestBytes);
      const isWhole =
        body.length >= headBytes &&
        body.subarray(0, magic.length).equals(magic) &&
        hash('sha256', body, 'buffer').equals(content.subarray(-digestBytes)) &&
        body.length >= headBytes + body.readUInt32LE(16) * recordBytes;
      return isWhole ? new FileIndex(body) : undefined;
    } catch {
      return undefined; // it is always safe to know nothing
    }
  }

  /** What is known of a file, if it is as it was. Fastest if it is asked for in the order in which the files were added. */
  find(path: string, state: FileState): IndexedFile | undefined {
    const position = this.#paths[this.#next] === path ? this.#next : this.#positionOf(path);
    if (position === undefined) {
      return undefined;
    }
    this.#next = position + 1;
    setFields(wanted, 0, state);
    const first = position * fields;
    for (let field = 0; field < fields; field++) {
      if (wanted[field] !== this.#states[first + field]) {
        return undefined;
      }
    }
    return {
      digest: this.#digests.toString('hex', position * digestBytes, (position + 1) * digestBytes),
      isRacy: isRacy(state.mtimeMs, this.#readMs) || isRacy(state.ctimeMs, this.#readMs),
    };
  }

  #positionOf(path: string): number | undefined {
    this.#positions ??= new Map(this.#paths.map((name, position) => [name, position]));
    return this.#positions.get(path);
  }
}

const wanted = new Float64Array(fields);

function setFields(target: Float64Array, first: number, state: FileState): void {
  target[first] = state.dev;
  target[first + 1] = state.ino;
  target[first + 2] = state.mode;
  target[first + 3] = state.size;
  target[first + 4] = state.mtimeMs;
  target[first + 5] = state.ctimeMs;
}

/** Whether two states are those of the same file without a change in between. */
export function isSameState(one: FileState, other: FileState): boolean {
  return (
    one.ino === other.ino &&
    one.ctimeMs === other.ctimeMs &&
    one.mtimeMs === other.mtimeMs &&
    one.size === other.size &&
    one.mode === other.mode &&
    one.dev === other.dev
  );
}

/** The times of some file systems are whole seconds, on FAT even ones. The clocks of others tick up to 100 times a second. */
const coarseTickMs = 2_000;
const fineTickMs = 100;

/**
 * Whether a file with this time may have been changed after it was read at `readMs`, in the same tick of the clock: then both
 * changes left the same time. A time after that of reading is not one to rely on either, because the clock was set back.
 */
function isRacy(timeMs: number, readMs: number): boolean {
  const tickMs = timeMs % 1000 === 0 ? coarseTickMs : fineTickMs;
  return timeMs + tickMs >= readMs;
}

/** Collects what the next {@link FileIndex} knows. */
export class FileIndexWriter {
  readonly #readMs = Date.now();
  readonly #paths: string[] = [];
  readonly #digests: string[] = [];
  #states = new Float64Array(fields * 1024);

  /** @param digest of what the file contained in this state */
  add(path: string, state: FileState, digest: string): void {
    const first = this.#paths.length * fields;
    if (this.#paths.length >= maxFiles) {
      return;
    }
    if (first === this.#states.length) {
      const larger = new Float64Array(this.#states.length * 2);
      larger.set(this.#states);
      this.#states = larger;
    }
    setFields(this.#states, first, state);
    this.#paths.push(path);
    this.#digests.push(digest);
  }

  /**
   * Replaces the index of a project and forgets those of projects that were built long ago. It never fails: without an index,
   * files are read again.
   * @param context the digest of the whole context, in hex
   */
  write(path: string, context: string): void {
    if (this.#paths.length >= maxFiles) {
      return;
    }
    const head = Buffer.alloc(headBytes);
    magic.copy(head);
    head.writeDoubleLE(this.#readMs, 8);
    head.writeUInt32LE(this.#paths.length, 16);
    head.write(context, 24, 'hex');
    const states = Buffer.from(this.#states.buffer, 0, this.#paths.length * fields * 8);
    const digests = Buffer.from(this.#digests.join(''), 'hex');
    const body = Buffer.concat([head, states, digests, Buffer.from(this.#paths.join('\0'))]);
    const temporary = `${path}.${randomUUID()}`;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(temporary, Buffer.concat([body, hash('sha256', body, 'buffer')]), { mode: 0o600, flag: 'wx' });
      renameSync(temporary, path);
      removeOld(path);
    } catch {
      rmSync(temporary, { force: true });
    }
  }
}

/** Removes the oldest indexes beside the one at `path`, and what processes left that were ended while they wrote. */
function removeOld(path: string): void {
  const folder = dirname(path);
  const others = readdirSync(folder).filter((name) => name !== basename(path));
  const files = others
    .map((name) => ({ name, modifiedMs: statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((one, other) => other.modifiedMs - one.modifiedMs);
  const isAbandoned = ({ name, modifiedMs }: (typeof files)[number]): boolean =>
    !isIndexName(name) && Date.now() - modifiedMs > abandonedAfterMs;
  const indexes = files.filter(({ name }) => isIndexName(name));
  for (const { name } of [...files.filter(isAbandoned), ...indexes.slice(maxIndexes - 1)]) {
    rmSync(join(folder, name), { force: true });
  }
}

const suffix = '.index';

/** The path of the index of a project. */
export function indexPath(folder: string, project: string): string {
  return join(folder, `${project}${suffix}`);
}

function isIndexName(name: string): boolean {
  return name.endsWith(suffix);
}
