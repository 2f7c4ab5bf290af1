import { createReadStream, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Digest } from '../../shared/image.ts';
import { outputOf } from '../../shared/output.ts';
import { exportList as exportOutput, type OutputOptions } from './export-list.ts';
import { ImageStore } from './image-store.ts';
import { importArchive } from './import-archive.ts';
import { addSampleImage, platform, sampleAttachment, sampleImage } from './testing/sample-image.ts';

const reference = 'registry.example.com/team/api:1.4';
const exportList = (from: ImageStore, name: string, output: string, options: OutputOptions = {}) =>
  exportOutput(from, name, outputOf(output), options);

let home: string;
let store: ImageStore;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'export-'));
  store = await ImageStore.open(join(home, 'images'));
});

afterEach(async () => {
  await store.close();
  await rm(home, { recursive: true });
});

/** Commits a list of two images, each with an attestation. */
async function commit(name = reference): Promise<Digest> {
  const lease = await store.createLease('build');
  const images = ['linux/amd64', 'linux/arm64'].map((text) => sampleImage(text));
  const list = await store.commit(
    name,
    await Promise.all(
      images.map((image) => addSampleImage(store, lease, image, [sampleAttachment(image, 'attestation')])),
    ),
  );
  await lease.release();
  return list.digest;
}

describe('exporting a list', () => {
  test('to a new folder creates a complete OCI layout', async () => {
    const digest = await commit();
    const path = join(home, 'out');
    let copied = 0;
    const written = await exportList(store, reference, `oci:${path}`, { onBytes: (count) => (copied += count) });
    expect(written).toEqual({ path, bytes: copied, notes: [] });
    const copy = await ImageStore.open(path);
    expect((await copy.find(reference)).digest).toBe(digest);
    expect(await copy.verify(reference)).toEqual(await store.verify(reference));
    expect((await copy.find(reference)).entries).toEqual((await store.find(reference)).entries);
    await copy.close();
  });

  test('to a layout adds the list under the given name and shares blobs', async () => {
    const digest = await commit();
    const other = await commit('other:1');
    const path = join(home, 'out');
    await exportList(store, 'other:1', `oci:${path}:first`);
    await exportList(store, reference, `oci:${path}:second`);
    let copied = 0;
    await exportList(store, reference, `oci:${path}:third`, { onBytes: (count) => (copied += count) });
    expect(copied).toBe(0);
    const index: { manifests: { digest: string; annotations: Record<string, string> }[] } = JSON.parse(
      await readFile(join(path, 'index.json'), 'utf8'),
    );
    expect(
      index.manifests.map((entry) => [entry.annotations['org.opencontainers.image.ref.name'], entry.digest]),
    ).toEqual([
      ['first', other],
      ['second', digest],
      ['third', digest],
    ]);
  });

  test('to a file creates an archive that can be imported', async () => {
    await commit();
    const path = join(home, 'out.tar');
    await exportList(store, reference, `oci-archive:${path}:v1`);
    expect((await readdir(home)).sort()).toEqual(['images', 'images.work', 'out.tar']);
    const other = await ImageStore.open(join(home, 'other'));
    const lease = await other.createLease('import');
    for (const name of ['linux/amd64', 'linux/arm64']) {
      const signal = new AbortController().signal;
      const options = { platform: platform(name), lease, onBytes: () => undefined, signal };
      const image = await importArchive(other, createReadStream(path), options);
      const entry = (await store.find(reference)).entries.find(({ digest }) => digest === image.digest);
      expect(entry?.attachments?.map(({ digest }) => digest)).toEqual(image.attachments.map(({ digest }) => digest));
    }
    await other.close();
  });

  test('does not overwrite existing files', async () => {
    await commit();
    await mkdir(join(home, 'full'));
    await writeFile(join(home, 'full', 'notes.txt'), 'mine');
    for (const destination of [
      `oci:${join(home, 'full')}`,
      `oci:${join(home, 'full', 'notes.txt')}`,
      `oci-archive:${join(home, 'full', 'notes.txt')}`,
      `oci:${store.folder}`,
      `docker-archive:${join(home, 'full', 'notes.txt')}@linux/amd64`,
      `dir:${join(home, 'full')}`,
      `rootfs:${join(home, 'full')}`,
    ]) {
      await expect(exportList(store, reference, destination)).rejects.toMatchObject({
        problem: { code: 'image.destination' },
      });
    }
    expect(await readFile(join(home, 'full', 'notes.txt'), 'utf8')).toBe('mine');
    expect(await readdir(join(home, 'full'))).toEqual(['notes.txt']);
  });

  test('that fails in a new folder removes only what it wrote there', async () => {
    await commit();
    const path = join(home, 'out');
    const abort = new AbortController();
    const onBytes = () => {
      writeFileSync(join(path, 'mine.txt'), 'of another tool');
      abort.abort(new Error('cancelled'));
    };
    await expect(exportList(store, reference, `oci:${path}`, { signal: abort.signal, onBytes })).rejects.toThrow(
      'cancelled',
    );
    expect(await readdir(path)).toEqual(['mine.txt']);
  });

  test('that fails does not take blobs from another export into the same new folder', async () => {
    const digest = await commit();
    const path = join(home, 'out');
    const abort = new AbortController();
    let copied = 0;
    let second: Promise<unknown> | undefined;
    const onBytes = () => {
      second ??= exportList(store, reference, `oci:${path}:second`);
      copied++;
      if (copied === 3) {
        abort.abort(new Error('cancelled'));
      }
    };
    const first = exportList(store, reference, `oci:${path}:first`, { signal: abort.signal, onBytes });
    await expect(first).rejects.toThrow('cancelled');
    await second;
    const copy = await ImageStore.open(path);
    expect((await copy.find('second')).digest).toBe(digest);
    await copy.verify('second');
    await copy.close();
  });

  test('leaves nothing behind when it is cancelled or a blob is damaged', async () => {
    await commit();
    const other = join(home, 'kept');
    await commit('other:1');
    await exportList(store, 'other:1', `oci:${other}`);
    const before = await readdir(join(other, 'blobs', 'sha256'));
    for (const destination of [
      `oci:${join(home, 'out')}`,
      `oci-archive:${join(home, 'out.tar')}`,
      `docker-archive:${join(home, 'out.tar')}@linux/amd64`,
      `dir:${join(home, 'dir')}`,
      `rootfs:${join(home, 'root')}`,
      `rootfs:${join(home, 'root.tar')}`,
      `oci:${other}`,
    ]) {
      const abort = new AbortController();
      const onBytes = () => abort.abort(new Error('cancelled'));
      const cancelled = exportList(store, reference, destination, { signal: abort.signal, onBytes });
      await expect(cancelled).rejects.toThrow('cancelled');
    }
    const layer = (await store.find(reference)).entries[1]?.layers[0];
    await writeFile(store.blobs.pathOf(layer?.digest ?? 'sha256:'), Buffer.alloc(layer?.size ?? 0));
    for (const destination of [
      `oci:${join(home, 'out')}`,
      `oci-archive:${join(home, 'out.tar')}`,
      `dir:${join(home, 'dir')}`,
      `rootfs:${join(home, 'root')}@linux/arm64`,
    ]) {
      await expect(exportList(store, reference, destination)).rejects.toMatchObject({
        problem: { code: 'image.corrupt' },
      });
    }
    expect((await readdir(home)).sort()).toEqual(['images', 'images.work', 'kept', 'out']);
    expect(await readdir(join(home, 'out'))).toEqual([]);
    expect(await readdir(join(other, 'blobs', 'sha256'))).toEqual(before);
  });
});
