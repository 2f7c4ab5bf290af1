import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { outputOf } from '../../shared/output.ts';
import { digestOf } from './digest.ts';
import { exportList } from './export-list.ts';
import { ImageStore } from './image-store.ts';
import { layoutMarker } from './layout-index.ts';
import { loadImages } from './load-images.ts';
import { mediaTypes } from './manifest.ts';
import {
  addSampleImage,
  type SampleImage,
  sampleAttachment,
  sampleImage,
  sampleIndex,
} from './testing/sample-image.ts';
import { verifyImages } from './verify-images.ts';

let home: string;
let store: ImageStore;
const { signal } = new AbortController();

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'load-'));
  store = await ImageStore.open(join(home, 'images'));
});
afterEach(async () => {
  expect((await verifyImages(store, { signal })).images.flatMap(({ problems }) => problems)).toEqual([]);
  await store.close();
  await rm(home, { recursive: true });
});

const load = (name: string, reference?: string) =>
  loadImages(store, name.startsWith('/') ? name : join(home, name), { signal, reference });

async function writeTar(name: string, entries: Readonly<Record<string, Buffer | string>>): Promise<void> {
  const archive = pack();
  for (const [entry, bytes] of Object.entries(entries)) {
    archive.entry({ name: entry }, bytes);
  }
  archive.finalize();
  await writeFile(join(home, name), Buffer.concat(await Readable.from(archive).toArray()));
}

const blobName = (bytes: Buffer): string => `blobs/sha256/${digestOf(bytes).slice('sha256:'.length)}`;

function blobsOf(...images: readonly Pick<SampleImage, 'config' | 'layers' | 'manifest'>[]): Record<string, Buffer> {
  const all = images.flatMap(({ config, layers, manifest }) => [config, ...layers, manifest]);
  return Object.fromEntries(all.map((bytes) => [blobName(bytes), bytes]));
}

const entryOf = ({ manifest, mediaType }: SampleImage, more: object = {}) => ({
  ...{ mediaType, digest: digestOf(manifest), size: manifest.length },
  ...more,
});
const named = (name: string) => ({ annotations: { 'org.opencontainers.image.ref.name': name } });
const indexOf = (...manifests: readonly object[]): string => JSON.stringify({ schemaVersion: 2, manifests });
const layoutOf = (blobs: Record<string, Buffer>, index: string) => ({
  'oci-layout': layoutMarker,
  'index.json': index,
  ...blobs,
});

describe('what our own export writes', () => {
  test.each(['oci', 'oci-archive'])('as %s comes back with its digest, its name and its attachments', async (kind) => {
    const lease = await store.createLease('build');
    const [amd, arm] = [sampleImage('linux/amd64'), sampleImage('linux/arm64')];
    const images = [
      await addSampleImage(store, lease, amd, [sampleAttachment(amd, 'attestation')]),
      await addSampleImage(store, lease, arm),
    ];
    const list = await store.commit('example.com/api:1.4', images);
    await lease.release();
    await exportList(store, 'example.com/api:1.4', outputOf(`${kind}:${join(home, 'out')}`));
    await store.remove('example.com/api:1.4');
    expect(await store.blobs.listDigests()).toEqual([]);
    const [loaded] = await load('out');
    expect(loaded?.list).toEqual({ ...list, createdAt: expect.any(String) });
    expect(loaded).toMatchObject({ compressed: [], notes: [], replaced: undefined });
  });
});

describe('archives of other tools', () => {
  test.each([
    ['docker-20.10.tar.gz', 1],
    ['docker-26.1.tar.gz', 1],
  ])('%s is loaded with the names in it', async (name, count) => {
    const path = join(import.meta.dirname, 'testing', name);
    const loaded = await load(path);
    expect(loaded).toHaveLength(count);
    // uncompressed, too
    await writeFile(join(home, 'plain.tar'), gunzipSync(await readFile(path)));
    const again = await load('plain.tar', 'other:1');
    expect(again[0]?.list.digest).toBe(loaded[0]?.list.digest);
    expect(loaded[0]?.list.entries.map(({ platform }) => platform)).toEqual(['linux/amd64']);
  });

  test('a single image becomes a list of one; several names are kept; podman has no registry for its own', async () => {
    const image = sampleImage('linux/arm/v7');
    const index = indexOf(
      entryOf(image, named('localhost/api:1')),
      entryOf(image, named('registry.example.com/api:2')),
    );
    await writeTar('image.tar', layoutOf(blobsOf(image), index));
    const loaded = await load('image.tar');
    expect(loaded.map(({ list }) => list.reference)).toEqual(['api:1', 'registry.example.com/api:2']);
    expect(loaded[0]?.list.entries).toMatchObject([{ platform: 'linux/arm/v7', digest: digestOf(image.manifest) }]);
  });

  test('images of several platforms without names are one list, and what is not in the archive is said', async () => {
    const [amd, arm] = [sampleImage('linux/amd64'), sampleImage('linux/arm64')];
    await writeTar('two.tar', layoutOf(blobsOf(amd, arm), indexOf(entryOf(amd), entryOf(arm))));
    await expect(load('two.tar')).rejects.toMatchObject({ problem: { code: 'image.archive', fix: /-t/ } });
    const [both] = await load('two.tar', 'both:1');
    expect(both?.list.entries.map(({ platform }) => platform)).toEqual(['linux/amd64', 'linux/arm64']);
    const absent = sampleImage('linux/s390x');
    const list = Buffer.from(
      JSON.stringify({
        ...{ schemaVersion: 2, mediaType: mediaTypes.ociIndex },
        manifests: [
          entryOf(amd, { platform: { os: 'linux', architecture: 'amd64' } }),
          entryOf(absent, { platform: { os: 'linux', architecture: 's390x' } }),
        ],
      }),
    );
    const top = { mediaType: mediaTypes.ociIndex, digest: digestOf(list), size: list.length, ...named('part:1') };
    await writeTar('part.tar', layoutOf({ ...blobsOf(amd), [blobName(list)]: list }, indexOf(top)));
    const [part] = await load('part.tar');
    expect(part?.list).toMatchObject({ entries: [{ platform: 'linux/amd64' }], missing: ['linux/s390x'] });
  });

  test('a folder of skopeo (dir:) is loaded, also with a list', async () => {
    const image = sampleImage('linux/amd64');
    const index = sampleIndex(image, []);
    await mkdir(join(home, 'dir'));
    const hex = (bytes: Buffer): string => join(home, 'dir', digestOf(bytes).slice('sha256:'.length));
    await writeFile(join(home, 'dir', 'version'), 'Directory Transport Version: 1.1\n');
    await writeFile(join(home, 'dir', 'manifest.json'), index);
    await writeFile(`${hex(image.manifest)}.manifest.json`, image.manifest);
    for (const bytes of [image.config, ...image.layers]) {
      await writeFile(hex(bytes), bytes);
    }
    const [loaded] = await load('dir', 'dir:1');
    expect(loaded?.list.digest).toBe(digestOf(index));
    await writeFile(join(home, 'dir', 'manifest.json'), image.manifest);
    const [single] = await load('dir', 'single:1');
    expect(single?.list.entries).toMatchObject([{ digest: digestOf(image.manifest) }]);
  });
});

describe('an archive that is not trusted', () => {
  const image = sampleImage('linux/amd64');
  const other = sampleImage('linux/arm64');
  const index = indexOf(entryOf(image, named('api:1')));

  test.each([
    ['with a blob of another content', layoutOf({ ...blobsOf(image), [blobName(image.config)]: other.config }, index)],
    [
      'without a layer',
      layoutOf({ [blobName(image.manifest)]: image.manifest, [blobName(image.config)]: image.config }, index),
    ],
    ['with an index that is no JSON', layoutOf(blobsOf(image), 'index')],
    ['with names that no image can have', layoutOf(blobsOf(image), indexOf(entryOf(image, named('UPPER CASE'))))],
    ['without anything', { 'some/file': 'x' }],
    [
      'with a manifest of another size',
      layoutOf(blobsOf(image), indexOf({ ...entryOf(image, named('api:1')), mediaType: 'text/plain' })),
    ],
  ])('%s is refused, and leaves nothing', async (_, entries) => {
    await writeTar('bad.tar', entries);
    await expect(load('bad.tar')).rejects.toMatchObject({ problem: { code: /^image\./ } });
    expect(await store.list()).toEqual([]);
    expect(await store.blobs.listDigests()).toEqual([]);
    expect((await readdir(home)).sort()).toEqual(['bad.tar', 'images', 'images.work']);
  });

  test('that replaces an image says so, and the image can be given its name back', async () => {
    await writeTar('one.tar', layoutOf(blobsOf(image), index));
    const [first] = await load('one.tar');
    await writeTar('two.tar', layoutOf(blobsOf(other), indexOf(entryOf(other, named('api:1')))));
    const [second] = await load('two.tar');
    expect(second?.replaced).toEqual({ digest: first?.list.digest });
  });

  test('is not loaded after a cancellation', async () => {
    await writeTar('one.tar', layoutOf(blobsOf(image), index));
    const aborted = AbortSignal.abort(new Error('cancelled'));
    await expect(loadImages(store, join(home, 'one.tar'), { signal: aborted })).rejects.toThrow('cancelled');
    expect(await store.blobs.listDigests()).toEqual([]);
  });
});
