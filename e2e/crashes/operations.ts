/** What a process does with an image store until it is killed. Each can be done again. */
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { exportList } from '../../electron/images/export-list.ts';
import { restoreName, tagImage, untagImage } from '../../electron/images/image-names.ts';
import { ImageStore } from '../../electron/images/image-store.ts';
import { loadImages } from '../../electron/images/load-images.ts';
import type { ReceivedImage } from '../../electron/images/manifest.ts';
import { createReceiver } from '../../electron/images/receiver/receiver.ts';
import { addSampleImage, platform, sampleImage } from '../../electron/images/testing/sample-image.ts';
import { pushList } from '../../electron/registry/push.ts';
import { systemPaths } from '../../electron/system/system-paths.ts';
import { outputOf } from '../../shared/output.ts';
import { seededBytes } from './seeds.ts';

export interface Scene {
  /** Has the store `images`, and what is loaded into it. */
  readonly folder: string;
  readonly seed: number;
  /** host:port of a registry, for pushes. */
  readonly registry: string;
}

export const names = { stable: 'stable:1', changing: 'changing:1', other: 'other:1' } as const;

type Operation = (store: ImageStore, scene: Scene) => Promise<void>;

const signal = new AbortController().signal;

/** The images of a list with two platforms. The same number gives the same images. */
async function addImages(
  store: ImageStore,
  number: number,
  lease: Awaited<ReturnType<ImageStore['createLease']>>,
): Promise<ReceivedImage[]> {
  const images: ReceivedImage[] = [];
  for (const name of ['linux/amd64', 'linux/arm64']) {
    const layers = [seededBytes(`base of ${name}`, 20_000), seededBytes(`${number} ${name}`, 300_000)];
    const config = {
      ...{ os: 'linux', architecture: name.slice(6) },
      rootfs: { type: 'layers', diff_ids: [] },
      number,
    };
    images.push(await addSampleImage(store, lease, sampleImage(name, { layers, config })));
  }
  return images;
}

export async function commitNumber(store: ImageStore, reference: string, number: number): Promise<void> {
  const lease = await store.createLease(reference);
  try {
    await store.commit(reference, await addImages(store, number, lease));
  } finally {
    await lease.release();
  }
}

export const operations = {
  write: (store, { seed }) => commitNumber(store, `new-${seed}:1`, seed),
  replace: (store, { seed }) => commitNumber(store, names.changing, seed),
  keep: async (store, { seed }) => {
    const lease = await store.createLease('keep');
    const [image] = await addImages(store, seed, lease);
    await store.keep('20260101-000000-crash', names.changing, image ? [image] : []);
    await lease.release();
    await store.releaseKept(['20260101-000000-crash']);
  },
  remove: async (store) => {
    await store.remove(names.other).catch(() => undefined);
    await store.clearCache();
  },
  collect: async (store, { seed }) => {
    const lease = await store.createLease('left');
    await addImages(store, seed, lease);
    await lease.release();
    await store.collectGarbage();
  },
  tag: async (store) => {
    const { replaced } = await tagImage(store, names.stable, names.changing);
    if (replaced) {
      await restoreName(store, names.changing, replaced.digest);
    }
    // killed in between, it has no such name any more
    const untagged = await untagImage(store, names.other).catch(() => undefined);
    if (untagged) {
      await restoreName(store, names.other, untagged.digest);
    }
  },
  load: async (store, { folder }) => {
    for (const name of ['oci.tar', 'docker.tar']) {
      await loadImages(store, join(folder, name), { signal });
    }
  },
  export: async (store, { folder }) => {
    await mkdir(join(folder, 'out'), { recursive: true });
    for (const output of outputsIn(folder)) {
      await exportList(store, names.stable, outputOf(output), { replaces: true });
    }
    // a layout keeps its other images
    await exportList(store, names.other, outputOf(`oci:${join(folder, 'out', 'layout')}:${names.other}`), {});
  },
  receive: async (store, { folder, seed }) => {
    const receiver = createReceiver(store);
    await once(receiver.server.listen(0, '127.0.0.1'), 'listening');
    const source = await ImageStore.open(join(folder, 'source'));
    const lease = await store.createLease('receive');
    const admission = receiver.admit({
      ...{ repository: 'crash/api', tag: 'one', lease, signal, platform: platform('linux/amd64') },
      onBytes: () => undefined,
    });
    await commitNumber(source, 'sent:1', seed);
    const { stored, lease: sourceLease } = await source.leaseList('sent:1');
    const images = stored.images.filter((image) => image.platform === 'linux/amd64');
    const { port } = receiver.server.address() as AddressInfo;
    await pushBlobs(source, `127.0.0.1:${port}`, admission, images);
    await store.commit(`received-${seed}:1`, [await admission.received]);
    await sourceLease.release();
    await lease.release();
    await source.close();
    await receiver.close();
  },
  push: async (store, { registry, seed }) => {
    await commitNumber(store, `pushed-${seed}:1`, seed);
    const { stored, lease } = await store.leaseList(`pushed-${seed}:1`);
    await pushList({
      ...stored,
      destination: pushedTo(registry, seed),
      blobs: {
        read: (digest, options) => store.blobs.read(digest, options),
        size: async (digest) => (await store.blobs.size(digest)) ?? 0,
      },
      credentials: systemPaths(),
      tlsVerify: false,
      onProgress: () => undefined,
      signal,
    });
    await lease.release();
  },
} as const satisfies Readonly<Record<string, Operation>>;

export function outputsIn(folder: string): string[] {
  const path = (name: string): string => join(folder, 'out', name);
  return [
    `oci:${path('layout')}:${names.stable}`,
    `oci-archive:${path('oci.tar')}`,
    `docker-archive:${path('docker.tar')}@linux/amd64`,
    `dir:${path('dir')}`,
  ];
}

export type OperationName = keyof typeof operations;

export function pushedTo(registry: string, seed: number) {
  return { registry, repository: `crashes/run-${seed}`, tag: '1' };
}

/** Sends an image as an engine does: its blobs, then its manifest under the tag. */
async function pushBlobs(
  source: ImageStore,
  address: string,
  { username, password, tag }: { readonly username: string; readonly password: string; readonly tag: string },
  images: Awaited<ReturnType<ImageStore['leaseList']>>['stored']['images'],
): Promise<void> {
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const base = `http://${address}/v2/crash/api`;
  for (const { config, layers, bytes, mediaType } of images) {
    for (const { digest } of [...layers, config]) {
      const start = await fetch(`${base}/blobs/uploads/`, { method: 'POST', headers: { authorization } });
      const location = new URL(start.headers.get('location') ?? '', base);
      location.searchParams.set('digest', digest);
      const body = Buffer.concat(await source.blobs.read(digest).toArray());
      const put = await fetch(location, {
        method: 'PUT',
        headers: { authorization, 'content-type': 'application/octet-stream' },
        body,
      });
      if (put.status !== 201) {
        throw new Error(`the receiver answered ${put.status}: ${await put.text()}`);
      }
    }
    const put = await fetch(`${base}/manifests/${tag}`, {
      method: 'PUT',
      headers: { authorization, 'content-type': mediaType },
      body: new Uint8Array(bytes),
    });
    if (put.status !== 201) {
      throw new Error(`the receiver answered ${put.status}: ${await put.text()}`);
    }
  }
}
