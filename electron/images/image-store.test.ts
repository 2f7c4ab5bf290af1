import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { giveToOtherProcess } from '../system/testing/heartbeat-of-other.ts';
import { digestOf } from './digest.ts';
import { ImageStore } from './image-store.ts';
import { mediaTypes } from './manifest.ts';
import { addSampleImage, sampleAttachment, sampleImage } from './testing/sample-image.ts';

const reference = 'registry.example.com/team/api:1.4';
let home: string;
let folder: string;
let store: ImageStore;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'image-store-'));
  folder = join(home, 'images');
  store = await ImageStore.open(folder);
});

afterEach(async () => {
  await store.close();
  await rm(home, { recursive: true });
});

async function commit(name: string, platforms: readonly string[], target = store) {
  const lease = await target.createLease(name);
  const images = platforms.map((text) => sampleImage(text));
  const list = await target.commit(
    name,
    await Promise.all(images.map((image) => addSampleImage(target, lease, image))),
  );
  await lease.release();
  return { list, images };
}

function blobCount(): Promise<number> {
  return readdir(join(folder, 'blobs', 'sha256')).then((names) => names.length);
}

/** Runs a program in another process. Resolves with its first output. */
async function runInProcess(program: string) {
  const imports = `
    import { ImageStore } from ${JSON.stringify(new URL('./image-store.ts', import.meta.url).href)};
    import { addSampleImage, sampleImage } from ${JSON.stringify(new URL('./testing/sample-image.ts', import.meta.url).href)};
    import { digestOf } from ${JSON.stringify(new URL('./digest.ts', import.meta.url).href)};
    const folder = ${JSON.stringify(folder)};
  `;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', imports + program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  const [output] = await once(child.stdout, 'data');
  return { child, exit, output: String(output) };
}

describe('the image store', () => {
  test('is an OCI layout that names each list by its reference', async () => {
    const { list } = await commit(reference, ['linux/arm64', 'linux/amd64']);
    expect(JSON.parse(await readFile(join(folder, 'oci-layout'), 'utf8'))).toEqual({ imageLayoutVersion: '1.0.0' });
    const index: unknown = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8'));
    expect(index).toMatchObject({
      schemaVersion: 2,
      manifests: [{ digest: list.digest, annotations: { 'org.opencontainers.image.ref.name': reference } }],
    });
    expect(await readdir(folder)).toEqual(['blobs', 'index.json', 'oci-layout']);
  });

  test('lists and finds a committed list', async () => {
    const { list, images } = await commit(reference, ['linux/arm64', 'linux/amd64']);
    expect(await store.find(reference)).toEqual(list);
    expect(await store.list()).toEqual([list]);
    expect(list.entries.map(({ platform }) => platform)).toEqual(['linux/amd64', 'linux/arm64']);
    const arm = images[0];
    expect(list.entries[1]).toMatchObject({
      digest: digestOf(arm?.manifest ?? Buffer.alloc(0)),
      size: [arm?.config, ...(arm?.layers ?? [])].reduce((sum, bytes) => sum + (bytes?.length ?? 0), 0),
    });
    expect(await store.verify(reference)).toMatchObject({ blobs: 9 });
  });

  test('keeps its lists when it is opened again', async () => {
    const { list } = await commit(reference, ['linux/amd64']);
    await store.close();
    store = await ImageStore.open(folder);
    expect(await store.list()).toEqual([list]);
  });

  test('replaces an older list with the same reference, and removes the blobs that only that list needed with the cache', async () => {
    await commit(reference, ['linux/amd64']);
    const { list } = await commit(reference, ['linux/amd64']);
    expect(await store.list()).toEqual([list]);
    // both have the same configuration
    expect(await blobCount()).toBe(9);
    await store.clearCache();
    // two layers, a configuration, a manifest, the list
    expect(await blobCount()).toBe(5);
  });

  test('does not commit an image with a missing or truncated blob, and leaves the index unchanged', async () => {
    const lease = await store.createLease('broken');
    const image = sampleImage('linux/amd64');
    const info = await addSampleImage(store, lease, image);
    const before = await readFile(join(folder, 'index.json'), 'utf8');
    const path = store.blobs.pathOf(info.layers[0]?.digest ?? info.digest);
    await truncate(path, 10);
    await expect(store.commit(reference, [info])).rejects.toMatchObject({ problem: { code: 'image.incomplete' } });
    await rm(path);
    await expect(store.commit(reference, [info])).rejects.toMatchObject({
      problem: { code: 'image.incomplete', detail: expect.stringContaining(info.layers[0]?.digest ?? '-') },
    });
    expect(await readFile(join(folder, 'index.json'), 'utf8')).toBe(before);
  });

  test('does not commit after its signal has aborted', async () => {
    const info = await addSampleImage(store, await store.createLease('x'), sampleImage('linux/amd64'));
    const aborted = AbortSignal.abort(new Error('cancelled'));
    await expect(store.commit(reference, [info], { signal: aborted })).rejects.toThrow('cancelled');
    expect(await store.list()).toEqual([]);
  });

  test('keeps the attachments of its images, and commits none whose blobs are missing', async () => {
    const image = sampleImage('linux/arm64');
    const attachments = [sampleAttachment(image, 'attestation'), sampleAttachment(image, 'referrer')];
    const lease = await store.createLease('build');
    const received = await addSampleImage(store, lease, image, attachments);
    const list = await store.commit(reference, [received]);
    await lease.release();
    expect(list.entries.map(({ platform }) => platform)).toEqual(['linux/arm64']);
    expect(list.entries[0]?.attachments?.map(({ digest }) => digest)).toEqual(
      attachments.map(({ manifest }) => digestOf(manifest)),
    );
    await store.collectGarbage();
    await store.verify(reference);
    await store.blobs.remove(digestOf(attachments[0]?.layers[0] ?? Buffer.from('')));
    await expect(store.commit('other:1', [received])).rejects.toMatchObject({ problem: { code: 'image.incomplete' } });
  });

  test('rejects an unknown reference', async () => {
    await expect(store.find('api:2')).rejects.toMatchObject({ problem: { code: 'image.unknown' } });
    await expect(store.remove('api:2')).rejects.toMatchObject({
      problem: { code: 'image.unknown', fix: expect.not.stringContaining('build') },
    });
  });

  test('names the blob that is damaged on the disk', async () => {
    const { list } = await commit(reference, ['linux/amd64']);
    const layer = list.entries[0]?.layers[1]?.digest ?? list.digest;
    const bytes = await readFile(store.blobs.pathOf(layer));
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    await writeFile(store.blobs.pathOf(layer), bytes);
    await expect(store.verify(reference)).rejects.toMatchObject({
      problem: { code: 'image.corrupt', message: expect.stringContaining(layer) },
    });
  });

  test('reports a broken index with its path and never overwrites it', async () => {
    const { images } = await commit(reference, ['linux/amd64']);
    const path = join(folder, 'index.json');
    await writeFile(path, '{"schemaVersion":2,"manif');
    const broken = { problem: { code: 'image.corrupt', message: expect.stringContaining(path) } };
    await expect(store.list()).rejects.toMatchObject(broken);
    const lease = await store.createLease('again');
    const added = await Promise.all(images.map((image) => addSampleImage(store, lease, image)));
    await expect(store.commit(reference, added)).rejects.toMatchObject(broken);
    await expect(store.remove(reference)).rejects.toMatchObject(broken);
    await (await ImageStore.open(folder)).close();
    expect(await readFile(path, 'utf8')).toBe('{"schemaVersion":2,"manif');
  });

  test('does not take a folder with blobs and no index for an empty one', async () => {
    await commit(reference, ['linux/amd64']);
    await rm(join(folder, 'index.json'));
    await rm(join(folder, 'oci-layout'));
    await expect(ImageStore.open(folder)).rejects.toMatchObject({ problem: { code: 'image.corrupt' } });
  });

  test('reads a blob from an offset, and names a blob that is missing', async () => {
    const digest = await store.blobs.put(Buffer.from('0123456789'));
    const chunks: Buffer[] = [];
    for await (const chunk of store.blobs.read(digest, { start: 7 })) {
      chunks.push(chunk);
    }
    expect(Buffer.concat(chunks).toString()).toBe('789');
    const missing = digestOf(Buffer.from('never written'));
    await expect(store.blobs.read(missing).toArray()).rejects.toMatchObject({
      problem: { code: 'image.incomplete', message: expect.stringContaining(missing) },
    });
  });
});

describe('removing a list', () => {
  test('removes its blobs and keeps those that another list shares', async () => {
    const lease = await store.createLease('both');
    const shared = sampleImage('linux/amd64');
    const other = sampleImage('linux/arm64', { layers: [...shared.layers, Buffer.from('one more')] });
    await store.commit('a:1', [await addSampleImage(store, lease, shared)]);
    await store.commit('b:1', [await addSampleImage(store, lease, other)]);
    await lease.release();
    const before = await totalBytes();
    const { freedBytes } = await store.remove('b:1');
    expect(before - (await totalBytes())).toBe(freedBytes);
    expect(freedBytes).toBeGreaterThan(0);
    expect(await store.verify('a:1')).toMatchObject({ blobs: 5 });
    await store.remove('a:1');
    expect(await blobCount()).toBe(0);
  });

  test('keeps the blobs of a lease until it is released', async () => {
    const lease = await store.createLease('build');
    const digest = digestOf(Buffer.from('a layer'));
    await lease.hold(digest);
    await store.blobs.put(Buffer.from('a layer'));
    expect(await store.collectGarbage()).toEqual({ freedBytes: 0 });
    expect(await store.blobs.has(digest)).toBe(true);
    await lease.release();
    expect(await store.collectGarbage()).toEqual({ freedBytes: 7 });
    expect(await store.blobs.has(digest)).toBe(false);
  });

  test('keeps the blobs while the list is leased', async () => {
    await commit(reference, ['linux/amd64']);
    const { stored, lease } = await store.leaseList(reference);
    await store.remove(reference);
    expect(await store.blobs.has(stored.images[0]?.layers[0]?.digest ?? stored.list.digest)).toBe(true);
    await lease.release();
    await store.collectGarbage();
    expect(await blobCount()).toBe(0);
  });

  test('removes no blobs while a manifest cannot be read', async () => {
    await commit('a:1', ['linux/amd64']);
    const { list } = await commit('b:1', ['linux/amd64']);
    await writeFile(store.blobs.pathOf(list.digest), 'damaged');
    expect(await store.remove('a:1')).toEqual({ freedBytes: 0 });
    expect((await store.list()).map((entry) => entry.reference)).toEqual([]);
    await expect(store.find('b:1')).rejects.toMatchObject({ problem: { code: 'image.corrupt' } });
    expect(await store.damaged()).toEqual([{ reference: 'b:1', blocksCleanup: true }]);
    await store.remove('b:1');
    expect(await store.damaged()).toEqual([]);
    expect(await blobCount()).toBe(0);
  });

  test('names an image whose manifest is missing, which blocks nothing', async () => {
    const { list } = await commit('a:1', ['linux/amd64']);
    await rm(store.blobs.pathOf(list.digest));
    await commit('b:1', ['linux/arm64']);
    expect(await store.damaged()).toEqual([{ reference: 'a:1', blocksCleanup: false }]);
    expect((await store.remove('b:1')).freedBytes).toBeGreaterThan(0);
  });

  describe('does not let one image keep the garbage of others', () => {
    /** Adds a document to the index as another tool could, without a check. */
    async function addManifest(document: string): Promise<void> {
      const bytes = Buffer.from(document);
      await store.blobs.put(bytes);
      const path = join(folder, 'index.json');
      const index = JSON.parse(await readFile(path, 'utf8'));
      index.manifests.push({ mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length });
      await writeFile(path, JSON.stringify(index));
    }

    async function expectGarbageToGo(): Promise<void> {
      const { list } = await commit('good:1', ['linux/amd64']);
      expect((await store.remove('good:1')).freedBytes).toBeGreaterThan(0);
      expect(await store.blobs.has(list.digest)).toBe(false);
    }

    test('with a field that is nested very deep', async () => {
      await addManifest(`{"x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`);
      await expectGarbageToGo();
    });

    test('with many mentions of large indexes', async () => {
      const filler = 'x'.repeat(1_000_000);
      const indexes = Array.from({ length: 8 }, (_, n) => Buffer.from(JSON.stringify({ n, filler })));
      for (const index of indexes) {
        await store.blobs.put(index);
      }
      const mentions = indexes.map((index) => ({ mediaType: mediaTypes.ociIndex, digest: digestOf(index) }));
      await addManifest(JSON.stringify({ x: Array.from({ length: 2_000 }, () => mentions) }));
      const read = vi.spyOn(store.blobs, 'readVerified');
      await expectGarbageToGo();
      expect(read.mock.calls.length).toBeLessThan(40);
    });

    test('with mentions of manifests that do not exist, are too large or are something else', async () => {
      const layers = [Buffer.alloc(5 * 1024 * 1024), Buffer.from('no JSON'), Buffer.from('missing')];
      for (const layer of layers.slice(0, 2)) {
        await store.blobs.put(layer);
      }
      const mentions = layers.map((layer) => ({ mediaType: mediaTypes.ociIndex, digest: digestOf(layer) }));
      await addManifest(JSON.stringify({ mentions }));
      await expectGarbageToGo();
      expect(await store.blobs.has(digestOf(Buffer.from('no JSON')))).toBe(true);
    });
  });

  async function totalBytes(): Promise<number> {
    const sizes = await Promise.all((await store.blobs.listDigests()).map((digest) => store.blobs.size(digest)));
    return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  }
});

describe('several processes on one store', () => {
  test('a blob that another process has leased stays until that process ends, even if it is killed', async () => {
    const { child, exit, output } = await runInProcess(`
      const store = await ImageStore.open(folder);
      const lease = await store.createLease('build');
      const bytes = Buffer.from('a layer of another process');
      await lease.hold(digestOf(bytes));
      await store.blobs.put(bytes);
      await store.blobs.createWriter().write(Buffer.from('part of a blob'));
      process.stdout.write(digestOf(bytes));
      process.stdin.resume();
    `);
    await store.collectGarbage();
    expect(await store.blobs.listDigests()).toEqual([output]);
    child.kill('SIGKILL');
    await exit;
    await store.collectGarbage();
    expect(await blobCount()).toBe(0);
    expect(await readdir(`${folder}.work`)).toHaveLength(2);
    await (await ImageStore.open(folder)).close();
    // opening the store removes the incomplete blob and the lease of the dead process
    expect(await readdir(`${folder}.work`)).toHaveLength(1);
  });

  test('a staging area whose heartbeat has stopped is stale even if a process with its id is running', async () => {
    const other = await ImageStore.open(folder);
    const lease = await other.createLease('build');
    const digest = digestOf(Buffer.from('x'));
    await lease.hold(digest);
    await store.blobs.put(Buffer.from('x'));
    for (const name of await readdir(`${folder}.work`)) {
      await giveToOtherProcess(join(`${folder}.work`, name, 'heartbeat'), 60_000);
    }
    expect(await store.collectGarbage()).toEqual({ freedBytes: 1 });
    await other.close();
  });

  test('lists that are committed at the same time are all stored', async () => {
    const program = (name: string) => `
      const store = await ImageStore.open(folder);
      process.stdout.write('ready');
      await new Promise((resolve) => process.stdin.once('data', resolve));
      for (let n = 0; n < 5; n += 1) {
        const lease = await store.createLease('build');
        await store.commit('${name}:' + n, [await addSampleImage(store, lease, sampleImage('linux/amd64'))]);
        await lease.release();
      }
      await store.close();
      process.stdin.destroy();
    `;
    const others = await Promise.all(['a', 'b'].map((name) => runInProcess(program(name))));
    for (const { child } of others) {
      child.stdin.write('go\n');
    }
    await Promise.all([0, 1, 2, 3, 4].map((n) => commit(`c:${n}`, ['linux/arm64'])));
    for (const { exit } of others) {
      expect(await exit).toEqual([0, null]);
    }
    const lists = await store.list();
    expect(lists.map((list) => list.reference).sort()).toEqual(
      ['a', 'b', 'c'].flatMap((name) => [0, 1, 2, 3, 4].map((n) => `${name}:${n}`)),
    );
    for (const list of lists) {
      await store.verify(list.reference);
    }
  });

  test('a kill during commits leaves every list in the index complete', async () => {
    const { child, exit } = await runInProcess(`
      const store = await ImageStore.open(folder);
      for (let n = 0; ; n += 1) {
        const lease = await store.createLease('build');
        await store.commit('a:' + (n % 3), [await addSampleImage(store, lease, sampleImage('linux/amd64'))]);
        await lease.release();
        process.stdout.write('.');
      }
    `);
    let commits = 0;
    while (commits < 8) {
      const [dots] = await once(child.stdout, 'data');
      commits += String(dots).length;
    }
    child.kill('SIGKILL');
    await exit;
    for (const { reference: name } of await store.list()) {
      await store.verify(name);
    }
    expect((await store.list()).length).toBe(3);
    // the dead process may have held the lock, which must become available
    await commit(reference, ['linux/amd64']);
    expect((await store.list()).length).toBe(4);
  });
});
