import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ImageLocation } from '../../shared/image-location.ts';
import { platformParts } from '../../shared/platform.ts';
import { digestOf } from '../images/digest.ts';
import { entriesOf, entryPlatform, mergeEntries } from '../images/edit-list.ts';
import { ImageStore } from '../images/image-store.ts';
import { mediaTypes, type RawManifest } from '../images/manifest.ts';
import {
  platform,
  type SampleAttachment,
  type SampleImage,
  sampleAttachment,
  sampleImage,
} from '../images/testing/sample-image.ts';
import { BlobLocations } from './blob-locations.ts';
import { type CopyOptions, copyImage } from './copy-image.ts';
import { openRepository } from './remote-image.ts';
import { editTag } from './remote-lists.ts';
import { FakeRegistry } from './testing/fake-registry.ts';

let from: FakeRegistry;
let to: FakeRegistry;
let folder: string;
let store: ImageStore;

beforeEach(async () => {
  from = await FakeRegistry.start();
  to = await FakeRegistry.start();
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-copy-'));
  store = await ImageStore.open(join(folder, 'images'));
});
afterEach(async () => {
  await store.close();
  await from.stop();
  await to.stop();
  await rm(folder, { recursive: true, force: true });
});

const at = (registry: FakeRegistry, tag: string, repository = 'team/api') =>
  ({ kind: 'registry', registry: registry.host, repository, tag }) as const;

const access = () => ({
  credentials: { env: {}, home: '/nonexistent', platform: 'linux', uid: 1, root: '/nonexistent' } as const,
  tlsVerify: false,
  signal: new AbortController().signal,
  wait: async () => {},
});

function copy(source: ImageLocation, destination: ImageLocation, overrides: Partial<CopyOptions> = {}) {
  return copyImage({
    ...{ sources: [source], destination, ifExists: 'replace', attachments: true, store },
    ...{ sourceAccess: access(), destinationAccess: access(), signal: access().signal },
    change: (work) => work(),
    onProgress: () => {},
    ...overrides,
  });
}

function serve(
  registry: FakeRegistry,
  tag: string,
  images: readonly SampleImage[],
  more: readonly SampleAttachment[] = [],
): RawManifest {
  for (const { config, layers, manifest, mediaType } of [...images, ...more]) {
    for (const blob of [config, ...layers]) {
      registry.blobs.set(digestOf(blob), blob);
    }
    registry.manifests.set(digestOf(manifest), { mediaType, bytes: manifest });
  }
  const manifests = images.map(({ manifest, mediaType, platform: own }) => ({
    ...{ mediaType, digest: digestOf(manifest), size: manifest.length },
    platform: platformParts(own),
  }));
  const bytes = Buffer.from(JSON.stringify({ manifests, mediaType: mediaTypes.ociIndex, schemaVersion: 2 }, null, 1));
  const list = { bytes, digest: digestOf(bytes), mediaType: mediaTypes.ociIndex };
  registry.manifests.set(tag, list);
  registry.manifests.set(list.digest, list);
  return list;
}

const listAt = (registry: FakeRegistry, tag: string) =>
  registry.manifests.get(tag) ?? { bytes: Buffer.of(), mediaType: '' };
const platformsAt = (registry: FakeRegistry, tag: string) => entriesOf(listAt(registry, tag)).map(entryPlatform);

test('a list goes from one registry to another as it is, with its signatures, and its tag last', async () => {
  const [amd64, arm64] = [sampleImage('linux/amd64'), sampleImage('linux/arm64')];
  const signature = sampleAttachment(amd64, 'referrer');
  const list = serve(from, '1.4', [amd64, arm64], [signature]);
  const cosign = sampleAttachment(arm64, 'attestation');
  serve(from, 'unused', [], [cosign]);
  const cosignTag = `${list.digest.replace(':', '-')}.sig`;
  from.manifests.set(cosignTag, { mediaType: cosign.mediaType, bytes: cosign.manifest });

  const copied = await copy(at(from, '1.4'), at(to, '1.4', 'mirror/api'));
  expect(copied).toMatchObject({ digest: list.digest, attachments: 2 });
  expect(digestOf(listAt(to, '1.4').bytes)).toBe(list.digest);
  expect(digestOf(listAt(to, cosignTag).bytes)).toBe(digestOf(cosign.manifest));
  expect(to.manifests.has(digestOf(signature.manifest))).toBe(true);
  const puts = to.log.filter((line) => line.startsWith('PUT') && line.includes('/manifests/'));
  expect(puts.at(-1)).toBe('PUT /v2/mirror/api/manifests/1.4');
  expect(await store.blobs.listDigests()).toEqual([]);

  const here = await copy(at(to, '1.4', 'mirror/api'), { kind: 'local', reference: 'api:1.4' });
  expect(here).toMatchObject({ digest: list.digest, attachments: 2 });
  const attached = await store.attachedTo([list.digest, digestOf(amd64.manifest)]);
  expect(attached.map((each) => each.attached)).toEqual([
    { subject: digestOf(amd64.manifest), role: 'attestations', tag: undefined },
    { subject: list.digest, role: 'signatures', tag: cosignTag },
  ]);
  await store.remove('api:1.4');

  const sent = to.requests.length;
  const again = await copy(at(from, '1.4'), at(to, '1.4', 'mirror/api'));
  expect(again.copiedBytes).toBe(0);
  expect(to.requests.slice(sent).filter(({ method }) => method === 'PATCH' || method === 'POST')).toEqual([]);

  await copy(at(from, '1.4'), at(to, 'bare'), { attachments: false, platforms: [platform('linux/arm64')] });
  expect(platformsAt(to, 'bare')).toEqual(['linux/arm64']);
});

test('a single image stays one, and its registry mounts what it has', async () => {
  const arm64 = sampleImage('linux/arm64');
  serve(from, 'unused', [arm64]);
  from.manifests.set('1.4', { mediaType: arm64.mediaType, bytes: arm64.manifest });
  const blobs = new Map(from.blobs);
  from.mountable.set('team/api', blobs);
  from.blobs.clear();
  const copied = await copy(at(from, '1.4'), at(from, '1.5', 'other/api'), { locations: new BlobLocations(folder) });
  expect(copied).toMatchObject({ digest: digestOf(arm64.manifest), copiedBytes: 0 });
  expect(from.requests.filter(({ path }) => path.includes('mount=sha256'))).toHaveLength(blobs.size);
});

test('several images are joined, here and in a registry, and a list that is there is kept unless it is to be replaced', async () => {
  const [amd64, arm64, s390x] = [sampleImage('linux/amd64'), sampleImage('linux/arm64'), sampleImage('linux/s390x')];
  serve(from, 'a', [amd64]);
  serve(from, 'b', [arm64, s390x]);
  const sources = [at(from, 'a'), at(from, 'b')];
  await copy(at(from, 'a'), { kind: 'local', reference: 'api:1' }, { sources });
  expect((await store.find('api:1')).entries.map((entry) => entry.platform)).toEqual([
    'linux/amd64',
    'linux/arm64',
    'linux/s390x',
  ]);
  await store.verify('api:1');

  const newAmd64 = sampleImage('linux/amd64');
  serve(from, 'c', [newAmd64]);
  const merged = await copy(at(from, 'c'), { kind: 'local', reference: 'api:1' }, { ifExists: 'merge' });
  expect(merged.kept).toEqual(['linux/arm64', 'linux/s390x']);
  expect((await store.find('api:1')).entries[0]?.digest).toBe(digestOf(newAmd64.manifest));

  await copy({ kind: 'local', reference: 'api:1' }, at(to, '1'), { ifExists: 'refuse' });
  expect(platformsAt(to, '1')).toEqual(['linux/amd64', 'linux/arm64', 'linux/s390x']);
  await expect(copy(at(from, 'a'), at(to, '1'), { ifExists: 'refuse' })).rejects.toThrow('There is already an image');
});

test('a merge into a list that somebody else changes at the same time keeps their change', async () => {
  const [amd64, arm64, theirs] = [sampleImage('linux/amd64'), sampleImage('linux/arm64'), sampleImage('linux/s390x')];
  serve(to, '1', [amd64]);
  serve(from, '1', [arm64]);
  let others = 1;
  to.fault = (request, _response, { path }) => {
    if (request.method === 'HEAD' && path.endsWith('/manifests/1') && others > 0) {
      others -= 1;
      const current = listAt(to, '1');
      const added = serve(to, 'theirs', [theirs]);
      const list = mergeEntries({ ...current, digest: digestOf(current.bytes) }, entriesOf(added));
      to.manifests.set('1', list);
    }
    return false;
  };
  const merged = await copy(at(from, '1'), at(to, '1'), { ifExists: 'merge' });
  expect(merged).toMatchObject({ hasRaced: true, kept: ['linux/amd64', 'linux/s390x'] });
  expect(platformsAt(to, '1')).toEqual(['linux/amd64', 'linux/s390x', 'linux/arm64']);
});

test('a tag that others change again and again is given up', async () => {
  serve(to, '1', [sampleImage('linux/amd64')]);
  to.fault = (request, _response, { path }) => {
    if (request.method === 'HEAD' && path.endsWith('/manifests/1')) {
      serve(to, '1', [sampleImage('linux/amd64')]);
    }
    return false;
  };
  const client = await openRepository(at(to, '1'), access(), 'push');
  const added = entriesOf(serve(to, 'b', [sampleImage('linux/arm64')]));
  const edit = editTag(client, at(to, '1'), (current) => mergeEntries(current ?? serve(to, 'c', []), added));
  await expect(edit).rejects.toThrow('again and again');
  expect(to.log).not.toContain('PUT /v2/team/api/manifests/1');
  await client.close();
});

test('Windows images of several versions of the system stay apart, and keep what says so', async () => {
  const windows = (version: string, features?: string[]) =>
    sampleImage('windows/amd64', {
      config: {
        ...{ os: 'windows', architecture: 'amd64', 'os.version': version, rootfs: { type: 'layers', diff_ids: [] } },
        ...(features ? { 'os.features': features } : {}),
      },
    });
  const [older, newest] = [windows('10.0.17763.1'), windows('10.0.20348.2', ['win32k'])];
  for (const [tag, image] of Object.entries({ 2019: older, 2022: newest })) {
    serve(from, `list-${tag}`, [image]);
    from.manifests.set(tag, { mediaType: image.mediaType, bytes: image.manifest });
  }
  await copy(at(from, '2019'), at(to, '1'), { sources: [at(from, '2019'), at(from, '2022')] });
  const systems = () =>
    entriesOf(listAt(to, '1')).map(({ platform: its }) => [its?.['os.version'], its?.['os.features']]);
  expect(systems()).toEqual([
    ['10.0.17763.1', undefined],
    ['10.0.20348.2', ['win32k']],
  ]);
  // here and back, and a merge replaces only the same version
  await copy(at(to, '1'), { kind: 'local', reference: 'windows:1' });
  await copy({ kind: 'local', reference: 'windows:1' }, at(to, 'back'));
  expect(listAt(to, 'back').bytes.equals(listAt(to, '1').bytes)).toBe(true);
  const newer = windows('10.0.17763.1');
  from.manifests.set('newer', { mediaType: newer.mediaType, bytes: newer.manifest });
  for (const blob of [newer.config, ...newer.layers]) {
    from.blobs.set(digestOf(blob), blob);
  }
  await copy(at(from, 'newer'), at(to, '1'), { ifExists: 'merge' });
  expect(systems().map(([version]) => version)).toEqual(['10.0.17763.1', '10.0.20348.2']);
  expect(entriesOf(listAt(to, '1')).map(({ digest }) => digest)).toEqual([
    digestOf(newer.manifest),
    digestOf(newest.manifest),
  ]);
});
