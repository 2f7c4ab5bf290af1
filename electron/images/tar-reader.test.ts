import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decompress } from './decompress.ts';
import { readTar, type TarEntry } from './tar-reader.ts';
import { tarHeader } from './testing/tar-header.ts';
import { decompressZstd } from './zstd.ts';

let folder: string;
const long = `${'a'.repeat(90)}/${'b'.repeat(120)}/${'c'.repeat(80)}`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tar-reader-'));
  const files = join(folder, 'files');
  mkdirSync(join(files, long), { recursive: true });
  writeFileSync(join(files, long, 'deep'), 'deep');
  writeFileSync(join(files, 'größe'), 'x'.repeat(1234), { mode: 0o640 });
  symlinkSync('größe', join(files, 'link'));
  spawnSync('ln', [join(files, 'größe'), join(files, 'hard')]);
  writeFileSync(join(files, 'holes'), '');
  truncateSync(join(files, 'holes'), 3_000_000);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) {
    yield bytes.subarray(start, start + size);
  }
}

async function entriesOf(bytes: Buffer, size = 700): Promise<(Omit<TarEntry, 'content'> & { text: string })[]> {
  const found = [];
  for await (const { content, ...entry } of readTar(pieces(bytes, size))) {
    const chunks = [];
    for await (const chunk of content()) {
      chunks.push(chunk);
    }
    found.push({ ...entry, text: Buffer.concat(chunks).toString('utf8').slice(0, 40) });
  }
  return found;
}

describe('archives of GNU tar', () => {
  test.each(['gnu', 'pax', 'ustar'])('in the format %s are read, in pieces of any size', async (format) => {
    const names = format === 'ustar' ? ['größe', 'hard', 'link'] : ['.'];
    const { stdout } = spawnSync(
      'tar',
      [`--format=${format}`, ...(format === 'ustar' ? [] : ['--sparse']), '-C', join(folder, 'files'), '-c', ...names],
      {
        maxBuffer: 1e9,
      },
    );
    for (const size of [1, 511, 100_000]) {
      const entries = await entriesOf(stdout, size);
      const find = (end: string) => entries.find(({ name }) => name.endsWith(end));
      const [first, second] = [find('größe'), find('hard')].sort((one) => (one?.type === 'file' ? -1 : 1));
      expect(first).toMatchObject({ type: 'file', size: 1234, mode: 0o640, text: 'x'.repeat(40) });
      expect(second).toMatchObject({ type: 'link', size: 0, linkname: expect.stringMatching(/größe$|hard$/) });
      expect(find('link')).toMatchObject({ type: 'symlink', linkname: 'größe' });
      if (format !== 'ustar') {
        expect(find(`${long}/deep`)).toMatchObject({ text: 'deep' });
        expect(find('holes')).toMatchObject({ sparseSize: 3_000_000 });
      }
    }
  });
});

describe('hostile archives', () => {
  test.each([
    [
      'with a size that no file has',
      [tarHeader('x', Buffer.from([0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))],
    ],
    ['that end in the middle of a file', [tarHeader('x', 8 ** 10)]],
    ['with a description that would fill the memory', [tarHeader('x', 1024 ** 3, 'x'), Buffer.alloc(4096)]],
    ['with a name that would fill the memory', [tarHeader('x', 1024 ** 3, 'L'), Buffer.alloc(4096)]],
    [
      'with a description that says it is longer than it is',
      [tarHeader('x', 20, 'x'), Buffer.from('99999 path=x\n'.padEnd(512, '\0'))],
    ],
    ['with a damaged header', [Buffer.alloc(512, 7)]],
    ['that end in the middle of a header', [tarHeader('x', 0).subarray(0, 300)]],
  ])('%s are refused', async (_, blocks) => {
    await expect(entriesOf(Buffer.concat(blocks))).rejects.toThrow();
  });

  test('links and folders have no content, whatever they say, so that it cannot hide entries', async () => {
    const entries = await entriesOf(
      Buffer.concat([tarHeader('l', 512, '2', 'target'), tarHeader('hidden', 0), Buffer.alloc(1024)]),
    );
    expect(entries.map(({ name }) => name)).toEqual(['l', 'hidden']);
  });
});

describe('compressed bytes', () => {
  const content = Buffer.concat([randomBytes(300_000), Buffer.alloc(900_000, 'repeated '), randomBytes(50_000)]);
  const zstd = (...args: string[]): Buffer =>
    spawnSync('zstd', ['-q', '-c', ...args], { input: content, maxBuffer: 1e9 }).stdout;
  async function read(source: AsyncIterable<Buffer>): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of source) {
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  test('are recognised by themselves: gzip, zstd, several members and frames, and none', async () => {
    const both = Buffer.concat([content, content]);
    for (const [bytes, expected] of [
      [content, content],
      [gzipSync(content), content],
      [Buffer.concat([gzipSync(content), gzipSync(content)]), both],
      [zstd(), content],
      [zstd('-19', '--check'), content],
      [Buffer.concat([zstd('-1'), zstd('-5', '--no-check')]), both],
    ] as const) {
      expect((await read(decompress(pieces(bytes, 50_000)))).equals(expected)).toBe(true);
      expect((await read(decompress(pieces(bytes, 1_000_003)))).equals(expected)).toBe(true);
    }
  });

  test('zstd without native code refuses what would fill the memory, and what is cut off', async () => {
    expect((await read(decompressZstd(pieces(zstd(), 7_001)))).equals(content)).toBe(true);
    // a frame whose window is 2 GiB
    const huge = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    await expect(read(decompressZstd(pieces(huge, 4)))).rejects.toThrow(/memory/);
    await expect(read(decompressZstd(pieces(zstd().subarray(0, 200_000), 4_096)))).rejects.toThrow();
    await expect(read(decompress(pieces(gzipSync(content).subarray(0, 200_000), 4_096)))).rejects.toThrow();
  });
});
