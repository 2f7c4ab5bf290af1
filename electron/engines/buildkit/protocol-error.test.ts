import { expect, test } from 'vitest';
import { type FrameFinder, goAwayFinder, longFrameFinder } from './protocol-error.ts';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

function frame(type: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  return Buffer.concat([header, payload]);
}

function goAway(error: number): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(error, 4);
  return frame(7, payload);
}

/** The type of GOAWAY where a header might be. */
const data = frame(0, Buffer.alloc(20_000, 7));
const settings = frame(4, Buffer.alloc(0));

/** Where the match was seen, in bytes from the start. 0 if nothing matches. */
function findIn(finder: FrameFinder, bytes: Buffer, size: number): number {
  for (let start = 0; start < bytes.length; start += size) {
    if (finder.find(bytes.subarray(start, start + size))) {
      return Math.min(start + size, bytes.length);
    }
  }
  return 0;
}

const sizes = [1, 2, 9, 17, 1000];

test.each(sizes)('a GOAWAY frame with an error is found in pieces of %i bytes', (size) => {
  const before = Buffer.concat([preface, settings, data, goAway(0), data, goAway(6)]);
  const found = findIn(goAwayFinder(), Buffer.concat([before, data]), size);
  expect(found).toBeGreaterThanOrEqual(before.length);
  expect(found).toBeLessThan(before.length + size);
  expect(findIn(goAwayFinder(), Buffer.concat([preface, settings, data, goAway(0), data]), size)).toBe(0);
});

test.each(sizes)('a frame that is too long is found in pieces of %i bytes', (size) => {
  const longest = frame(0, Buffer.alloc(16_384, 0xff));
  const before = Buffer.concat([settings, longest, goAway(0), longest]);
  expect(findIn(longFrameFinder(), before, size)).toBe(0);
  const found = findIn(longFrameFinder(), Buffer.concat([before, frame(0, Buffer.alloc(16_385))]), size);
  expect(found).toBeGreaterThanOrEqual(before.length + 9);
  expect(found).toBeLessThan(before.length + 9 + size);
});
