import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf } from '../../images/digest.ts';
import { ImageStore } from '../../images/image-store.ts';
import { addSampleImage, sampleImage } from '../../images/testing/sample-image.ts';
import { readImagePackages } from './image-packages.ts';

let folder: string;
let store: ImageStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-packages-test-'));
  store = await ImageStore.open(join(folder, 'images'));
});
afterAll(async () => {
  await store?.close();
  await rm(folder, { recursive: true, force: true });
});

async function tar(...entries: readonly (readonly [Partial<Header> & { name: string }, string?])[]): Promise<Buffer> {
  const archive = pack();
  for (const [header, content = ''] of entries) {
    archive.entry(header, content);
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

const npmPackage = (name: string, version = '1.0.0') =>
  [{ name: `app/node_modules/${name}/package.json` }, JSON.stringify({ name, version })] as const;

async function packagesOf(...layers: readonly Buffer[]) {
  const image = sampleImage('linux/amd64', { layers });
  const lease = await store.createLease(randomBytes(4).toString('hex'));
  const received = await addSampleImage(store, lease, image);
  const read = await readImagePackages(store.blobs, { ...received, layers: received.layers });
  await lease.release();
  return read;
}

const names = ({ packages }: { packages: readonly { name: string; version?: string | undefined }[] }) =>
  packages.map(({ name, version }) => `${name}@${version}`);

test('later layers replace and remove what earlier ones have', async () => {
  const base = await tar(
    [{ name: './etc/os-release' }, 'ID=debian\nPRETTY_NAME="Debian 12"\n'],
    npmPackage('kept'),
    npmPackage('replaced'),
    npmPackage('removed'),
    npmPackage('emptied/node_modules/inner'),
    npmPackage('linked'),
  );
  const top = await tar(
    npmPackage('replaced', '2.0.0'),
    [{ name: 'app/node_modules/.wh.removed' }],
    [{ name: 'app/node_modules/emptied/.wh..wh..opq' }],
    [{ name: 'app/node_modules/linked', type: 'symlink', linkname: '/elsewhere' }],
  );
  const read = await packagesOf(gzipSync(base), top);
  expect(names(read)).toEqual(['kept@1.0.0', 'replaced@2.0.0']);
  expect(read).toMatchObject({ system: 'Debian 12', problems: [] });
});

test('a layer that was read is not read again, and what is known of it goes with it', async () => {
  const layer = await tar(npmPackage('once'));
  expect(names(await packagesOf(layer))).toEqual(['once@1.0.0']);
  const path = store.blobs.packagesPathOf(digestOf(layer));
  expect(await readdir(join(path, '..'))).toContain(path.slice(path.lastIndexOf('/') + 1));
  await store.collectGarbage();
  expect(await readdir(join(path, '..'))).not.toContain(path.slice(path.lastIndexOf('/') + 1));
});

test('what cannot be read is said', async () => {
  const layer = await tar(
    [{ name: 'var/lib/rpm/Packages' }, 'x'],
    [{ name: 'var/lib/rpm/rpmdb.sqlite' }, 'not a database'],
    npmPackage('there'),
  );
  const { problems, ...read } = await packagesOf(
    layer,
    layer.subarray(0, 700),
    Buffer.from('no archive at all'.repeat(99)),
  );
  expect(names(read)).toEqual(['there@1.0.0']);
  expect(problems.map(({ path }) => path).sort()).toEqual(
    [
      '/var/lib/rpm/Packages',
      '/var/lib/rpm/rpmdb.sqlite',
      digestOf(layer.subarray(0, 700)),
      digestOf(Buffer.from('no archive at all'.repeat(99))),
    ].sort(),
  );
});

test('a layer in zstd is read', async () => {
  // a frame of zstd with one raw block, which needs no compressor
  const layer = await tar(npmPackage('in-zstd'));
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0]);
  header.writeUInt32LE(layer.length, 5);
  const block = Buffer.alloc(3);
  block.writeUIntLE((layer.length << 3) | 1, 0, 3);
  expect(names(await packagesOf(Buffer.concat([header, block, layer])))).toEqual(['in-zstd@1.0.0']);
});
