import type { Package } from '../../../shared/packages.ts';
import { fieldText, withoutMissing } from './package.ts';
import { readBerkeleyDb } from './rpm-bdb.ts';
import { readNdb } from './rpm-ndb.ts';
import { readTable } from './sqlite-table.ts';

/** Tags of the header of a package. Source: rpm's include/rpm/rpmtag.h. */
const tags = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  vendor: 1011,
  license: 1014,
  url: 1020,
  arch: 1022,
  sourceRpm: 1044,
};
const types = { int32: 4, string: 6, stringArray: 8, translated: 9 };
const entryBytes = 16;
const wantedTags: ReadonlySet<number> = new Set(Object.values(tags));
const maxEntries = 100_000;
/** Of a text, which nothing but a zero byte ends. */
const maxTextBytes = 8192;
/** Keys of signatures are in the database, too. */
const keyPackage = 'gpg-pubkey';

/** How the files of databases are read, by their names. */
const readers: Readonly<Record<string, (file: Buffer) => Iterable<Buffer>>> = {
  'rpmdb.sqlite': readSqlite,
  'Packages.db': readNdb,
  Packages: readBerkeleyDb,
};

/**
 * The packages of a database of rpm.
 * @param name of its file, which says its format
 * @throws Error if it is not such a database
 */
export function readRpmDatabase(database: Buffer, name = 'rpmdb.sqlite'): Package[] {
  const packages: Package[] = [];
  for (const header of readers[name]?.(database) ?? []) {
    packages.push(...parseRpmHeader(header));
    if (packages.length > maxEntries) {
      throw new Error(`it names more than ${maxEntries} packages`);
    }
  }
  return packages;
}

function* readSqlite(file: Buffer): Generator<Buffer> {
  for (const row of readTable(file, 'Packages')) {
    yield* row.filter((value) => Buffer.isBuffer(value));
  }
}

/**
 * The package of a header as a database keeps it: the number of entries and the bytes of their data, the entries (tag, type, offset,
 * count), then the data.
 */
export function parseRpmHeader(header: Buffer): Package[] {
  if (header.length < 8) {
    return [];
  }
  const count = Math.min(header.readUInt32BE(0), maxEntries);
  const data = header.subarray(8 + count * entryBytes);
  const fields = new Map<number, string | number>();
  for (let index = 0; index < count; index += 1) {
    const start = 8 + index * entryBytes;
    if (start + entryBytes > header.length) {
      break;
    }
    const [tag, type, offset] = [
      header.readUInt32BE(start),
      header.readUInt32BE(start + 4),
      header.readUInt32BE(start + 8),
    ];
    if (!wantedTags.has(tag) || fields.has(tag)) {
      continue;
    }
    if (type === types.int32 && offset + 4 <= data.length) {
      fields.set(tag, data.readUInt32BE(offset));
    } else if (type === types.string || type === types.stringArray || type === types.translated) {
      const text = data.subarray(offset, offset + maxTextBytes);
      const end = text.indexOf(0);
      fields.set(tag, text.toString('utf8', 0, end < 0 ? undefined : end));
    }
  }
  const text = (tag: number, maxLength?: number): string | undefined => fieldText(fields.get(tag), maxLength);
  const name = text(tags.name);
  if (name === undefined || name === keyPackage) {
    return [];
  }
  const epoch = fields.get(tags.epoch);
  const release = text(tags.release);
  const version = text(tags.version);
  return [
    withoutMissing({
      kind: 'rpm' as const,
      name,
      version:
        version === undefined
          ? undefined
          : `${epoch === undefined ? '' : `${epoch}:`}${version}${release === undefined ? '' : `-${release}`}`,
      architecture: text(tags.arch),
      licence: text(tags.license, 1000),
      source: sourceOf(text(tags.sourceRpm)),
      supplier: text(tags.vendor),
      homepage: text(tags.url),
    }),
  ];
}

/** From the name of the file of the source package, `NAME-VERSION-RELEASE.src.rpm`. */
function sourceOf(file: string | undefined): Package['source'] {
  const [, name, version] = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/.exec(file ?? '') ?? [];
  return name === undefined ? undefined : withoutMissing({ name, version });
}
