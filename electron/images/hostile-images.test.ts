/** What others may put into archives, layouts and layers, and what is made of it when it is loaded, shown, listed and exported. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { outputOf } from '../../shared/output.ts';
import { digestOf } from './digest.ts';
import { exportList } from './export-list.ts';
import { describeImages } from './image-details.ts';
import { ImageFileReader } from './image-files.ts';
import { ImageStore } from './image-store.ts';
import { layoutMarker } from './layout-index.ts';
import { hasImages, loadImages } from './load-images.ts';
import { mediaTypes } from './manifest.ts';
import { type SampleImage, sampleImage } from './testing/sample-image.ts';
import { tarHeader } from './testing/tar-header.ts';
import { decompressZstd } from './zstd.ts';

let home: string;
let store: ImageStore;
const { signal } = new AbortController();

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'hostile-'));
  store = await ImageStore.open(join(home, 'images'));
});
afterEach(async () => {
  await store.close();
  await rm(home, { recursive: true });
});

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
const entry = (name: string, content: Buffer | string = '', flag = '0', link = ''): Buffer =>
  Buffer.concat([tarHeader(name, Buffer.byteLength(content), flag, link), padded(Buffer.from(content))]);
const tar = (...entries: readonly Buffer[]): Buffer => Buffer.concat([...entries, Buffer.alloc(1024)]);
/** A header of pax before an entry. Each record names its own length. */
function pax(records: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    const length = rest + String(rest + String(rest).length).length;
    return `${length} ${key}=${value}\n`;
  });
  return entry('pax', lines.join(''), 'x');
}
const blobName = (bytes: Buffer): string => `blobs/sha256/${digestOf(bytes).slice('sha256:'.length)}`;
const descriptor = (bytes: Buffer, mediaType: string, more: object = {}) => ({
  ...{ mediaType, digest: digestOf(bytes), size: bytes.length },
  ...more,
});
const named = (name: string) => ({ annotations: { 'org.opencontainers.image.ref.name': name } });

function archiveOf(blobs: readonly Buffer[], manifests: readonly object[]): Buffer {
  return tar(
    entry('oci-layout', layoutMarker),
    entry('index.json', JSON.stringify({ schemaVersion: 2, manifests })),
    ...blobs.map((bytes) => entry(blobName(bytes), bytes)),
  );
}

const partsOf = ({ config, layers, manifest }: SampleImage): Buffer[] => [config, ...layers, manifest];

async function load(archive: Buffer): Promise<void> {
  await writeFile(join(home, 'image.tar'), archive);
  await loadImages(store, join(home, 'image.tar'), { signal });
}

/** Loads an image with such layers, compressed or not, as `bad:1`. */
async function loadLayers(...layers: readonly Buffer[]): Promise<void> {
  const image = sampleImage('linux/amd64', { layers: layers.map((layer) => gzipSync(layer)) });
  await load(archiveOf(partsOf(image), [descriptor(image.manifest, image.mediaType, named('bad:1'))]));
}

const files = async (): Promise<string[]> => {
  const all = { reference: 'bad:1', recursive: true, filter: '', from: 0, count: 10_000, path: '/' };
  return (await new ImageFileReader(store).list(all)).files.map(({ path }) => path);
};
const exportRoot = (): Promise<unknown> =>
  exportList(store, 'bad:1', outputOf(`rootfs:${join(home, 'root')}`), { signal });
const problem = (code: string | RegExp) =>
  expect.objectContaining({ problem: expect.objectContaining({ code: expect.stringMatching(code) }) });

describe('layers that lead out of the folder that is written', () => {
  test('by their names, links, hard links and links of links', async () => {
    const outside = join(home, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'secret'), 'secret');
    await loadLayers(
      tar(
        entry('../../outside/by-name', 'x'),
        entry(`${outside}/absolute`, 'x'),
        entry('link', '', '2', outside),
        entry('link/through-link', 'x'),
        entry('up', '', '2', '../../../../../../../..'),
        entry(`up${outside}/through-parent`, 'x'),
        entry('a', '', '2', 'b'),
        entry('b', '', '2', 'a'),
        entry('a/in-a-cycle', 'x'),
      ),
      tar(entry('link/second-layer', 'x'), entry('link', 'a file now'), entry('link2', '', '2', 'link/second-layer')),
    );
    await exportRoot();
    expect(await readdir(outside)).toEqual(['secret']);
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret');
    expect(await readFile(join(home, 'root', 'link'), 'utf8')).toBe('a file now');
    // a path that leads up is left out of lists, and said to be
    expect(await files()).not.toContain('/outside/by-name');
  });

  test('a hard link to what is not in the image is refused', async () => {
    for (const target of ['../../../../etc/passwd', '/etc/passwd', 'folder']) {
      await loadLayers(tar(entry('folder/', '', '5'), entry('hard', '', '1', target)));
      await expect(exportRoot()).rejects.toEqual(problem('^image.corrupt$'));
      expect((await readdir(home)).filter((name) => name.startsWith('root'))).toEqual([]);
    }
  });

  test('devices, pipes and what no system knows are not made', async () => {
    await loadLayers(
      tar(entry('dev/sda', '', '4'), entry('dev/null', '', '3'), entry('pipe', '', '6'), entry('odd', 'x', 'Z')),
    );
    await exportRoot();
    expect(await readdir(join(home, 'root', 'dev'))).toEqual([]);
    expect(await readdir(join(home, 'root'))).toEqual(['dev']);
  });

  test('a whiteout removes neither the folder that it is in nor one above', async () => {
    await loadLayers(
      tar(entry('a/b/c', 'x'), entry('a/b/d', 'x')),
      tar(
        entry('a/b/.wh.', ''),
        entry('a/b/.wh..', ''),
        entry('a/b/.wh...', ''),
        entry('a/b/.wh.d', ''),
        entry('.wh...'),
      ),
    );
    expect(await files()).toEqual(['/a', '/a/b', '/a/b/c']);
    await exportRoot();
    expect(await readdir(join(home, 'root', 'a', 'b'))).toEqual(['c']);
  });
});

describe('layers that readers do not agree about', () => {
  test.each([
    ['a size that is no number', pax({ size: '0x10' })],
    ['a size that is negative', pax({ size: '-1' })],
    ['a size that no file has', pax({ size: '99999999999999999999' })],
    ['a name with a null character', pax({ path: 'etc/passwd\0.txt' })],
    ['a record that is longer than its header', entry('pax', '99 path=x\n', 'x')],
    ['a header without an end', entry('pax', '12 path=', 'x')],
  ])('%s is refused by an export, and said of a list', async (_, header) => {
    await loadLayers(tar(entry('before', 'x'), header, entry('after', 'x')));
    await expect(exportRoot()).rejects.toEqual(problem('^image.corrupt$'));
    const all = { reference: 'bad:1', recursive: true, filter: '', from: 0, count: 100, path: '/' };
    const listed = await new ImageFileReader(store).list(all);
    expect(listed.files.map(({ path }) => path)).toEqual(['/before']);
    expect(listed.notes).toEqual([expect.stringContaining('is damaged')]);
  });

  test('an empty size in a header of pax counts as none', async () => {
    await loadLayers(tar(pax({ size: '' }), entry('file', 'content'), entry('next', 'x')));
    await exportRoot();
    expect(await readFile(join(home, 'root', 'file'), 'utf8')).toBe('content');
    expect(await files()).toEqual(['/file', '/next']);
  });

  test('a sparse file is not written as if it were whole', async () => {
    await loadLayers(tar(pax({ 'GNU.sparse.realsize': '1000000000000', 'GNU.sparse.name': 'large' }), entry('x', 'x')));
    await expect(exportRoot()).rejects.toEqual(problem('^image.corrupt$'));
    expect(await files()).toEqual(['/large']);
  });

  test('owners and times that no system has do not end an export', async () => {
    await loadLayers(tar(pax({ uid: '99999999999', gid: '99999999999', mtime: '99999999999999' }), entry('file', 'x')));
    await exportRoot();
    expect(await readFile(join(home, 'root', 'file'), 'utf8')).toBe('x');
  });

  test('names that move the cursor or turn the text around are shown without that', async () => {
    await loadLayers(tar(entry('a\u001b[2Jb', 'x'), pax({ path: 'etc/\u202egnp.exe' }), entry('x', 'x')));
    for (const path of await files()) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(path).not.toMatch(/[\u0000-\u001f\u202a-\u202e\u2066-\u2069]/);
    }
  });
});

describe('layers that are larger than they look', () => {
  test('a short archive cannot make millions of folders', async () => {
    const deep = 'a/'.repeat(1900);
    const entries = Array.from({ length: 300 }, (_, index) =>
      Buffer.concat([pax({ path: `${index}/${deep}file` }), entry('x')]),
    );
    await loadLayers(tar(...entries));
    await expect(files()).rejects.toEqual(problem('^image.too-large$'));
    await expect(exportRoot()).rejects.toEqual(problem('^image.too-large$'));
  });

  test('links of links do not multiply the work for a path', async () => {
    const long = 'x/../'.repeat(800);
    const links = Array.from({ length: 39 }, (_, index) =>
      Buffer.concat([pax({ linkpath: `${long}l${index + 1}` }), entry(`l${index}`, '', '2')]),
    );
    await loadLayers(tar(entry('x/', '', '5'), ...links, entry('l0/file', 'x')));
    await expect(files()).rejects.toEqual(problem('^image.corrupt$'));
    await expect(exportRoot()).rejects.toEqual(problem('^image.corrupt$'));
  });

  test('many whiteouts of one folder take the time of one', async () => {
    const many = Array.from({ length: 20_000 }, (_, index) => entry(`f/${index}`));
    const whiteouts = Array.from({ length: 20_000 }, () => entry('f/.wh..wh..opq'));
    await loadLayers(tar(entry('f/old', 'x')), tar(...many, ...whiteouts));
    expect(await files()).toHaveLength(10_000);
  });

  test('a block of zstd that repeats one byte is decompressed piece by piece', async () => {
    // a frame with a window of 128 KiB, and blocks of 131,072 zeros in 4 bytes each
    const blocks = 10_000;
    const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]);
    const block = (isLast: boolean): Buffer => {
      const header = (131_072 << 3) | (1 << 1) | Number(isLast);
      return Buffer.from([header & 0xff, (header >> 8) & 0xff, (header >> 16) & 0xff, 0]);
    };
    const body = Array.from({ length: blocks }, (_, index) => block(index === blocks - 1));
    let bytes = 0;
    let largest = 0;
    let held = 0;
    async function* source(): AsyncGenerator<Buffer> {
      yield Buffer.concat([head, ...body]);
    }
    const before = process.memoryUsage().arrayBuffers;
    for await (const chunk of decompressZstd(source())) {
      bytes += chunk.length;
      largest = Math.max(largest, chunk.length);
      held = Math.max(held, process.memoryUsage().arrayBuffers - before);
    }
    expect(bytes).toBe(blocks * 131_072);
    expect(held).toBeLessThan(600_000_000);
  });
});

describe('indexes and manifests that are not what they say', () => {
  const image = sampleImage('linux/amd64');
  const index = (...manifests: readonly object[]): Buffer =>
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
  const platform = { platform: { os: 'linux', architecture: 'amd64' } };

  test('an index in an index in an index is left out, also in a circle', async () => {
    let inner = index(descriptor(image.manifest, image.mediaType, platform));
    const all = [inner];
    for (let depth = 0; depth < 30; depth += 1) {
      inner = index(descriptor(inner, mediaTypes.ociIndex));
      all.push(inner);
    }
    const top = descriptor(inner, mediaTypes.ociIndex, named('bad:1'));
    await expect(load(archiveOf([...partsOf(image), ...all], [top]))).rejects.toEqual(problem('^image.archive$'));
    expect(await store.blobs.listDigests()).toEqual([]);
  });

  test('one digest with two contents is refused', async () => {
    const [layer = Buffer.alloc(0)] = image.layers;
    const archive = tar(
      entry('oci-layout', layoutMarker),
      entry(
        'index.json',
        JSON.stringify({ schemaVersion: 2, manifests: [descriptor(image.manifest, image.mediaType, named('bad:1'))] }),
      ),
      ...partsOf(image).map((bytes) => entry(blobName(bytes), bytes)),
      entry(blobName(layer), randomBytes(layer.length)),
    );
    await expect(load(archive)).rejects.toEqual(problem('^image.archive$'));
    expect(await store.blobs.listDigests()).toEqual([]);
  });

  test('manifests, configurations and indexes that are too large are refused', async () => {
    const filler = 'x'.repeat(5 * 1024 * 1024);
    const config = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] }, filler };
    const large = sampleImage('linux/amd64', { config });
    const huge = Buffer.from(JSON.stringify({ ...JSON.parse(image.manifest.toString()), filler }));
    const archives = [
      archiveOf(partsOf(large), [descriptor(large.manifest, large.mediaType, named('bad:1'))]),
      archiveOf([...partsOf(image), huge], [descriptor(huge, image.mediaType, named('bad:1'))]),
      archiveOf(partsOf(image), [descriptor(image.manifest, image.mediaType, { ...named('bad:1'), filler })]),
    ];
    for (const archive of archives) {
      await expect(load(archive)).rejects.toEqual(problem('^image'));
      expect(await store.list()).toEqual([]);
      expect(await store.blobs.listDigests()).toEqual([]);
    }
  });

  test('names with control characters are not taken, and not printed as they are', async () => {
    const bad = archiveOf(partsOf(image), [descriptor(image.manifest, image.mediaType, named('a\u001b[2J\u202eb:1'))]);
    await expect(load(bad)).rejects.toSatisfy(({ problem: found }) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      return found.code === 'image.archive' && !/[\u0000-\u001f\u202a-\u202e]/.test(found.message);
    });
  });

  test('a layout with links in place of blobs takes only what has the right digest', async () => {
    const folder = join(home, 'layout');
    await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true });
    await writeFile(join(home, 'secret'), 'a secret of this computer');
    for (const bytes of partsOf(image)) {
      await writeFile(join(folder, blobName(bytes)), bytes);
    }
    const path = join(folder, blobName(image.layers[0] ?? Buffer.alloc(0)));
    await writeFile(
      join(folder, 'index.json'),
      JSON.stringify({ schemaVersion: 2, manifests: [descriptor(image.manifest, image.mediaType, named('bad:1'))] }),
    );
    for (const target of [join(home, 'secret'), '/dev/zero', folder, join(home, 'nothing')]) {
      await rm(path, { force: true });
      await symlink(target, path);
      await expect(loadImages(store, folder, { signal })).rejects.toEqual(problem('^image'));
      expect(await store.blobs.listDigests()).toEqual([]);
    }
  });

  test('an archive of many entries without images is refused', async () => {
    const block = Buffer.concat(Array.from({ length: 1_000 }, (_, index) => entry(`${index}`)));
    const parts = Array.from({ length: 60 }, () => block);
    await writeFile(join(home, 'many.tar'), gzipSync(Buffer.concat([...parts, Buffer.alloc(1024)]), { level: 1 }));
    expect(await hasImages(join(home, 'many.tar'))).toBe(false);
    await expect(loadImages(store, join(home, 'many.tar'), { signal })).rejects.toEqual(problem('^image.archive$'));
  });

  test('what is inspected of an image has no control characters', async () => {
    const evil = 'x\u001b]0;title\u0007\u202e';
    const config = {
      ...{ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] } },
      config: { Cmd: [evil], Env: [`A=${evil}`], Labels: { [evil]: evil }, User: evil, WorkingDir: evil },
      history: [{ created_by: evil }],
    };
    const bad = sampleImage('linux/amd64', { config });
    await load(archiveOf(partsOf(bad), [descriptor(bad.manifest, bad.mediaType, named('bad:1'))]));
    const details = JSON.stringify(await detailsOf('bad:1'));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(details).not.toMatch(/\\u001b|\\u0007|[\u0000-\u001f\u202a-\u202e]/);
  });
});

async function detailsOf(reference: string): Promise<unknown> {
  const { stored, lease } = await store.leaseList(reference);
  try {
    return await describeImages(store, stored, reference, []);
  } finally {
    await lease.release();
  }
}
