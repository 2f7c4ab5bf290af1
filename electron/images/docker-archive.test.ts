import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip, gunzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ImageFormat } from '../../shared/build-options.ts';
import { digestOf } from './digest.ts';
import { ImageStore } from './image-store.ts';
import { importArchive } from './import-archive.ts';
import type { Lease } from './lease.ts';
import { mediaTypes, parseManifest } from './manifest.ts';
import { platform } from './testing/sample-image.ts';

let home: string;
let store: ImageStore;
let lease: Lease;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'docker-archive-'));
  store = await ImageStore.open(join(home, 'images'));
  lease = await store.createLease('build');
});

afterEach(async () => {
  await store.close();
  await rm(home, { recursive: true });
});

type Entry = readonly [header: string | (Partial<Header> & { readonly name: string }), bytes?: Buffer | string];

async function tar(...entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const [header, bytes] of entries) {
    archive.entry(typeof header === 'string' ? { name: header } : header, bytes ?? '');
  }
  archive.finalize();
  return Buffer.concat(await Readable.from(archive).toArray());
}

const hex = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

function configOf(layers: readonly Buffer[], more: object = {}): Buffer {
  const rootfs = { type: 'layers', diff_ids: layers.map((layer) => digestOf(layer)) };
  return Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs, ...more }));
}

/** The entries of docker 20.10: the layers, the configuration, the manifest. */
function entriesOf(layers: readonly Buffer[], config = configOf(layers)): Entry[] {
  const names = layers.map((_, index) => `${String(index).repeat(64)}/layer.tar`);
  return [
    ...layers.map((layer, index): Entry => [names[index] ?? '', layer]),
    [`${hex(config)}.json`, config],
    ['manifest.json', JSON.stringify([{ Config: `${hex(config)}.json`, RepoTags: ['x:1'], Layers: names }])],
    ['repositories', '{}'],
  ];
}

async function importEntries(entries: readonly Entry[], format?: ImageFormat) {
  const bytes = await tar(...entries);
  const chunks = Array.from({ length: Math.ceil(bytes.length / 333) }, (_, n) =>
    bytes.subarray(n * 333, (n + 1) * 333),
  );
  return importArchive(store, Readable.from(chunks), {
    ...{ platform: platform('linux/amd64'), lease, onBytes: () => undefined, signal: new AbortController().signal },
    ...(format ? { format } : {}),
  });
}

async function storedLayers(digests: readonly { readonly digest: `sha256:${string}` }[]): Promise<Buffer[]> {
  return Promise.all(
    digests.map(async ({ digest }) => gunzipSync(Buffer.concat(await store.blobs.read(digest).toArray()))),
  );
}

let layers: Buffer[];

beforeEach(async () => {
  layers = [await tar(['etc/motd', 'hello']), await tar(['bin/big', randomBytes(100_000)])];
});

describe('an archive of docker without an OCI layout', () => {
  test('becomes an image with compressed layers and the same configuration, with its entries in any order', async () => {
    const config = configOf(layers, { config: { Healthcheck: { Test: ['CMD', 'true'] } } });
    const entries = entriesOf(layers, config);
    for (const order of [entries, [...entries].reverse()]) {
      const received = await importEntries(order);
      expect(received.config.digest).toBe(digestOf(config));
      expect(await storedLayers(received.layers)).toEqual(layers);
      await store.commit('api:1', [received]);
      expect(await store.verify('api:1')).toMatchObject({ blobs: 5 });
    }
  });

  test.each([
    ['oci', mediaTypes.ociManifest, 'application/vnd.oci.image.layer.v1.tar+gzip'],
    ['docker', mediaTypes.dockerManifest, 'application/vnd.docker.image.rootfs.diff.tar.gzip'],
  ] as const)('gets the media types of the format %s', async (format, manifestType, layerType) => {
    const received = await importEntries(entriesOf(layers), format);
    const stored = parseManifest(await store.blobs.readVerified(received.digest));
    expect(stored).toMatchObject({ kind: 'image', mediaType: manifestType });
    expect(received.layers.map(({ mediaType }) => mediaType)).toEqual([layerType, layerType]);
  });

  test('may have links in the place of equal layers, also hard links', async () => {
    const [first = Buffer.alloc(0)] = layers;
    const all = [first, first, first];
    const entries = entriesOf(all);
    entries[1] = [{ name: `${'1'.repeat(64)}/layer.tar`, type: 'symlink', linkname: `../${'0'.repeat(64)}/layer.tar` }];
    entries[2] = [{ name: `${'2'.repeat(64)}/layer.tar`, type: 'link', linkname: `${'1'.repeat(64)}/layer.tar` }];
    for (const order of [entries, [...entries].reverse()]) {
      const received = await importEntries(order);
      expect(await storedLayers(received.layers)).toEqual(all);
    }
  });

  test('may have empty layers', async () => {
    const empty = [Buffer.alloc(1024), ...layers];
    expect(await storedLayers((await importEntries(entriesOf(empty))).layers)).toEqual(empty);
  });

  test('uses the last of several entries with the same name', async () => {
    const name = `${'0'.repeat(64)}/layer.tar`;
    const link: Entry = [{ name, type: 'symlink', linkname: '../nothing/layer.tar' }];
    const received = await importEntries([link, [name, 'something else'], ...entriesOf(layers)]);
    expect(await storedLayers(received.layers)).toEqual(layers);
  });
});

/** Exported by real dockers: an image from scratch with the same file copied twice, and a HEALTHCHECK. */
test.each([
  ['docker-20.10.tar.gz', 'links one layer to the other'],
  ['docker-26.1.tar.gz', 'is an OCI layout with uncompressed layers'],
])('the archive %s, which %s, is imported', async (file) => {
  const archive = createReadStream(join(import.meta.dirname, 'testing', file)).pipe(createGunzip());
  const received = await importArchive(store, archive, {
    ...{ platform: platform('linux/amd64'), lease, onBytes: () => undefined, signal: new AbortController().signal },
  });
  const [one, other] = await storedLayers(received.layers);
  expect(one?.toString('latin1')).toMatch(/^a\0[\s\S]*one\n/);
  expect(other).toEqual(one);
  const config = JSON.parse((await store.blobs.readVerified(received.config.digest)).toString('utf8'));
  expect(config).toMatchObject({ config: { Healthcheck: { Test: ['CMD', '/a'] }, Labels: { from: 'docker' } } });
  await store.commit('api:1', [received]);
  await store.verify('api:1');
});

describe('a hostile archive is rejected', () => {
  const bytes = (text: string): Buffer => Buffer.from(text);
  const at = (entries: readonly Entry[], name: string, entry: Entry): Entry[] =>
    entries.map((each) => (typeof each[0] === 'string' && each[0].endsWith(name) ? entry : each));

  const cases: [string, () => readonly Entry[], RegExp][] = [
    [
      'a layer that is not that of the configuration',
      () => entriesOf([...layers], configOf([...layers].reverse())),
      /layer .* has the digest/,
    ],
    [
      'fewer layers than its configuration',
      () => entriesOf(layers.slice(1), configOf(layers)),
      /1 layers, its configuration names 2/,
    ],
    ['a layer that is missing', () => entriesOf(layers).slice(1), /is missing/],
    [
      'no configuration',
      () => entriesOf(layers).filter(([name]) => !/^[0-9a-f]{64}\.json$/.test(String(name))),
      /configuration .* is missing/,
    ],
    ['a configuration that is no JSON', () => entriesOf(layers, bytes('{')), /configuration/],
    ['a configuration without layers', () => entriesOf(layers, bytes('{"os":"linux"}')), /configuration/],
    ['a configuration above the limit', () => entriesOf(layers, Buffer.alloc(4 * 1024 * 1024 + 1, ' ')), /larger than/],
    [
      'two images',
      () =>
        at(entriesOf(layers), 'manifest.json', [
          'manifest.json',
          '[{"Config":"","Layers":[]},{"Config":"","Layers":[]}]',
        ]),
      /manifest\.json/,
    ],
    ['no image', () => at(entriesOf(layers), 'manifest.json', ['manifest.json', '[]']), /manifest\.json/],
    [
      'links that lead to each other',
      () => [
        [{ name: `${'0'.repeat(64)}/layer.tar`, type: 'symlink', linkname: '../x/layer.tar' }],
        [{ name: 'x/layer.tar', type: 'symlink', linkname: `../${'0'.repeat(64)}/layer.tar` }],
        ...entriesOf(layers).slice(1),
      ],
      /is missing/,
    ],
    [
      'links out of the archive',
      () => [
        [{ name: `${'0'.repeat(64)}/layer.tar`, type: 'symlink', linkname: '/etc/passwd' }],
        ...entriesOf(layers).slice(1),
      ],
      /is missing/,
    ],
    [
      'too many links',
      () => [
        ...Array.from({ length: 1001 }, (_, n): Entry => [{ name: `${n}/layer.tar`, type: 'symlink', linkname: 'x' }]),
        ...entriesOf(layers),
      ],
      /more than 1000 links/,
    ],
    [
      'too many configurations',
      () => [...Array.from({ length: 105 }, (_, n): Entry => [`${n}.json`, '{}']), ...entriesOf(layers)],
      /more than 104 configurations/,
    ],
  ];

  test.each(cases)('with %s', async (_, entries, detail) => {
    await expect(importEntries(entries())).rejects.toMatchObject({
      problem: { code: 'image.corrupt', detail: expect.stringMatching(detail) },
    });
    const work = await readdir(`${store.folder}.work`);
    const names = await Promise.all(work.map((name) => readdir(join(`${store.folder}.work`, name))));
    expect(names.flat().filter((name) => name.startsWith('blob-'))).toEqual([]);
  });

  test('for another platform', async () => {
    const config = configOf(layers, { architecture: 'arm64' });
    await expect(importEntries(entriesOf(layers, config))).rejects.toMatchObject({
      problem: { code: 'image.platform' },
    });
  });

  test('and writes nothing outside the store', async () => {
    await importEntries([['../../escaped.tar', 'x'], ['../escaped.json', '{}'], ...entriesOf(layers)]);
    expect((await readdir(home)).sort()).toEqual(['images', 'images.work']);
    expect((await readdir(store.folder)).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
  });
});
