import { expect, test } from 'vitest';
import { GoAwayFinder } from './protocol-error.ts';

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

test.each([1, 2, 9, 17, 1000])('a GOAWAY frame with an error is found in pieces of %i bytes', (size) => {
  const sent = Buffer.concat([preface, settings, data, goAway(0), data, goAway(6), data]);
  const end = sent.length - data.length;
  const finder = new GoAwayFinder();
  let foundAt = 0;
  for (let start = 0; start < sent.length && foundAt === 0; start += size) {
    foundAt = finder.find(sent.subarray(start, start + size)) ? Math.min(start + size, sent.length) : 0;
  }
  expect(foundAt).toBeGreaterThanOrEqual(end);
  expect(foundAt).toBeLessThan(end + size);
});
