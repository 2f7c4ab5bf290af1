import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** Random numbers from 0 to 1 that follow from a seed. Source: mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A layer of about so many bytes that no compression makes smaller. The same text gives the same bytes. */
export function seededBytes(text: string, size: number): Buffer {
  const parts: Buffer[] = [];
  for (let count = 0; count * 32 < size; count += 1) {
    parts.push(createHash('sha256').update(`${text} ${count}`).digest());
  }
  return gzipSync(Buffer.concat(parts), { level: 1 });
}
