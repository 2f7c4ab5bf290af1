/** The headers of packages in rpm's database `Packages.db` (ndb). Source: rpm's lib/backend/ndb/rpmpkg.c. */

const headerMagic = 'RpmP';
const slotMagic = 'Slot';
const blobMagic = 'BlbS';
/** The first slots are the header. */
const headerBytes = 32;
const slotBytes = 16;
const blockBytes = 16;
const blobHeadBytes = 16;
const pageBytes = 4096;

/** @throws Error if it is not such a database, or is damaged */
export function* readNdb(file: Buffer): Generator<Buffer> {
  if (file.length < headerBytes || tag(file, 0) !== headerMagic || file.readUInt32LE(4) !== 0) {
    throw new Error('it is not a database of rpm in the format ndb');
  }
  const slotsEnd = file.readUInt32LE(12) * pageBytes;
  if (slotsEnd > file.length) {
    throw new Error('the database is damaged');
  }
  // slots that share blocks would name a package without end
  let readBytes = 0;
  for (let slot = headerBytes; slot + slotBytes <= slotsEnd; slot += slotBytes) {
    const start = file.readUInt32LE(slot + 8) * blockBytes;
    if (tag(file, slot) !== slotMagic || start === 0) {
      continue;
    }
    const length = start + blobHeadBytes <= file.length ? file.readUInt32LE(start + 12) : 0;
    const data = start + blobHeadBytes;
    readBytes += length;
    if (tag(file, start) !== blobMagic || data + length > file.length || readBytes > file.length) {
      throw new Error('the database is damaged');
    }
    yield file.subarray(data, data + length);
  }
}

function tag(file: Buffer, offset: number): string {
  return file.toString('latin1', offset, offset + 4);
}
