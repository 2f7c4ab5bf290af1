import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ContextCompression, compressWhereFaster } from './context-compression.ts';

const mebibyte = 1024 * 1024;
const text = Buffer.alloc(2 * mebibyte, 'All work and no play. ');

afterEach(() => vi.restoreAllMocks());

/** Sends pieces of 2 MiB as they are. @param bytesPerMs how fast the line takes them, once 2 MiB are underway */
function send(compression: ContextCompression, pieces: number, bytesPerMs: number): void {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  for (let piece = 0; piece < pieces; piece++) {
    for (const part of compression.measure([text.subarray(0, mebibyte), text.subarray(mebibyte)], text.length)) {
      now += piece === 0 ? 0 : part.length / bytesPerMs;
    }
  }
  vi.restoreAllMocks();
}

describe('the compression of a context', () => {
  it('begins when the line was found to be slower than it', async () => {
    const compression = new ContextCompression(50);
    expect(compression.maxPieceBytes(4 * mebibyte)).toBe(2 * mebibyte);
    send(compression, 1, 100);
    expect(await compression.compress([text], text.length)).toBeUndefined();
    send(compression, 2, 100);
    expect(compression.maxPieceBytes(4 * mebibyte)).toBe(4 * mebibyte);
    const compressed = await compression.compress([text.subarray(0, 10), text.subarray(10)], text.length);
    expect(compressed && gunzipSync(compressed).equals(text)).toBe(true);
  });

  it.each([
    ['on a line that is faster', 50, 1_000_000],
    ['on a short line', 0.4, 100],
    ['on a line of unknown length', undefined, 100],
  ])('does not begin %s', async (_, roundTripMs, bytesPerMs) => {
    const compression = new ContextCompression(roundTripMs);
    send(compression, 4, bytesPerMs);
    expect(await compression.compress([text], text.length)).toBeUndefined();
  });

  it('leaves content as it is that does not become smaller, and tries again later', async () => {
    const compression = new ContextCompression(50);
    send(compression, 4, 100);
    const random = randomBytes(mebibyte);
    expect(await compression.compress([random], random.length)).toBeUndefined();
    for (let piece = 0; piece < 3; piece++) {
      expect(await compression.compress([text], text.length)).toBeUndefined();
    }
    expect(await compression.compress([text], text.length)).toBeDefined();
  });

  it('ends when it is slower than the line', async () => {
    const compression = new ContextCompression(50);
    send(compression, 4, 100);
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 1_000_000));
    expect(await compression.compress([text], text.length)).toBeDefined();
    vi.restoreAllMocks();
    expect(await compression.compress([text], text.length)).toBeUndefined();
  });
});

describe('a context that is sent as a whole', () => {
  const content = Buffer.concat(Array.from({ length: 10 }, () => text));

  /** @param bytesPerMs how fast the line is */
  async function sent(roundTripMs: number, bytesPerMs: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    const pieces = Array.from({ length: 200 }, (_, n) =>
      content.subarray((n * content.length) / 200, ((n + 1) * content.length) / 200),
    );
    for await (const part of compressWhereFaster(Readable.from(pieces), roundTripMs)) {
      parts.push(part);
      await setTimeout(part.length / bytesPerMs);
    }
    return Buffer.concat(parts);
  }

  it('is compressed on a slow line', async () => {
    const bytes = await sent(50, 5_000);
    expect(gunzipSync(bytes).equals(content)).toBe(true);
    expect(bytes.length).toBeLessThan(content.length / 2);
  });

  it('is not made smaller on a fast line, and stays as it is on a short one', async () => {
    const bytes = await sent(50, 1_000_000);
    expect(gunzipSync(bytes).equals(content)).toBe(true);
    expect(bytes.length).toBeGreaterThan(content.length);
    expect((await sent(0.5, 1_000_000)).equals(content)).toBe(true);
  });
});
