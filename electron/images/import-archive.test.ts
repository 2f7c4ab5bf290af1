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
import { digestOf } from './digest.ts';
import { ImageStore } from './image-store.ts';
import { importArchive } from './import-archive.ts';
import type { Lease } from './lease.ts';
import { mediaTypes, parseManifest } from './manifest.ts';
import { platform, type SampleImage, sampleAttachment, sampleImage, sampleIndex } from './testing/sample-image.ts';

let home: string;
let store: ImageStore;
let lease: Lease;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'archive-'));
  store = await ImageStore.open(join(home, 'images'));
  lease = await store.createLease('build');
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

/** A stream of small chunks, whose boundaries are inside headers and contents. */
function streamOf(bytes: Buffer, size = 333): Readable {
  const count = Math.ceil(bytes.length / size);
  return Readable.from(Array.from({ length: count }, (_, n) => bytes.subarray(n * size, (n + 1) * size)));
}

interface Options {
  readonly name?: string;
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
  readonly onBytes?: (count: number) => void;
}

function importStream(stream: Readable, { name = 'linux/amd64', ...options }: Options = {}) {
  const signal = new AbortController().signal;
  return importArchive(store, stream, {
    platform: platform(name),
    lease,
    onBytes: () => undefined,
    signal,
    ...options,
  });
}

async function listIncompleteBlobs(): Promise<string[]> {
  const stagingAreas = await readdir(`${store.folder}.work`);
  const names = await Promise.all(stagingAreas.map((name) => readdir(join(`${store.folder}.work`, name))));
  return names.flat().filter((name) => name.startsWith('blob-'));
}

describe('importing an archive', () => {
  test('keeps the bytes of the image with its entries in any order, and counts the bytes of the archive', async () => {
    const image = sampleImage('linux/amd64');
    for (const entries of [entriesOf(image), entriesOf(image).reverse()]) {
      let bytes = 0;
      const archive = await tar(entries);
      const received = await importStream(streamOf(archive), { onBytes: (count) => (bytes += count) });
      expect(received).toMatchObject({ digest: digestOf(image.manifest), platform: 'linux/amd64' });
      expect(bytes).toBe(archive.length);
      await store.commit('api:1', [received]);
      expect(await store.verify('api:1')).toMatchObject({ blobs: 5 });
    }
  });

  test('compresses uncompressed layers and keeps the configuration', async () => {
    const layers = [await tar([['etc/motd', 'hello']]), await tar([['bin/big', randomBytes(100_000)]])];
    const compressed = sampleImage('linux/amd64', { layers });
    const manifest = Buffer.from(compressed.manifest.toString().replaceAll('tar+gzip', 'tar'));
    const image = { ...compressed, manifest };
    const received = await importStream(streamOf(await tar([...entriesOf(image), ['manifest.json', '[]']])));
    expect(received.config.digest).toBe(digestOf(image.config));
    expect(received.digest).not.toBe(digestOf(manifest));
    const stored = parseManifest(await store.blobs.readVerified(received.digest));
    expect(stored).toMatchObject({ kind: 'image', mediaType: mediaTypes.ociManifest });
    for (const [n, layer] of received.layers.entries()) {
      expect(layer.mediaType).toBe('application/vnd.oci.image.layer.v1.tar+gzip');
      expect(gunzipSync(Buffer.concat(await store.blobs.read(layer.digest).toArray()))).toEqual(layers[n]);
    }
    await store.commit('api:1', [received]);
    await store.verify('api:1');
  });

  test('selects the only image of the platform from nested indexes', async () => {
    const [selected, other] = [sampleImage('linux/amd64'), sampleImage('linux/arm64')];
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
        manifests: [describe(other, 'arm64'), describe(selected, 'amd64')],
      }),
    );
    const outer = [{ mediaType: mediaTypes.ociIndex, digest: digestOf(inner), size: inner.length }];
    const archive = await tar([
      ...entriesOf(selected).filter(([name]) => name !== 'index.json'),
      ...entriesOf(other).filter(([name]) => name.startsWith('blobs/')),
      blob(inner),
      ['index.json', JSON.stringify({ schemaVersion: 2, manifests: outer })],
    ]);
    expect((await importStream(streamOf(archive))).digest).toBe(digestOf(selected.manifest));
  });

  test('keeps the attachments of the image', async () => {
    const image = sampleImage('linux/amd64');
    const attachments = [sampleAttachment(image, 'attestation'), sampleAttachment(image, 'referrer')];
    const inner = sampleIndex(image, attachments);
    const manifests = [{ mediaType: mediaTypes.ociIndex, digest: digestOf(inner), size: inner.length }];
    const archive = await tar([
      ...[image, ...attachments].flatMap((each) => [...each.layers, each.config, each.manifest].map(blob)),
      blob(inner),
      ['index.json', JSON.stringify({ schemaVersion: 2, manifests })],
    ]);
    const received = await importStream(streamOf(archive));
    expect(received.attachments.map(({ digest }) => digest)).toEqual(
      attachments.map(({ manifest }) => digestOf(manifest)),
    );
  });

  test('leaves out attachments of an image whose layers it compresses, because they describe another digest', async () => {
    const layer = await tar([['file', randomBytes(2000)]]);
    const image = sampleImage('linux/amd64', { layers: [layer] });
    const attestation = sampleAttachment(image, 'attestation');
    const archive = await tar([
      ...[image, attestation].flatMap((each) => [...each.layers, each.config, each.manifest].map(blob)),
      ['index.json', sampleIndex(image, [attestation])],
    ]);
    const received = await importStream(streamOf(archive));
    expect(received.digest).not.toBe(digestOf(image.manifest));
    expect(received.attachments).toEqual([]);
  });

  test('writes nothing outside the store, whatever the names of the entries are', async () => {
    const image = sampleImage('linux/amd64');
    const maliciousEntries: Entry[] = [
      ['../../escaped', 'x'],
      ['/tmp/../escaped', 'x'],
      [`blobs/sha256/../../../${'a'.repeat(64)}`, 'x'],
    ];
    await importStream(streamOf(await tar([...maliciousEntries, ...entriesOf(image)])));
    expect((await readdir(home)).sort()).toEqual(['images', 'images.work']);
    expect((await readdir(store.folder)).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
  });
});

describe('importing an archive fails', () => {
  async function expectFailure(stream: Readable, code: string, options: Options = {}): Promise<void> {
    await expect(importStream(stream, options)).rejects.toMatchObject({ problem: { code } });
    expect(stream.destroyed).toBe(true);
    expect(await listIncompleteBlobs()).toEqual([]);
  }

  test('if a blob does not match its digest, compressed or not', async () => {
    const image = sampleImage('linux/amd64');
    const entryName = (digest: Digest): string => `blobs/sha256/${digest.slice(7)}`;
    const wrong = digestOf(Buffer.from('expected'));
    await expectFailure(streamOf(await tar([[entryName(wrong), 'other'], ...entriesOf(image)])), 'image.corrupt');
    const layer = await tar([['etc/motd', 'hello']]);
    await expectFailure(streamOf(await tar([[entryName(wrong), layer], ...entriesOf(image)])), 'image.corrupt');
    expect((await store.blobs.listDigests()).filter(isDigest)).not.toContain(wrong);
  });

  test('if it ends too early', async () => {
    const archive = await tar(entriesOf(sampleImage('linux/amd64')));
    await expectFailure(streamOf(archive.subarray(0, 2000)), 'image.corrupt');
  });

  /** The header of an entry with a size that is written as it is, and its checksum. */
  function header(name: string, type: string, size: string, checksum?: string): Buffer {
    const bytes = Buffer.alloc(512);
    bytes.write(name, 0);
    bytes.write('0000644\0', 100);
    bytes.write(size, 124);
    bytes.write('        ', 148);
    bytes.write(type, 156);
    bytes.write('ustar\x0000', 257);
    const sum = bytes.reduce((total, byte) => total + byte, 0);
    bytes.write(checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return bytes;
  }

  test.each([
    ['a size that is no number', header('index.json', '0', 'zzzzzzzzzzz')],
    ['a wrong checksum', header('index.json', '0', '00000000010', '000001\0 ')],
    ['an endless pax header', header('pax', 'x', '77777777777')],
    ['an endless long name', header('././@LongLink', 'L', '77777777777')],
    ['only noise', randomBytes(4096)],
  ])('if it has %s', async (_, start) => {
    const rest = randomBytes(64 * 1024);
    await expectFailure(Readable.from([start, ...Array<Buffer>(100).fill(rest)]), 'image.corrupt');
  });

  test('if blobs are missing or the platform is another one', async () => {
    const image = sampleImage('linux/amd64');
    await expectFailure(streamOf(await tar(entriesOf(image).slice(1))), 'image.incomplete');
    await expectFailure(streamOf(await tar(entriesOf(image))), 'image.platform', { name: 'linux/arm64' });
  });

  test('if it is larger than the limit', async () => {
    const archive = await tar(entriesOf(sampleImage('linux/amd64')));
    await expectFailure(streamOf(archive), 'image.too-large', { maxBytes: 3000 });
  });

  test('if it has no image', async () => {
    await expectFailure(streamOf(await tar([['oci-layout', '{}']])), 'engine.unsupported');
  });

  test('if the connection is lost, with the error of the connection', async () => {
    const archive = await tar(entriesOf(sampleImage('linux/amd64')));
    const lost = fail('ssh.lost', 'Node pi4 was lost.', 'Try again.');
    async function* readUntilLost() {
      yield archive.subarray(0, 2000);
      throw lost;
    }
    await expect(importStream(Readable.from(readUntilLost()))).rejects.toBe(lost);
    expect(await listIncompleteBlobs()).toEqual([]);
  });

  test('if the build is cancelled, with the reason of the signal', async () => {
    const archive = await tar(entriesOf(sampleImage('linux/amd64')));
    const abort = new AbortController();
    const stream = streamOf(archive);
    const importing = importStream(stream, {
      signal: abort.signal,
      onBytes: () => abort.abort(new Error('cancelled')),
    });
    await expect(importing).rejects.toThrow('cancelled');
    expect(stream.destroyed).toBe(true);
    expect(await listIncompleteBlobs()).toEqual([]);
  });
});
