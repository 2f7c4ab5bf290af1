import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { digestOf } from './digest.ts';
import { ImageStore } from './image-store.ts';
import { readLayoutIndex } from './layout-index.ts';
import { maxAgeMs, maxBytes, withinLimits } from './replaced-lists.ts';
import { addSampleImage, sampleImage } from './testing/sample-image.ts';

let home: string;
let store: ImageStore;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'replaced-'));
  store = await ImageStore.open(join(home, 'images'));
});
afterEach(async () => {
  await store.close();
  await rm(home, { recursive: true });
});

const layer = (text: string): Buffer => gzipSync(text.padEnd(2_000, text));

/** Stores a list whose images consist of these layers. */
async function commit(reference: string, images: Readonly<Record<string, readonly Buffer[]>>) {
  const lease = await store.createLease(reference);
  const added = Object.entries(images).map(([platform, layers]) =>
    addSampleImage(store, lease, sampleImage(platform, { layers })),
  );
  await store.commit(reference, await Promise.all(added));
  await lease.release();
}

const has = (bytes: Buffer): Promise<boolean> => store.blobs.has(digestOf(bytes));

const digestsOf = ({ manifests }: Awaited<ReturnType<typeof index>>) => manifests.map(({ digest }) => digest);

async function index() {
  const read = await readLayoutIndex(store.folder);
  if (!read) {
    throw new Error('the store has no index');
  }
  return read;
}

test('builds of one reference in turn, for different platforms or of different branches, find the layers of their last images', async () => {
  const [base64, baseArm] = [layer('base of amd64'), layer('base of arm64')];
  const parts = [base64, baseArm, layer('one'), layer('two'), layer('three')];
  await commit('api:1', { 'linux/amd64': [base64, layer('one')] });
  await commit('api:1', { 'linux/arm64': [baseArm, layer('two')] });
  await commit('api:1', { 'linux/amd64': [base64, layer('three')] });
  // all that was brought is there, so that the next build of any of them brings nothing
  expect(await Promise.all(parts.map(has))).toEqual([true, true, true, true, true]);
  expect((await store.list()).map(({ reference }) => reference)).toEqual(['api:1']);
  const before = await store.blobs.listDigests();
  for (const name of ['one', 'three', 'one']) {
    await commit('api:1', { 'linux/amd64': [base64, layer(name)] });
  }
  expect((await store.blobs.listDigests()).sort()).toEqual(before.sort());
  // an image that has its name again is not kept a second time
  expect(digestsOf(await index())).toHaveLength(new Set(digestsOf(await index())).size);
});

test('of each reference, only the last replaced lists are kept', async () => {
  for (let number = 0; number < 9; number += 1) {
    await commit('api:1', { 'linux/amd64': [layer(`layer ${number}`)] });
  }
  expect(await Promise.all([0, 2, 3, 7, 8].map((number) => has(layer(`layer ${number}`))))).toEqual([
    false,
    false,
    true,
    true,
    true,
  ]);
});

test('says how much is kept, and frees it when told', async () => {
  await commit('api:1', { 'linux/amd64': [layer('shared'), layer('old')] });
  expect(await store.cacheBytes()).toBe(0);
  await commit('api:1', { 'linux/arm64': [layer('shared'), layer('new')] });
  const bytes = await store.cacheBytes();
  expect(bytes).toBeGreaterThan(layer('old').length);
  expect(await store.clearCache()).toEqual({ freedBytes: bytes });
  expect([await has(layer('shared')), await has(layer('old')), await store.cacheBytes()]).toEqual([true, false, 0]);
});

test('removing an image frees its older lists, and what others keep of it', async () => {
  await commit('web:1', { 'linux/amd64': [layer('base'), layer('web')] });
  await commit('api:1', { 'linux/amd64': [layer('base'), layer('old')] });
  await commit('api:1', { 'linux/arm64': [layer('api')] });
  await commit('other:1', { 'linux/s390x': [layer('unrelated')] });
  await commit('other:1', { 'linux/arm64': [layer('other')] });
  await store.remove('web:1');
  expect([await has(layer('base')), await has(layer('old')), await has(layer('unrelated'))]).toEqual([
    false,
    false,
    true,
  ]);
  await store.remove('other:1');
  expect(await has(layer('unrelated'))).toBe(false);
  expect((await index()).manifests).toHaveLength(1);
});

test('what is too old or too large goes, the list that was replaced first', async () => {
  for (const [number, platform] of ['linux/amd64', 'linux/arm64', 'linux/s390x', 'linux/riscv64'].entries()) {
    await commit('api:1', { [platform]: [layer(`layer ${number}`)] });
  }
  const now = new Date();
  const full = await index();
  expect(full.manifests).toHaveLength(4);
  const count = async (bytes: number, time = now): Promise<number> =>
    (await withinLimits(store.blobs, full, { maxAgeMs, maxBytes: bytes }, time)).manifests.length;
  const each = (await store.cacheBytes()) / 3;
  expect(await count(maxBytes)).toBe(4);
  expect(await count(each * 2.5)).toBe(3);
  expect(await count(each * 1.5)).toBe(2);
  // the list with the name stays
  expect(await count(0)).toBe(1);
  expect(await count(maxBytes, new Date(now.getTime() + maxAgeMs - 60_000))).toBe(4);
  expect(await count(maxBytes, new Date(now.getTime() + maxAgeMs + 60_000))).toBe(1);
  const newest = await withinLimits(store.blobs, full, { maxAgeMs, maxBytes: each * 1.5 }, now);
  expect(newest.manifests).toContain(full.manifests.at(-2));
});

test('a damaged list is not kept and harms no other', async () => {
  await commit('api:1', { 'linux/amd64': [layer('one')] });
  const { digest } = await store.find('api:1');
  await rm(store.blobs.pathOf(digest));
  await commit('api:1', { 'linux/arm64': [layer('two')] });
  expect((await store.list()).map(({ entries }) => entries.length)).toEqual([1]);
  expect((await index()).manifests).toHaveLength(1);
});
