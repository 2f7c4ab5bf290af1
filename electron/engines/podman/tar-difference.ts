import type { TarLayout } from '../../context/context-source.ts';
import { type StoredLayout, shortDigest } from '../../context/tar-layouts.ts';

/** A part of a new tar: where it is in the old tar, or in the new one if the old tar does not have it. In bytes. */
export interface TarPart {
  readonly from: 'old' | 'new';
  readonly start: number;
  readonly length: number;
}

/** How a new tar is made of an old one. */
export interface TarDifference {
  /** In the order of the new tar. Together they are all of it. */
  readonly parts: readonly TarPart[];
  /** How many bytes of the new tar come from the old one. */
  readonly reusedBytes: number;
}

/** Copying a part starts programs on the node, which takes as long as sending about so many bytes. */
const minReusedBytes = 8 * 1024;
/** More parts than this are not worth their programs. */
const maxParts = 2000;

/** Finds the parts of a tar that an old tar has. Parts that are too short, or too many, are taken from the new tar. */
export function compareTars(old: StoredLayout, now: TarLayout): TarDifference {
  const parts = findParts(old, now);
  for (let minBytes = minReusedBytes; ; minBytes *= 4) {
    const kept = join(parts.map((part) => (part.length < minBytes ? { ...part, from: 'new' } : part)));
    if (kept.length <= maxParts) {
      const located = locate(kept);
      return { parts: located, reusedBytes: sum(located.filter(({ from }) => from === 'old')) };
    }
  }
}

/** A part with its offsets in both tars. */
interface FoundPart {
  readonly from: 'old' | 'new';
  readonly oldStart: number;
  readonly newStart: number;
  readonly length: number;
}

function findParts(old: StoredLayout, now: TarLayout): FoundPart[] {
  const offsets: number[] = [];
  /** The first entry with a digest. */
  const byDigest = new Map<string, number>();
  let offset = 0;
  old.forEach(({ length, digest }, index) => {
    offsets.push(offset);
    offset += length;
    if (!byDigest.has(digest)) {
      byDigest.set(digest, index);
    }
  });
  const found: FoundPart[] = [];
  // the entry after the last one that was found: most follow each other as before
  let next = 0;
  let end = 0;
  for (const { offset: newStart, length, digest: wholeDigest } of now.entries) {
    const digest = shortDigest(wholeDigest);
    const index = old[next]?.digest === digest ? next : byDigest.get(digest);
    const isSame = index !== undefined && old[index]?.length === length;
    found.push({ from: isSame ? 'old' : 'new', oldStart: isSame ? (offsets[index] ?? 0) : 0, newStart, length });
    next = isSame ? index + 1 : next;
    end = newStart + length;
  }
  if (end < now.bytes) {
    found.push({ from: 'new', oldStart: 0, newStart: end, length: now.bytes - end });
  }
  return join(found);
}

/** Joins parts that follow each other in the tar that they come from. */
function join(parts: readonly FoundPart[]): FoundPart[] {
  const joined: FoundPart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last?.from === part.from && (part.from === 'new' || last.oldStart + last.length === part.oldStart)) {
      joined[joined.length - 1] = { ...last, length: last.length + part.length };
    } else {
      joined.push(part);
    }
  }
  return joined;
}

function locate(parts: readonly FoundPart[]): TarPart[] {
  return parts.map(({ from, oldStart, newStart, length }) => ({
    from,
    start: from === 'old' ? oldStart : newStart,
    length,
  }));
}

function sum(parts: readonly TarPart[]): number {
  return parts.reduce((bytes, { length }) => bytes + length, 0);
}
