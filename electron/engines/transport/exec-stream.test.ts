import { once } from 'node:events';
import { Duplex, PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { ExecStream } from './exec-stream.ts';
import { findHttp2 } from './http2-greeting.ts';

/** Both ends of a connection to an engine: `fromEngine` takes what the engine sends, `toEngine` has what it gets. */
function makeCarrier() {
  const fromEngine = new PassThrough();
  const toEngine = new PassThrough();
  const carrier = Duplex.from({ readable: fromEngine, writable: toEngine });
  return { carrier, fromEngine, toEngine };
}

function frame(stream: number, content: string | Buffer): Buffer {
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  const body = Buffer.from(content);
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}

const never = new AbortController().signal;

test.each([1, 2, 7, 8, 9, 1000])(
  'output arrives whole when it comes in pieces of %d bytes, without standard error',
  async (size) => {
    const { carrier, fromEngine } = makeCarrier();
    let written = '';
    const stream = new ExecStream(carrier, async (said) => {
      written = said;
    });
    const received = text(stream);
    const all = Buffer.concat([frame(1, 'one '), frame(2, 'a warning'), frame(1, ''), frame(1, 'two'.repeat(500))]);
    for (let start = 0; start < all.length; start += size) {
      fromEngine.write(all.subarray(start, start + size));
    }
    fromEngine.end();
    expect(await received).toBe(`one ${'two'.repeat(500)}`);
    expect(written).toBe('a warning');
  },
);

test('input arrives as it was written', async () => {
  const { carrier, toEngine } = makeCarrier();
  const stream = new ExecStream(carrier, async () => undefined);
  stream.end('hello');
  expect(await text(toEngine)).toBe('hello');
});

test('a reader that is slow slows the engine down', async () => {
  const { carrier, fromEngine } = makeCarrier();
  const stream = new ExecStream(carrier, async () => undefined);
  const big = frame(1, Buffer.alloc(4 * 1024 * 1024));
  for (let start = 0; start < big.length; start += 64 * 1024) {
    fromEngine.write(big.subarray(start, start + 64 * 1024));
  }
  await once(stream, 'readable');
  expect(stream.readableLength).toBeLessThan(1024 * 1024);
  fromEngine.end();
  expect((await stream.toArray()).reduce((sum: number, chunk: Buffer) => sum + chunk.length, 0)).toBe(4 * 1024 * 1024);
});

test.each([
  ['no frame', Buffer.from('HTTP/1.1 200 OK\r\n')],
  ['a frame of no known stream', Buffer.from([3, 0, 0, 0, 0, 0, 0, 1, 1])],
  ['a header without zeros', Buffer.from([1, 0, 1, 0, 0, 0, 0, 1, 1])],
])('%s breaks the stream', async (_, bytes) => {
  const { carrier, fromEngine } = makeCarrier();
  const stream = new ExecStream(carrier, async () => undefined);
  fromEngine.write(bytes);
  await expect(text(stream)).rejects.toThrow('something else than the output of a program');
  expect(carrier.destroyed).toBe(true);
});

test('the end of a program that failed is an error with what it wrote, which is kept up to a limit', async () => {
  for (const [number, limit] of [
    [1, 512],
    [2, 4096],
  ] as const) {
    const { carrier, fromEngine } = makeCarrier();
    const stream = new ExecStream(carrier, async (said) => {
      throw new Error(`it wrote ${said.length}`);
    });
    fromEngine.end(frame(number, 'x'.repeat(100_000)));
    await expect(text(stream)).rejects.toThrow(`it wrote ${limit}`);
  }
});

test('the program ends with the stream', async () => {
  const { carrier } = makeCarrier();
  const stream = new ExecStream(carrier, async () => undefined);
  stream.destroy();
  await once(stream, 'close');
  expect(carrier.destroyed).toBe(true);
});

test('a server of HTTP/2 is recognised by its settings, and anything else by what it says', async () => {
  const settings = Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 5, 0, 0, 64, 0]);
  for (const [pieces, expected] of [
    [[settings], undefined],
    [[settings.subarray(0, 3), settings.subarray(3)], undefined],
    [[Buffer.from('OCI runtime exec failed: \x1b[31mno buildctl')], 'OCI runtime exec failed: no buildctl'],
    [[], ''],
  ] as const) {
    const { carrier, fromEngine, toEngine } = makeCarrier();
    const finding = findHttp2(carrier, never);
    expect(String((await once(toEngine, 'data'))[0])).toMatch(/^PRI \* HTTP\/2\.0/);
    for (const piece of pieces) {
      fromEngine.write(piece);
    }
    fromEngine.end();
    expect(await finding).toBe(expected);
    expect(carrier.destroyed).toBe(true);
  }
});
