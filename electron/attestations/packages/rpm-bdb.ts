/** The headers of packages in rpm's older database `Packages`, a hash of Berkeley DB. Source: Berkeley DB's dbinc/db_page.h. */

const hashMagic = 0x061561;
const headerBytes = 26;
/** Types of pages, and of what is on them. */
const hashPages = [2, 13];
const overflowPage = 7;
const inlineItem = 1;
const overflowItem = 3;

/** @throws Error if it is not such a database, or is damaged */
export function* readBerkeleyDb(file: Buffer): Generator<Buffer> {
  const isLittle = file.length >= 512 && file.readUInt32LE(12) === hashMagic;
  if (!isLittle && !(file.length >= 512 && file.readUInt32BE(12) === hashMagic)) {
    throw new Error('it is not a Berkeley DB of rpm');
  }
  const word = (bytes: Buffer, at: number): number => (isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const half = (bytes: Buffer, at: number): number => (isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const pageBytes = word(file, 20);
  if (pageBytes < 512 || pageBytes > 65_536) {
    throw damaged();
  }
  // each page is read once, so that no chain of them has no end
  const visited = new Set<number>();
  const pageAt = (number: number): Buffer => {
    const page = file.subarray(number * pageBytes, (number + 1) * pageBytes);
    if (page.length < pageBytes || visited.has(number)) {
      throw damaged();
    }
    visited.add(number);
    return page;
  };
  const chain = (first: number, length: number): Buffer => {
    const parts: Buffer[] = [];
    let rest = length;
    for (let next = first; rest > 0; ) {
      const page = pageAt(next);
      const part = page.subarray(headerBytes, headerBytes + Math.min(rest, half(page, 22)));
      if (page[25] !== overflowPage || part.length === 0) {
        throw damaged();
      }
      parts.push(part);
      rest -= part.length;
      next = word(page, 16);
    }
    return Buffer.concat(parts);
  };
  for (let number = 1; (number + 1) * pageBytes <= file.length; number += 1) {
    const page = file.subarray(number * pageBytes, (number + 1) * pageBytes);
    const count = hashPages.includes(page[25] ?? 0) ? half(page, 20) : 0;
    if (headerBytes + 2 * count > pageBytes) {
      throw damaged();
    }
    // keys and values in turn, from the end of the page
    let end = pageBytes;
    for (let index = 0; index < count; index += 1) {
      const start = half(page, headerBytes + 2 * index);
      const itemEnd = end;
      if (start >= itemEnd) {
        throw damaged();
      }
      end = start;
      if (index % 2 === 0) {
        continue;
      }
      if (page[start] === inlineItem) {
        yield page.subarray(start + 1, itemEnd);
      } else if (page[start] === overflowItem && start + 12 <= pageBytes && word(page, start + 8) <= file.length) {
        yield chain(word(page, start + 4), word(page, start + 8));
      }
    }
  }
}

function damaged(): Error {
  return new Error('the database is damaged');
}
