import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { diskFailure } from '../system/file-errors.ts';
import { BlobWriter } from './blob-writer.ts';
import { digestOf } from './digest.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blob-writer-'));
});

afterEach(() => rm(folder, { recursive: true }));

function createWriter(name = 'part', maxBytes = 1_000_000): BlobWriter {
  return new BlobWriter({ stagingPath: join(folder, name), pathOf: (digest) => join(folder, digest), maxBytes });
}

const content = Buffer.from('the content');

describe('a blob writer', () => {
  test('names the blob by its digest only when it is complete', async () => {
    const blob = createWriter();
    await blob.write(content.subarray(0, 5));
    await blob.write(content.subarray(5));
    expect(await readdir(folder)).not.toContain(digestOf(content));
    await blob.finish(digestOf(content));
    expect(await readdir(folder)).toEqual([digestOf(content)]);
    expect(await readFile(join(folder, digestOf(content)))).toEqual(content);
  });

  test('rejects bytes with another digest and removes them', async () => {
    const blob = createWriter();
    await blob.write(Buffer.from('something else'));
    await expect(blob.finish(digestOf(content))).rejects.toMatchObject({ problem: { code: 'image.corrupt' } });
    expect(await readdir(folder)).toEqual([]);
  });

  test('stops at its size limit and removes the bytes', async () => {
    const blob = createWriter('part', 5);
    await expect(blob.write(content)).rejects.toMatchObject({ problem: { code: 'image.too-large' } });
    expect(await readdir(folder)).toEqual([]);
  });

  test('removes the bytes when it is aborted', async () => {
    const blob = createWriter();
    await blob.write(Buffer.alloc(500_000));
    await blob.abort();
    expect(await readdir(folder)).toEqual([]);
  });

  test('keeps one file when several writers write the same blob at the same time', async () => {
    const writers = ['a', 'b', 'c'].map((name) => createWriter(name));
    await Promise.all(writers.map((blob) => blob.write(content)));
    await Promise.all(writers.map((blob) => blob.finish(digestOf(content))));
    expect(await readdir(folder)).toEqual([digestOf(content)]);
  });

  test('writes an empty blob', async () => {
    await createWriter().finish(digestOf(Buffer.alloc(0)));
    expect(await readdir(folder)).toEqual([digestOf(Buffer.alloc(0))]);
  });
});

test.runIf(process.platform === 'linux')('a full disk is reported as disk.full', async () => {
  const full = await open('/dev/full', 'w');
  const error = await full.write('x').catch((thrown: unknown) => thrown);
  await full.close();
  expect(diskFailure(error, '/data/images/index.json')).toMatchObject({
    problem: { code: 'disk.full', message: 'There is no space left on the disk of /data/images.' },
  });
});
