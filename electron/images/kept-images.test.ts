import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parsePlatform } from '../../shared/platform.ts';
import { ImageStore } from './image-store.ts';
import type { ReceivedImage } from './manifest.ts';
import { addSampleImage, sampleAttachment, sampleImage } from './testing/sample-image.ts';

const arm64 = parsePlatform('linux/arm64') ?? expect.fail('no platform');

let home: string;
let store: ImageStore;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'barnraiser-kept-'));
  store = await ImageStore.open(join(home, 'images'));
});
afterEach(async () => {
  await store.close();
  await rm(home, { recursive: true });
});

/** Adds an image and keeps it for a build, as a job that has ended does. */
async function keep(buildId: string, reference: string, platform = 'linux/amd64'): Promise<ReceivedImage> {
  const lease = await store.createLease(buildId);
  const layers = [Buffer.from(`the layer of ${buildId} ${platform}`)];
  const sample = sampleImage(platform, { layers });
  const image = await addSampleImage(store, lease, sample, [sampleAttachment(sample, 'attestation')]);
  await store.keep(buildId, reference, [image]);
  await lease.release();
  return image;
}

async function kept(buildId: string, reference = 'other:1'): Promise<string[]> {
  const lease = await store.createLease('test');
  const images = await store.holdImages(buildId, reference, lease);
  await lease.release();
  return images.map(({ digest }) => digest);
}

test('the images of an incomplete build outlive a restart and garbage collection, and are in no list', async () => {
  const image = await keep('b1', 'api:1');
  await store.close();
  store = await ImageStore.open(join(home, 'images'));
  await store.collectGarbage();
  expect(await store.list()).toEqual([]);
  const lease = await store.createLease('retry');
  const [found] = await store.holdImages('b1', 'api:1', lease);
  expect(found).toEqual(image);
  expect(found?.attachments).toHaveLength(1);
  // a retry joins it in a list
  await store.commit('api:1', [image]);
  expect((await store.find('api:1')).entries).toMatchObject([{ attachments: [{ type: 'attestation' }] }]);
  expect(await store.verify('api:1')).toMatchObject({ blobs: 1 + 3 + 3 });
  await lease.release();
});

test('they are removed with their build', async () => {
  await keep('b1', 'api:1');
  const second = await keep('b2', 'api:1');
  await store.releaseKept(['b1', 'unknown']);
  expect([await kept('b1'), await kept('b2')]).toEqual([[], [second.digest]]);
  await store.releaseKept(['b2']);
  expect(await store.blobs.listDigests()).toEqual([]);
});

test('a complete list replaces what incomplete builds of its reference have kept', async () => {
  await keep('b1', 'api:1');
  await keep('b2', 'web:1');
  const image = await keep('b3', 'api:1');
  await store.commit('api:1', [image]);
  expect([await kept('b1'), await kept('b3')]).toEqual([[], []]);
  expect(await kept('b2')).toHaveLength(1);
  expect(await kept('b3', 'api:1')).toEqual([image.digest]);
});

test('an incomplete list says what it lacks and replaces nothing that was kept', async () => {
  const image = await keep('b1', 'api:1');
  const list = await store.commit('api:1', [image], { missing: [arm64] });
  expect(list.missing).toEqual([arm64]);
  expect(await store.find('api:1')).toEqual(list);
  expect(await kept('b1')).toEqual([image.digest]);
});

test('only the newest builds keep their images', async () => {
  const ids = Array.from({ length: 22 }, (_, number) => `b${String(number).padStart(2, '0')}`);
  for (const id of ids) {
    await keep(id, `${id}:1`);
    // entries are sorted by their time of creation
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const counts = await Promise.all(ids.map(async (id) => (await kept(id)).length));
  expect(counts).toEqual([0, 0, ...Array.from({ length: 20 }, () => 1)]);
});
