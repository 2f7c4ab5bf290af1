import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from './digest.ts';
import { ImageFileReader } from './image-files.ts';
import { ImageStore } from './image-store.ts';
import { LayerFileIndex } from './layer-files.ts';
import { addSampleImage, platform, sampleImage } from './testing/sample-image.ts';
import { tarHeader } from './testing/tar-header.ts';

let home: string;
let store: ImageStore;
let reader: ImageFileReader;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'image-files-'));
  store = await ImageStore.open(join(home, 'images'));
  reader = new ImageFileReader(store);
});
afterEach(async () => {
  await store.close();
  await rm(home, { recursive: true });
});

type Entry = readonly [header: string | (Partial<Header> & { readonly name: string }), content?: string | Buffer];

async function layer(...entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const [header, content] of entries) {
    archive.entry(typeof header === 'string' ? { name: header } : header, content ?? '');
  }
  archive.finalize();
  return gzipSync(Buffer.concat(await Readable.from(archive).toArray()));
}

async function commit(layers: readonly Buffer[], reference = 'api:1') {
  const lease = await store.createLease('test');
  await store.commit(reference, [await addSampleImage(store, lease, sampleImage('linux/amd64', { layers }))]);
  await lease.release();
}

const all = { reference: 'api:1', recursive: true, filter: '', from: 0, count: 10_000, path: '/' };
const paths = async (wanted: object = {}) => (await reader.list({ ...all, ...wanted })).files.map(({ path }) => path);

describe('the files of an image', () => {
  test('are those of its layers, applied one over the other', async () => {
    await commit([
      await layer(
        [{ name: 'usr/lib/', type: 'directory', mode: 0o755 }],
        [{ name: 'lib', type: 'symlink', linkname: 'usr/lib' }],
        ['etc/gone', 'x'],
        ['etc/changed', 'old'],
        ['var/cache/a', 'a'],
        ['var/cache/b', 'b'],
        ['opt/folder/file', 'x'],
      ),
      await layer(
        ['etc/.wh.gone'],
        ['etc/changed', 'newer'],
        ['var/cache/.wh..wh..opq'],
        ['var/cache/c', 'ccc'],
        // through the link of the layer below
        ['lib/added.so', 'elf'],
        [{ name: 'lib/alias.so', type: 'link', linkname: 'usr/lib/added.so' }],
        [{ name: 'opt/folder', mode: 0o4755 }, 'now a file'],
        ['never/.wh.there'],
      ),
    ]);
    expect(await paths()).toEqual(
      [
        '/etc',
        '/etc/changed',
        '/usr',
        '/usr/lib',
        '/usr/lib/added.so',
        '/usr/lib/alias.so',
        '/var',
        '/var/cache',
        '/var/cache/c',
        '/opt',
        '/opt/folder',
        '/lib',
      ]
        .sort((one, other) => (one < other ? -1 : 1))
        .sort((one, other) => Number(one === '/lib') - Number(other === '/lib')),
    );
    const { files, total } = await reader.list(all);
    const find = (path: string) => files.find((file) => file.path === path);
    expect(find('/etc/changed')).toMatchObject({ size: 5, layer: 2 });
    expect(find('/opt/folder')).toMatchObject({ type: 'file', mode: 0o4755, layer: 2 });
    expect(find('/usr/lib/alias.so')).toMatchObject({ type: 'link', link: '/usr/lib/added.so', size: 3 });
    expect(find('/lib')).toMatchObject({ type: 'symlink', link: 'usr/lib' });
    // a hard link takes no space of its own
    expect(find('/usr/lib')).toMatchObject({ type: 'directory', size: 3 });
    expect(total).toEqual({ files: files.length, bytes: 5 + 3 + 3 + 10 });
  });

  test('can be listed by folder, through links, in pages and by a part of their paths', async () => {
    await commit([
      await layer(
        ...Array.from({ length: 25 }, (_, index): Entry => [`data/file-${String(index).padStart(2, '0')}`, 'x']),
        [{ name: 'link', type: 'symlink', linkname: '/data' }],
        ['other/FILE-07', 'x'],
      ),
    ]);
    const page = await reader.list({ ...all, recursive: false, path: '/link', count: 10 });
    expect(page).toMatchObject({ path: '/data', next: 10 });
    expect(page.files).toHaveLength(10);
    const rest = await reader.list({ ...all, recursive: false, path: '/link', from: 20, count: 10 });
    expect([rest.files.length, rest.next]).toEqual([5, undefined]);
    expect(await paths({ filter: 'file-07', recursive: false })).toEqual(['/data/file-07', '/other/FILE-07']);
    await expect(reader.list({ ...all, path: '/nowhere' })).rejects.toMatchObject({ problem: { code: 'image.path' } });
  });

  test('of one layer are shown with what it removes', async () => {
    await commit([await layer(['etc/gone', 'x']), await layer(['etc/.wh.gone'], ['etc/new', 'x'])]);
    const { files } = await reader.list({ ...all, layer: 2 });
    expect(files.map(({ path, isRemoved }) => [path, isRemoved])).toEqual([
      ['/etc', undefined],
      ['/etc/gone', true],
      ['/etc/new', undefined],
    ]);
    await expect(reader.list({ ...all, layer: 3 })).rejects.toMatchObject({ problem: { fix: /1 to 2/ } });
  });

  test('are written to new files, also through links, with the last content', async () => {
    const content = randomBytes(400_000);
    await commit([
      await layer(['bin/tool', 'first'], [{ name: 'bin/tool', mode: 0o755 }, content]),
      await layer(
        [{ name: 'tool', type: 'symlink', linkname: 'bin/alias' }],
        [{ name: 'bin/alias', type: 'link', linkname: 'bin/tool' }],
      ),
    ]);
    const path = join(home, 'saved');
    expect(await reader.save({ reference: 'api:1', path: '/tool' }, path)).toEqual({ path, bytes: content.length });
    expect((await readFile(path)).equals(content)).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    await expect(reader.save({ reference: 'api:1', path: '/tool' }, path)).rejects.toMatchObject({
      problem: { code: 'image.destination' },
    });
    await expect(reader.save({ reference: 'api:1', path: '/bin' }, join(home, 'x'))).rejects.toMatchObject({
      problem: { code: 'image.path' },
    });
    await expect(reader.save({ reference: 'api:1', path: '/tool' }, 'relative')).rejects.toMatchObject({
      problem: { code: 'image.destination' },
    });
    expect((await readdir(home)).filter((name) => name.includes('part'))).toEqual([]);
  });

  test('are known after they were read once, until the layer is removed', async () => {
    const bytes = await layer(['file', 'x']);
    await commit([bytes]);
    const digest = digestOf(bytes);
    expect(await store.layerFiles.uncompressedBytes(digest)).toBeUndefined();
    await paths();
    expect(await store.layerFiles.uncompressedBytes(digest)).toBe(2048);
    // the layer is not read again
    await writeFile(store.blobs.pathOf(digest), 'damaged');
    expect(await new ImageFileReader(store).list(all)).toMatchObject({ files: [{ path: '/file' }] });
    expect((await stat(store.blobs.filesPathOf(digest))).mode & 0o777).toBe(0o600);
    await store.remove('api:1');
    await expect(stat(store.blobs.filesPathOf(digest))).rejects.toThrow();
  });
});

describe('hostile layers', () => {
  test('lead nowhere, control no terminal, and say what is left out', async () => {
    await commit([
      await layer(
        ['../../etc/passwd', 'x'],
        ['a/../../b', 'x'],
        ['/absolute', 'x'],
        ['colors\u001b[31m\u202e', 'x'],
        ['__proto__/constructor', 'x'],
        [{ name: 'loop', type: 'symlink', linkname: 'loop' }],
        ['loop/inside', 'x'],
      ),
    ]);
    const { files, notes } = await reader.list(all);
    expect(files.map(({ path }) => path)).toEqual([
      '/__proto__',
      '/__proto__/constructor',
      '/loop',
      '/loop/inside',
      '/absolute',
      '/colors\ufffd',
    ]);
    expect(notes).toEqual([expect.stringContaining('2 entries of layer 1 are left out')]);
  });

  test('that are cut off or no archive are shown as far as they can be read', async () => {
    const whole = await layer(['first', 'x'], ['second', randomBytes(200_000)]);
    await commit([whole.subarray(0, 150_000), Buffer.from('no archive')]);
    const { files, notes } = await reader.list(all);
    expect(files.map(({ path }) => path)).toEqual(['/first', '/second']);
    expect(notes).toEqual([
      expect.stringContaining('Layer 1 is damaged'),
      expect.stringContaining('Layer 2 is damaged'),
    ]);
    await expect(reader.save({ reference: 'api:1', path: '/second' }, join(home, 'second'))).rejects.toThrow();
    expect(await readdir(home)).not.toContain('second');
  });

  test('that are bombs are limited', async () => {
    const bytes = await layer(
      ...Array.from({ length: 50 }, (_, index): Entry => [`file-${index}`, Buffer.alloc(10_000)]),
    );
    await commit([bytes]);
    const digest = digestOf(bytes);
    const limits = { maxEntries: 10, maxBytes: 1e9, maxPathBytes: 1e6 };
    expect(await new LayerFileIndex(store.blobs, limits).read(digest)).toMatchObject({ isCut: 'entries' });
    await rm(store.blobs.filesPathOf(digest));
    const small = { ...limits, maxEntries: 1000, maxBytes: 100_000 };
    expect(await new LayerFileIndex(store.blobs, small).read(digest)).toMatchObject({ isCut: 'bytes' });
  });

  test('with 100,000 files leave the event loop free', async () => {
    const headers = Array.from({ length: 100_000 }, (_, index) =>
      tarHeader(`usr/share/folder-${index % 500}/file-${index}`),
    );
    await commit([gzipSync(Buffer.concat(headers), { level: 1 })]);
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
    }, 1);
    const first = await reader.list({ ...all, recursive: false, path: '/usr/share' });
    clearInterval(timer);
    expect(first.files).toHaveLength(500);
    expect(first.total.files).toBe(100_502);
    expect(ticks).toBeGreaterThan(20);
    expect(await paths({ filter: 'file-99999' })).toEqual(['/usr/share/folder-499/file-99999']);
  });
});

test('a platform that the image lacks is named with those that it has', async () => {
  await commit([await layer(['x', 'x'])]);
  await expect(reader.list({ ...all, platform: platform('linux/s390x') })).rejects.toMatchObject({
    problem: { code: 'image.platform', fix: expect.stringContaining('linux/amd64') },
  });
});
