import type { Package } from '../../../shared/packages.ts';
import { fieldText, withoutMissing } from './package.ts';

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
const maxEntries = 100_000;
/** Keys of signatures are in the database, too. */
const keyPackage = 'gpg-pubkey';

/** The packages of a database of rpm, `rpmdb.sqlite`. @throws Error if it is no such database */
export async function readRpmDatabase(database: Buffer): Promise<Package[]> {
  const { default: open } = await import('sql.js/dist/sql-wasm-inline.js');
  const { Database } = await open();
  // rpm keeps changes in a file of their own (WAL). Without that file, the database can only be opened as one that has none
  const copy = new Uint8Array(database);
  copy.fill(1, 18, 20);
  const opened = new Database(copy);
  try {
    const statement = opened.prepare('SELECT blob FROM Packages');
    const packages: Package[] = [];
    while (statement.step()) {
      const [blob] = statement.get();
      packages.push(...(blob instanceof Uint8Array ? parseRpmHeader(Buffer.from(blob)) : []));
    }
    statement.free();
    return packages;
  } finally {
    opened.close();
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
    if (type === types.int32 && offset + 4 <= data.length) {
      fields.set(tag, data.readUInt32BE(offset));
    } else if (type === types.string || type === types.stringArray || type === types.translated) {
      const end = data.indexOf(0, offset);
      fields.set(tag, data.subarray(offset, end < 0 ? undefined : end).toString('utf8'));
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
