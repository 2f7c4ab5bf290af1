import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Build } from '../../shared/build.ts';
import { digestOf } from '../images/digest.ts';
import { ImageStore } from '../images/image-store.ts';
import { mediaTypes } from '../images/manifest.ts';
import { addSampleImage, type SampleImage, sampleImage } from '../images/testing/sample-image.ts';
import { FakeRegistry } from '../registry/testing/fake-registry.ts';
import { type CompareOptions, compareImages } from './compare-images.ts';
import { findDifferences } from './exact-differences.ts';

let folder: string;
let store: ImageStore;
let registry: FakeRegistry;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'compare-'));
  store = await ImageStore.open(join(folder, 'images'));
  registry = await FakeRegistry.start();
});
afterEach(async () => {
  await registry.stop();
  await store.close();
  await rm(folder, { recursive: true });
});

type Entry = Partial<Header> & { readonly name: string; readonly content?: string };
const noTime = new Date(0);

async function layer(...entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content = '', ...header } of entries) {
    archive.entry({ mtime: noTime, ...header }, content);
  }
  archive.finalize();
  return gzipSync(Buffer.concat(await Readable.from(archive).toArray()));
}

const status = (packages: readonly string[]): Entry => ({
  name: 'var/lib/dpkg/status',
  content: packages
    .map((each) => each.split('='))
    .map(
      ([name, version]) =>
        `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n\n`,
    )
    .join(''),
});

async function commit(reference: string, ...images: readonly SampleImage[]) {
  const lease = await store.createLease('test');
  const received = await Promise.all(images.map((image) => addSampleImage(store, lease, image)));
  const list = await store.commit(reference, received);
  await lease.release();
  return list;
}

function serve(tag: string, { config, layers, manifest, mediaType }: SampleImage): string {
  for (const blob of [config, ...layers]) {
    registry.blobs.set(digestOf(blob), blob);
  }
  for (const name of [tag, digestOf(manifest)]) {
    registry.manifests.set(name, { mediaType, bytes: manifest });
  }
  return `docker://${registry.host}/team/api:${tag}`;
}

const compare = (a: string, b: string, overrides: Partial<CompareOptions> = {}) =>
  compareImages(a, b, {
    ...{ store, files: 'here', tlsVerify: false, signal: new AbortController().signal },
    credentials: { env: {}, home: folder, platform: 'linux', uid: 1, root: folder },
    findBuild: async () => {
      throw new Error('no build is asked for');
    },
    ...overrides,
  });

const config = (values: object) => ({ os: 'linux', architecture: 'amd64', config: values, rootfs: { type: 'layers' } });
const base = () => layer({ name: 'etc/base', content: randomBytes(9).toString('hex') });

describe('two images', () => {
  test('differ in layers, configuration, packages and files, the largest change first', async () => {
    const shared = await base();
    const before = sampleImage('linux/amd64', {
      layers: [
        shared,
        await layer(
          ...[status(['curl=7.88', 'zlib1g=1.2'])],
          ...[
            { name: 'app/a', content: 'x'.repeat(10) },
            { name: 'app/gone', content: 'x'.repeat(500) },
          ],
          ...[
            { name: 'app/run', content: 'run', mode: 0o644 },
            { name: 'app/same', content: 'same' },
          ],
          ...[{ name: 'app/touched', content: 'old' }],
        ),
      ],
      config: config({ Env: ['A=1', 'SAME=x'], Labels: { team: 'a' }, ExposedPorts: { '80/tcp': {} }, Cmd: ['a'] }),
    });
    const after = sampleImage('linux/amd64', {
      layers: [
        shared,
        await layer(
          ...[status(['curl=8.0', 'libssl3=3.0'])],
          ...[
            { name: 'app/a', content: 'x'.repeat(2000) },
            { name: 'app/same', content: 'same' },
          ],
          ...[{ name: 'app/run', content: 'run', mode: 0o755 }],
          ...[{ name: 'app/touched', content: 'new', mtime: new Date(1_000_000) }],
        ),
      ],
      config: config({ Env: ['A=2', 'SAME=x'], Labels: { team: 'a', new: '' }, Cmd: ['a'] }),
    });
    await commit('api:1', before, sampleImage('linux/arm64'));
    await commit('api:2', after);
    const { isSame, platforms } = await compare('api:1', 'api:2');
    expect(isSame).toBe(false);
    expect(platforms).toMatchObject([
      {
        platform: 'linux/amd64',
        status: 'changed',
        layers: { shared: [{ digest: digestOf(shared) }], added: [{}], removed: [{}] },
        config: [
          { name: 'env A', a: '1', b: '2' },
          { name: 'port 80/tcp', a: 'yes' },
          { name: 'label new', b: '""' },
        ],
        packages: {
          ...{ added: 1, removed: 1, changed: 1, problems: 0 },
          entries: expect.arrayContaining([
            { name: 'deb curl', a: '7.88', b: '8.0' },
            { name: 'deb libssl3', b: '3.0' },
          ]),
        },
        files: { added: 0, removed: 1, rewritten: 1, isPartial: false },
      },
      { platform: 'linux/arm64', status: 'removed' },
    ]);
    const paths = platforms[0]?.files?.entries.map(({ path, change, note }) => [path, change, note ?? ''].join(' '));
    expect(paths?.[0]).toBe('/app/a changed ');
    expect(paths).toContain('/app/run changed mode 644 → 755');
    expect(paths?.at(-1)).toBe('/app/touched rewritten ');
    expect(paths?.some((path) => path.includes('/app/same'))).toBe(false);
    expect((await compare('api:1', 'api:2', { platforms: ['linux/arm64' as never] })).platforms).toHaveLength(1);
    await expect(compare('api:1', 'api:2', { platforms: ['linux/s390x' as never] })).rejects.toMatchObject({
      problem: { code: 'image.platform', fix: expect.stringContaining('linux/amd64, linux/arm64') },
    });
  });

  test('are the same although their lists differ', async () => {
    const image = sampleImage('linux/amd64');
    await commit('api:1', image);
    const { isSame, a, b } = await compare('api:1', serve('1', image));
    expect(isSame).toBe(true);
    expect(a.digest).not.toBe(b.digest);
  });

  test('in a registry are compared by their files only where that is asked for, and nothing that was fetched stays', async () => {
    const [one, other] = [
      sampleImage('linux/amd64', { layers: [await base(), await layer({ name: 'a', content: '1' })] }),
      sampleImage('linux/amd64', { layers: [await layer({ name: 'a', content: '22' })] }),
    ];
    const names = [serve('1', one), serve('2', other)] as const;
    const [here] = (await compare(...names)).platforms;
    const size = [...one.layers, ...other.layers].reduce((sum, { length }) => sum + length, 0);
    expect(here).toMatchObject({ status: 'changed', missingBytes: size });
    expect(here?.files).toBeUndefined();
    const [fetched] = (await compare(...names, { files: 'fetch' })).platforms;
    expect(fetched?.files).toMatchObject({ removed: 1, changed: 1 });
    expect(await readdir(join(folder, 'images', 'blobs', 'sha256')).catch(() => [])).toEqual([]);
  });

  test('that a registry has altered are not compared', async () => {
    const image = sampleImage('linux/amd64', { layers: [await layer({ name: 'a', content: '1' })] });
    const name = serve('1', image);
    const [bytes = Buffer.of()] = image.layers;
    registry.blobs.set(digestOf(bytes), Buffer.from(bytes).fill(0, 20, 24));
    await commit('api:1', sampleImage('linux/amd64', { layers: [await base()] }));
    await expect(compare('api:1', name, { files: 'fetch' })).rejects.toMatchObject({
      problem: { code: 'registry.refused' },
    });
  });

  test('of an old build are compared by what its record says', async () => {
    const image = sampleImage('linux/amd64');
    const list = await commit('api:1', image);
    const findBuild = async () => ({ list }) as unknown as Build;
    const id = '20260301-101500-k3f';
    expect(await compare(id, 'api:1', { findBuild })).toMatchObject({ isSame: true, a: { name: id } });
    await store.remove('api:1');
    await store.collectGarbage();
    await commit('api:1', sampleImage('linux/amd64'));
    const { a, platforms } = await compare(id, 'api:1', { findBuild });
    expect(a.lacks).toContain('no longer in local storage');
    expect(platforms[0]).toMatchObject({ status: 'changed', layers: { removed: [{}, {}] } });
    expect(platforms[0]?.config).toBeUndefined();
  });

  test('have names and values without escapes', async () => {
    const hostile = (value: string) =>
      sampleImage('linux/amd64', { config: config({ Labels: { 'a\u001b[31m': `${value}\u001b]0;x\u0007` } }) });
    await commit('api:1', hostile('1'));
    await commit('api:2', hostile('2'));
    const [first] = (await compare('api:1', 'api:2')).platforms;
    expect(first?.config).toHaveLength(1);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
    expect(JSON.stringify(first?.config)).not.toMatch(/[\u0000-\u001f]|\\u001b/);
  });
});

describe('exact differences', () => {
  async function differences(before: SampleImage, after: SampleImage) {
    await commit('one:1', before);
    await commit('two:1', after);
    const [one, two] = [await store.leaseList('one:1'), await store.leaseList('two:1')];
    const [a, b] = [one.stored.images[0], two.stored.images[0]];
    if (!a || !b) {
      throw new Error('nothing was stored');
    }
    const found = await findDifferences(store.blobs, a, b, new AbortController().signal);
    await one.lease.release();
    await two.lease.release();
    return found.differences;
  }

  test('name the fields and files, with times and contents', async () => {
    const file = (content: string, mtime = noTime) => layer({ name: 'app/a', content, mtime }, { name: 'b' });
    const before = sampleImage('linux/amd64', {
      layers: [await file('1')],
      config: { ...config({ Env: ['A=1'] }), created: '2026-01-01T00:00:00Z' },
    });
    const after = sampleImage('linux/amd64', {
      layers: [await file('2', new Date(1_000_000))],
      config: { ...config({ Env: ['A=1', 'B=2'] }), created: '2026-01-02T00:00:00Z' },
    });
    expect(await differences(before, after)).toEqual([
      { part: 'configuration', name: 'created', text: '"2026-01-01T00:00:00Z" → "2026-01-02T00:00:00Z"' },
      { part: 'configuration', name: 'config.Env.1', text: 'missing → "B=2"' },
      { part: 'file', name: '/app/a', text: expect.stringMatching(/^time 1970.* → 1970.*, content$/) },
    ]);
  });

  test('say when only the compression differs', async () => {
    const [bytes] = [await layer({ name: 'a', content: 'x'.repeat(5000) })];
    const again = gzipSync((await import('node:zlib')).gunzipSync(bytes), { level: 1 });
    const found = await differences(
      sampleImage('linux/amd64', { layers: [bytes] }),
      sampleImage('linux/amd64', { layers: [again] }),
    );
    expect(found).toEqual([{ part: 'layer', name: 'layer 1', text: 'the same files in another order or compression' }]);
  });

  test('of the same image are none', async () => {
    const image = sampleImage('linux/amd64');
    expect(await differences(image, { ...image, mediaType: mediaTypes.ociManifest })).toEqual([]);
  });
});
