import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Digest, isDigest } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import { importArchive } from './import-archive.ts';
import { digestOf, mediaTypes, parseManifest } from './manifest.ts';
import { ImageStore, type Lease } from './store.ts';
import { platform, type SampleImage, sampleImage } from './testing/sample-image.ts';

let home: string;
let store: ImageStore;
let lease: Lease;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'archive-'));
  store = await ImageStore.open(join(home, 'images'));
  lease = await store.lease('build');
});

afterEach(async () => {
  await store.close();
  await rm(home, { recursive: true });
});

type Entry = readonly [name: string, bytes: Buffer | string];

const blob = (bytes: Buffer): Entry => [`blobs/sha256/${digestOf(bytes).slice(7)}`, bytes];

function indexOf(image: SampleImage): Entry {
  const { manifest, mediaType } = image;
  const manifests = [{ mediaType, digest: digestOf(manifest), size: manifest.length }];
  return ['index.json', JSON.stringify({ schemaVersion: 2, manifests })];
}

function entriesOf(image: SampleImage): Entry[] {
  return [...[...image.layers, image.config, image.manifest].map(blob), indexOf(image), ['oci-layout', '{}']];
}

async function tar(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const [name, bytes] of entries) {
    archive.entry({ name }, bytes);
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of Readable.from(archive)) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** In pieces that cut headers and contents anywhere. */
function inPieces(bytes: Buffer, size = 333): Readable {
  const count = Math.ceil(bytes.length / size);
  return Readable.from(Array.from({ length: count }, (_, n) => bytes.subarray(n * size, (n + 1) * size)));
}

interface Options {
  readonly name?: string;
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
  readonly onBytes?: (count: number) => void;
}

function take(stream: Readable, { name = 'linux/amd64', ...options }: Options = {}) {
  const signal = new AbortController().signal;
  return importArchive(store, stream, {
    platform: platform(name),
    lease,
    onBytes: () => undefined,
    signal,
    ...options,
  });
}

async function leftOver(): Promise<string[]> {
  const owners = await readdir(`${store.folder}.work`);
  const names = await Promise.all(owners.map((owner) => readdir(join(`${store.folder}.work`, owner))));
  return names.flat().filter((name) => name.startsWith('blob-'));
}

describe('importing an archive', () => {
  test('takes the image as it is, in whatever order its entries come, and counts its bytes', async () => {
    const image = sampleImage('linux/amd64');
    for (const entries of [entriesOf(image), entriesOf(image).reverse()]) {
      let bytes = 0;
      const archive = await tar(entries);
      const received = await take(inPieces(archive), { onBytes: (count) => (bytes += count) });
      expect(received).toMatchObject({ digest: digestOf(image.manifest), platform: 'linux/amd64' });
      expect(bytes).toBe(archive.length);
      await store.commit('api:1', [received]);
      expect(await store.verify('api:1')).toMatchObject({ blobs: 5 });
    }
  });

  test('compresses layers that come uncompressed, and keeps the configuration', async () => {
    const layers = [await tar([['etc/motd', 'hello']]), await tar([['bin/big', randomBytes(100_000)]])];
    const compressed = sampleImage('linux/amd64', { layers });
    const manifest = Buffer.from(compressed.manifest.toString().replaceAll('tar+gzip', 'tar'));
    const image = { ...compressed, manifest };
    const received = await take(inPieces(await tar([...entriesOf(image), ['manifest.json', '[]']])));
    expect(received.config.digest).toBe(digestOf(image.config));
    expect(received.digest).not.toBe(digestOf(manifest));
    const stored = parseManifest(await store.blobs.readSmall(received.digest));
    expect(stored).toMatchObject({ kind: 'image', mediaType: mediaTypes.ociManifest });
    for (const [n, layer] of received.layers.entries()) {
      expect(layer.mediaType).toBe('application/vnd.oci.image.layer.v1.tar+gzip');
      expect(gunzipSync(Buffer.concat(await store.blobs.read(layer.digest).toArray()))).toEqual(layers[n]);
    }
    await store.commit('api:1', [received]);
    await store.verify('api:1');
  });

  test('unwraps the one image of the platform from nested indexes', async () => {
    const [wanted, other] = [sampleImage('linux/amd64'), sampleImage('linux/arm64')];
    const describe = ({ manifest, mediaType }: SampleImage, architecture: string) => ({
      mediaType,
      digest: digestOf(manifest),
      size: manifest.length,
      platform: { os: 'linux', architecture },
    });
    const inner = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociIndex,
        manifests: [describe(other, 'arm64'), describe(wanted, 'amd64')],
      }),
    );
    const outer = [{ mediaType: mediaTypes.ociIndex, digest: digestOf(inner), size: inner.length }];
    const archive = await tar([
      ...entriesOf(wanted).filter(([name]) => name !== 'index.json'),
      ...entriesOf(other).filter(([name]) => name.startsWith('blobs/')),
      blob(inner),
      ['index.json', JSON.stringify({ schemaVersion: 2, manifests: outer })],
    ]);
    expect((await take(inPieces(archive))).digest).toBe(digestOf(wanted.manifest));
  });

  test('writes nothing outside the store, whatever an entry is called', async () => {
    const image = sampleImage('linux/amd64');
    const evil: Entry[] = [
      ['../../escaped', 'x'],
      ['/tmp/../escaped', 'x'],
      [`blobs/sha256/../../../${'a'.repeat(64)}`, 'x'],
    ];
    await take(inPieces(await tar([...evil, ...entriesOf(image)])));
    expect((await readdir(home)).sort()).toEqual(['images', 'images.work']);
    expect((await readdir(store.folder)).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
  });
});

describe('an archive is refused', () => {
  async function expectRefusal(stream: Readable, code: string, options: Options = {}): Promise<void> {
    await expect(take(stream, options)).rejects.toMatchObject({ problem: { code } });
    expect(stream.destroyed).toBe(true);
    expect(await leftOver()).toEqual([]);
  }

  test('where a blob is not what its name says, compressed or not', async () => {
    const image = sampleImage('linux/amd64');
    const named = (digest: Digest): string => `blobs/sha256/${digest.slice(7)}`;
    const wrong = digestOf(Buffer.from('promised'));
    await expectRefusal(inPieces(await tar([[named(wrong), 'other'], ...entriesOf(image)])), 'image.corrupt');
    const layer = await tar([['etc/motd', 'hello']]);
    await expectRefusal(inPieces(await tar([[named(wrong), layer], ...entriesOf(image)])), 'image.corrupt');
    expect((await store.blobs.digests()).filter(isDigest)).not.toContain(wrong);
  });

  test('where it ends too early', async () => {
    const archive = await tar(entriesOf(sampleImage('linux/amd64')));
    await expectRefusal(inPieces(archive.subarray(0, 2000)), 'image.corrupt');
  });

  test('where blobs are missing, or the platform is another', async () => {
    const image = sampleImage('linux/amd64');
    await expectRefusal(inPieces(await tar(entriesOf(image).slice(1))), 'image.incomplete');
    await expectRefusal(inPieces(await tar(entriesOf(image))), 'image.platform', { name: 'linux/arm64' });
  });

  test('where it is larger than allowed', async () => {
    const archive = await tar(entriesOf(sampleImage('linux/amd64')));
    await expectRefusal(inPieces(archive), 'image.too-large', { maxBytes: 3000 });
  });

  test('where it has no OCI layout, as docker before 25 makes them', async () => {
    const archive = await tar([
      ['manifest.json', '[]'],
      [`${'a'.repeat(64)}/layer.tar`, 'x'],
    ]);
    await expectRefusal(inPieces(archive), 'engine.unsupported');
  });

  test('where the line breaks: with the reason that the line gives', async () => {
    const archive = await tar(entriesOf(sampleImage('linux/amd64')));
    const lost = fail('ssh.lost', 'Node pi4 was lost.', 'Try again.');
    async function* broken() {
      yield archive.subarray(0, 2000);
      throw lost;
    }
    await expect(take(Readable.from(broken()))).rejects.toBe(lost);
    expect(await leftOver()).toEqual([]);
  });

  test('where the build is cancelled: with its reason', async () => {
    const archive = await tar(entriesOf(sampleImage('linux/amd64')));
    const abort = new AbortController();
    const stream = inPieces(archive);
    const taking = take(stream, { signal: abort.signal, onBytes: () => abort.abort(new Error('by hand')) });
    await expect(taking).rejects.toThrow('by hand');
    expect(stream.destroyed).toBe(true);
    expect(await leftOver()).toEqual([]);
  });
});
