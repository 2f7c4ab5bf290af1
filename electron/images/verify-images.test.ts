import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Digest } from '../../shared/image.ts';
import { restoreName, tagImage, untagImage } from './image-names.ts';
import { ImageStore } from './image-store.ts';
import { addSampleImage, sampleImage } from './testing/sample-image.ts';
import { type RepairSource, verifyImages } from './verify-images.ts';

let home: string;
let store: ImageStore;
const { signal } = new AbortController();

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'verify-'));
  store = await ImageStore.open(join(home, 'images'));
});
afterEach(async () => {
  await store.close();
  await rm(home, { recursive: true });
});

async function commit(reference: string, platforms = ['linux/amd64', 'linux/arm64']) {
  const lease = await store.createLease(reference);
  const images = await Promise.all(platforms.map((name) => addSampleImage(store, lease, sampleImage(name))));
  const list = await store.commit(reference, images);
  await lease.release();
  return { list, images };
}

/** Blobs with the content that they had. */
async function copies(...digests: readonly (Digest | undefined)[]): Promise<Map<Digest, Buffer>> {
  const found = new Map<Digest, Buffer>();
  for (const digest of digests) {
    if (digest) {
      found.set(digest, Buffer.concat(await store.blobs.read(digest).toArray()));
    }
  }
  return found;
}

/** Puts back what it has. */
function sourceWith(known: ReadonlyMap<Digest, Buffer>): RepairSource {
  return {
    repair: async ({ problems }, { lease }) => {
      const repaired = new Map<Digest, string>();
      for (const { digest } of problems) {
        const bytes = known.get(digest);
        if (bytes) {
          await lease.hold(digest);
          await store.blobs.put(bytes);
          repaired.set(digest, 'a backup');
        }
      }
      return { repaired, failures: [] };
    },
  };
}

describe('verify', () => {
  test('reads all blobs, each once, and reports the progress', async () => {
    await commit('one:1');
    await tagImage(store, 'one:1', 'two:1');
    const seen: number[] = [];
    const result = await verifyImages(store, { signal, onProgress: (_, done) => void seen.push(done) });
    expect(result.images.map(({ reference, problems }) => [reference, problems])).toEqual([
      ['one:1', []],
      ['two:1', []],
    ]);
    expect(result.blobs).toBe((await store.blobs.listDigests()).length);
    expect(seen.at(-1)).toBe(result.bytes);
    await expect(verifyImages(store, { signal, references: ['gone:1'] })).rejects.toMatchObject({
      problem: { code: 'image.unknown' },
    });
    await expect(verifyImages(store, { signal: AbortSignal.abort(new Error('cancelled')) })).rejects.toThrow(
      'cancelled',
    );
  });

  test('names what is missing and what is damaged, and changes nothing', async () => {
    const { images } = await commit('one:1');
    const [amd, arm] = images;
    await rm(store.blobs.pathOf(amd?.layers[0]?.digest ?? 'sha256:'));
    await appendFile(store.blobs.pathOf(arm?.config.digest ?? 'sha256:'), 'x');
    const { images: found } = await verifyImages(store, { signal, references: ['one:1'] });
    expect(found[0]?.problems.map(({ kind, what }) => `${what} ${kind}`)).toEqual([
      'layer 1 of linux/amd64 missing',
      'the configuration of linux/arm64 damaged',
    ]);
    expect(await readdir(join(home, 'images.work'))).toHaveLength(1);
  });

  test('a damaged blob that no image uses is found, and removed by a repair: it would be taken for a blob of a later image', async () => {
    await commit('one:1');
    const digest = await store.blobs.put(Buffer.from('of a build that failed'));
    await writeFile(store.blobs.pathOf(digest), 'of a build that FAILED');
    const found = await verifyImages(store, { signal });
    expect(found.images.at(-1)?.problems).toMatchObject([{ digest, kind: 'damaged' }]);
    await verifyImages(store, { signal, source: sourceWith(new Map()) });
    expect(await store.blobs.has(digest)).toBe(false);
  });
});

describe('repair', () => {
  test('fetches what is damaged again, from the list down to the layers', async () => {
    const { list, images } = await commit('one:1');
    const [amd, arm] = images;
    const known = await copies(list.digest, amd?.digest, amd?.layers[0]?.digest, arm?.layers[1]?.digest);
    for (const digest of known.keys()) {
      await writeFile(store.blobs.pathOf(digest), 'x'.repeat(known.get(digest)?.length ?? 0));
    }
    expect(await store.list()).toEqual([]);
    const { images: found } = await verifyImages(store, { signal, references: ['one:1'], source: sourceWith(known) });
    expect(found[0]?.problems.map(({ what, repairedFrom }) => `${what} from ${repairedFrom}`)).toEqual([
      'the manifest list from a backup',
      'the manifest of linux/amd64 from a backup',
      'layer 2 of linux/arm64 from a backup',
      'layer 1 of linux/amd64 from a backup',
    ]);
    expect((await verifyImages(store, { signal })).images.every(({ problems }) => problems.length === 0)).toBe(true);
    expect((await store.find('one:1')).digest).toBe(list.digest);
  });

  test('says what no one has. A damaged layer is gone then, so that the next build brings it; a manifest stays', async () => {
    const { images } = await commit('one:1', ['linux/amd64']);
    const [image] = images;
    const layer = image?.layers[0]?.digest ?? 'sha256:';
    await writeFile(store.blobs.pathOf(layer), 'x'.repeat(image?.layers[0]?.size ?? 0));
    const failure = { code: 'image.incomplete' as const, message: 'No one has it.', fix: 'Build it again.' };
    const source: RepairSource = { repair: async () => ({ repaired: new Map(), failures: [failure] }) };
    const { images: found } = await verifyImages(store, { signal, references: ['one:1'], source });
    expect(found[0]).toMatchObject({ problems: [{ digest: layer, kind: 'damaged' }], failures: [failure] });
    expect(await store.blobs.has(layer)).toBe(false);
    await writeFile(store.blobs.pathOf(image?.digest ?? 'sha256:'), 'damaged');
    await verifyImages(store, { signal, references: ['one:1'], source });
    // without it, garbage collection would take the other layers for unused
    expect(await store.blobs.has(image?.digest ?? 'sha256:')).toBe(true);
    expect((await readdir(join(home, 'images.work'))).length).toBe(1);
  });
});

describe('names', () => {
  test('are given, also in place of others, and given back', async () => {
    const { list: one } = await commit('one:1');
    const { list: two } = await commit('two:1');
    expect((await tagImage(store, 'one:1', 'three:1')).replaced).toBeUndefined();
    expect((await tagImage(store, 'one:1', 'two:1')).replaced).toEqual({ digest: two.digest });
    expect((await store.find('two:1')).digest).toBe(one.digest);
    // the image that has lost its name is kept
    await store.collectGarbage();
    expect((await restoreName(store, 'two:1', two.digest)).digest).toBe(two.digest);
    expect((await verifyImages(store, { signal })).images.flatMap(({ problems }) => problems)).toEqual([]);
    await expect(tagImage(store, 'gone:1', 'x:1')).rejects.toMatchObject({ problem: { code: 'image.unknown' } });
  });

  test('are taken away, and the image is kept until the cache is cleared', async () => {
    const { list } = await commit('one:1', ['linux/amd64']);
    await tagImage(store, 'one:1', 'other:1');
    expect(await untagImage(store, 'other:1')).toEqual({ digest: list.digest, isLast: false });
    expect(await untagImage(store, 'one:1')).toEqual({ digest: list.digest, isLast: true });
    await store.collectGarbage();
    expect(await store.list()).toEqual([]);
    expect((await restoreName(store, 'one:1', list.digest)).digest).toBe(list.digest);
    await untagImage(store, 'one:1');
    await store.clearCache();
    expect(await store.blobs.listDigests()).toEqual([]);
    await expect(restoreName(store, 'one:1', list.digest)).rejects.toMatchObject({
      problem: { code: 'image.unknown' },
    });
  });

  test('keep what is said of their list', async () => {
    const lease = await store.createLease('x');
    const image = await addSampleImage(store, lease, sampleImage('linux/amd64'));
    const { platform } = sampleImage('linux/arm64');
    const list = await store.commit('part:1', [image], { missing: [platform] });
    expect((await tagImage(store, 'part:1', 'copy:1')).list.missing).toEqual([platform]);
    await untagImage(store, 'part:1');
    expect((await restoreName(store, 'part:1', list.digest)).missing).toEqual([platform]);
  });
});
