/** The modules that a program of Go was built from, as it says itself. Source: Go's debug/buildinfo and runtime/debug. */
import type { Package } from '../../../shared/packages.ts';
import { fieldText, withoutMissing } from './package.ts';

/** A file that is read in any order. Reading beyond its end returns fewer bytes. */
export interface RandomAccess {
  read(offset: number, length: number): Promise<Buffer>;
}

const magic = Buffer.from('\xff Go buildinf:', 'latin1');
const headerBytes = 32;
/** Of one section or segment, as Go's own reader does. */
const maxSearchedBytes = 1024 * 1024;
const maxStringBytes = 16 * 1024 * 1024;
const maxHeaders = 1000;
/** What surrounds the modules in a program. */
const sentinelBytes = 16;

interface Part {
  readonly offset: number;
  readonly address: number;
  readonly bytes: number;
}

/**
 * The packages of a program: its main module, the modules that it depends on, and the library of Go.
 * Undefined if it is no program of Go, or says nothing.
 */
export async function readGoPackages(file: RandomAccess): Promise<Package[] | undefined> {
  const elf = await ElfFile.open(file);
  const info = elf && (await readBuildInfo(elf));
  return info && parseModules(info.version, info.modules);
}

/** @param goVersion such as `go1.22.3` */
export function parseModules(goVersion: string, modules: string): Package[] {
  const packages: Package[] = [];
  const add = (name: string | undefined, version: string | undefined): void => {
    const clean = fieldText(name);
    if (clean !== undefined) {
      const known = version === '(devel)' ? undefined : fieldText(version);
      packages.push(withoutMissing({ kind: 'golang' as const, name: clean, version: known }));
    }
  };
  const release = /^go(\d[\w.]*)/.exec(goVersion)?.[1];
  add(release && 'stdlib', release);
  for (const line of modules.split('\n')) {
    const [key, path, version] = line.split('\t');
    if (key === 'mod' || key === 'dep') {
      add(path, version);
    } else if (key === '=>') {
      // the module in front of it was replaced by this one
      packages.pop();
      add(path, version);
    }
  }
  return packages;
}

async function readBuildInfo(elf: ElfFile): Promise<{ version: string; modules: string } | undefined> {
  const part = (await elf.section('.go.buildinfo')) ?? elf.writable;
  if (!part) {
    return undefined;
  }
  const bytes = await elf.file.read(part.offset, Math.min(part.bytes, maxSearchedBytes));
  let start = bytes.indexOf(magic);
  while (start > 0 && (part.address + start) % 16 !== 0) {
    start = bytes.indexOf(magic, start + 1);
  }
  if (start < 0 || start + headerBytes > bytes.length) {
    return undefined;
  }
  const flags = bytes[start + 15] ?? 0;
  const strings =
    (flags & 2) === 0
      ? await readPointedStrings(elf, bytes.subarray(start, start + headerBytes))
      : await readInlineStrings(elf.file, part.offset + start + headerBytes);
  const [version, modules] = strings ?? [];
  if (!version) {
    return undefined;
  }
  const text = modules?.toString('latin1') ?? '';
  const isMarked = text.length > 2 * sentinelBytes && text.at(-sentinelBytes - 1) === '\n';
  return {
    version: version.toString('latin1'),
    modules: isMarked ? Buffer.from(text.slice(sentinelBytes, -sentinelBytes), 'latin1').toString('utf8') : '',
  };
}

/** Two strings with their lengths in front, since Go 1.18. */
async function readInlineStrings(file: RandomAccess, offset: number): Promise<Buffer[] | undefined> {
  const strings: Buffer[] = [];
  let next = offset;
  for (let count = 0; count < 2; count += 1) {
    const head = await file.read(next, 10);
    let length = 0;
    let used = 0;
    for (const byte of head) {
      length += (byte & 0x7f) * 2 ** (7 * used);
      used += 1;
      if (byte < 0x80) {
        break;
      }
    }
    if (used === 0 || length > maxStringBytes) {
      return undefined;
    }
    strings.push(await file.read(next + used, length));
    next += used + length;
  }
  return strings;
}

/** Two pointers to strings, each a pointer and a length, before Go 1.18. */
async function readPointedStrings(elf: ElfFile, header: Buffer): Promise<Buffer[] | undefined> {
  const size = header[14];
  if (size !== 4 && size !== 8) {
    return undefined;
  }
  const isLittle = ((header[15] ?? 0) & 1) === 0;
  const numberAt = (bytes: Buffer, offset: number): number => readNumber(bytes, offset, size, isLittle);
  const strings: Buffer[] = [];
  for (const offset of [16, 16 + size]) {
    const described = await elf.readAddress(numberAt(header, offset), 2 * size);
    if (!described) {
      return undefined;
    }
    const length = numberAt(described, size);
    const text = length > maxStringBytes ? undefined : await elf.readAddress(numberAt(described, 0), length);
    strings.push(text ?? Buffer.alloc(0));
  }
  return strings;
}

function readNumber(bytes: Buffer, offset: number, size: 2 | 4 | 8, isLittle: boolean): number {
  if (offset + size > bytes.length) {
    return 0;
  }
  if (size === 8) {
    return Number(isLittle ? bytes.readBigUInt64LE(offset) : bytes.readBigUInt64BE(offset));
  }
  return isLittle ? bytes.readUIntLE(offset, size) : bytes.readUIntBE(offset, size);
}

/** The sections and segments of an ELF file. Source: the ELF gABI. */
class ElfFile {
  readonly file: RandomAccess;
  readonly #segments: readonly (Part & { readonly isWritable: boolean })[];
  readonly #sections: Buffer;
  readonly #namesIndex: number;
  readonly #layout: ElfLayout;

  private constructor(
    file: RandomAccess,
    layout: ElfLayout,
    segments: readonly (Part & { readonly isWritable: boolean })[],
    sections: Buffer,
    namesIndex: number,
  ) {
    this.file = file;
    this.#layout = layout;
    this.#segments = segments;
    this.#sections = sections;
    this.#namesIndex = namesIndex;
  }

  static async open(file: RandomAccess): Promise<ElfFile | undefined> {
    const header = await file.read(0, 64);
    if (header.length < 64 || header.readUInt32BE(0) !== 0x7f454c46 || ![1, 2].includes(header[4] ?? 0)) {
      return undefined;
    }
    const layout = new ElfLayout(header[4] === 2, header[5] === 1);
    const { programs, sections, programSize, programCount, sectionSize, sectionCount, namesIndex } =
      layout.header(header);
    const isSane = programSize === layout.programBytes && programCount <= maxHeaders && sectionCount <= maxHeaders;
    if (!isSane) {
      return undefined;
    }
    const table = await file.read(programs, programSize * programCount);
    const segments = Array.from({ length: Math.floor(table.length / programSize) }, (_, index) =>
      layout.segment(table.subarray(index * programSize)),
    ).flatMap((segment) => segment ?? []);
    const sectionTable =
      sectionSize === layout.sectionBytes ? await file.read(sections, sectionSize * sectionCount) : Buffer.alloc(0);
    return new ElfFile(file, layout, segments, sectionTable, namesIndex);
  }

  /** The first segment that programs may write to: of their data. */
  get writable(): Part | undefined {
    return this.#segments.find(({ isWritable }) => isWritable);
  }

  async section(name: string): Promise<Part | undefined> {
    const size = this.#layout.sectionBytes;
    const all = Array.from({ length: Math.floor(this.#sections.length / size) }, (_, index) =>
      this.#layout.section(this.#sections.subarray(index * size, (index + 1) * size)),
    );
    const names = all[this.#namesIndex];
    if (!names) {
      return undefined;
    }
    const text = await this.file.read(names.offset, Math.min(names.bytes, maxSearchedBytes));
    return all.find(({ nameOffset }) => {
      const end = nameOffset + name.length;
      return text.subarray(nameOffset, end).toString('latin1') === name && text[end] === 0;
    });
  }

  /** Bytes at an address of the running program. Undefined if the file does not have all of them. */
  async readAddress(address: number, length: number): Promise<Buffer | undefined> {
    const segment = this.#segments.find((part) => address >= part.address && address < part.address + part.bytes);
    if (!segment || address - segment.address + length > segment.bytes) {
      return undefined;
    }
    const bytes = await this.file.read(segment.offset + address - segment.address, length);
    return bytes.length === length ? bytes : undefined;
  }
}

const loadable = 1;
const writableFlag = 2;

/** Where the fields are, which depends on the class of the file. */
class ElfLayout {
  readonly #is64: boolean;
  readonly #isLittle: boolean;

  constructor(is64: boolean, isLittle: boolean) {
    this.#is64 = is64;
    this.#isLittle = isLittle;
  }

  get programBytes(): number {
    return this.#is64 ? 56 : 32;
  }

  get sectionBytes(): number {
    return this.#is64 ? 64 : 40;
  }

  /** The field at the offset that it has in files of 32 bit or of 64 bit. */
  #word(bytes: Buffer, offset32: number, offset64: number): number {
    return readNumber(bytes, this.#is64 ? offset64 : offset32, this.#is64 ? 8 : 4, this.#isLittle);
  }

  #number(bytes: Buffer, offset: number, size: 2 | 4): number {
    return readNumber(bytes, offset, size, this.#isLittle);
  }

  header(bytes: Buffer) {
    const counts = this.#is64 ? 54 : 42;
    return {
      programs: this.#word(bytes, 28, 32),
      sections: this.#word(bytes, 32, 40),
      programSize: this.#number(bytes, counts, 2),
      programCount: this.#number(bytes, counts + 2, 2),
      sectionSize: this.#number(bytes, counts + 4, 2),
      sectionCount: this.#number(bytes, counts + 6, 2),
      namesIndex: this.#number(bytes, counts + 8, 2),
    };
  }

  segment(bytes: Buffer): (Part & { readonly isWritable: boolean }) | undefined {
    const flags = this.#number(bytes, this.#is64 ? 4 : 24, 4);
    return this.#number(bytes, 0, 4) === loadable
      ? {
          offset: this.#word(bytes, 4, 8),
          address: this.#word(bytes, 8, 16),
          bytes: this.#word(bytes, 16, 32),
          isWritable: (flags & writableFlag) !== 0,
        }
      : undefined;
  }

  section(bytes: Buffer): Part & { readonly nameOffset: number } {
    return {
      nameOffset: this.#number(bytes, 0, 4),
      address: this.#word(bytes, 12, 16),
      offset: this.#word(bytes, 16, 24),
      bytes: this.#word(bytes, 20, 32),
    };
  }
}
