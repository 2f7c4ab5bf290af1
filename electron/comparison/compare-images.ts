/** Compares two images: in local storage, in registries, or of builds. */
import type { Comparison, PlatformComparison } from '../../shared/compare.ts';
import type { CallRequest } from '../../shared/contract.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { readImagePackages } from '../attestations/packages/image-packages.ts';
import type { ImageStore } from '../images/image-store.ts';
import { fetchBlobs } from '../registry/pull.ts';
import { compareConfigs } from './compare-config.ts';
import { compareFiles } from './compare-files.ts';
import { comparePackages } from './compare-packages.ts';
import { openSide, type Side, type SideImage, type SideLayer, type SideOptions } from './side.ts';

export interface CompareOptions extends SideOptions {
  readonly files: CallRequest<'images.compare'>['files'];
  readonly platforms?: readonly Platform[] | undefined;
}

/**
 * Compares two images. What was fetched for it does not stay.
 * @param a a location of an image, or the id of a build
 * @throws Failure `image.*`, `build.*`, `registry.*`, `reference.invalid`; the reason of the signal
 */
export async function compareImages(a: string, b: string, options: CompareOptions): Promise<Comparison> {
  const first = await openSide(a, options);
  try {
    const second = await openSide(b, options);
    try {
      return await compareSides(first, second, options);
    } finally {
      await second.close();
    }
  } finally {
    await first.close();
  }
}

async function compareSides(a: Side, b: Side, options: CompareOptions): Promise<Comparison> {
  const all = [...new Set([...a.images, ...b.images].map(({ platform }) => platform))].sort();
  const { platforms: wanted } = options;
  const platforms = wanted ? all.filter((platform) => wanted.includes(platform)) : all;
  if (platforms.length === 0) {
    throw fail(
      'image.platform',
      `Neither ${a.name} nor ${b.name} has an image for ${wanted?.join(', ') ?? 'any platform'}.`,
      `They have images for: ${all.join(', ') || 'none'}.`,
    );
  }
  const compared: PlatformComparison[] = [];
  for (const platform of platforms) {
    options.signal.throwIfAborted();
    compared.push(await comparePlatform(platform, a, b, options));
  }
  return {
    a: describe(a),
    b: describe(b),
    isSame: compared.every(({ status }) => status === 'same'),
    platforms: compared,
  };
}

function describe({ name, digest, images, lacks }: Side): Comparison['a'] {
  return { name, digest, platforms: images.map(({ platform }) => platform), ...(lacks === undefined ? {} : { lacks }) };
}

async function comparePlatform(
  platform: Platform,
  a: Side,
  b: Side,
  options: CompareOptions,
): Promise<PlatformComparison> {
  const isOf = (image: SideImage): boolean => image.platform === platform;
  const [before, after] = [a.images.find(isOf), b.images.find(isOf)];
  const status: PlatformComparison['status'] = !before
    ? 'added'
    : !after
      ? 'removed'
      : before.digest === after.digest
        ? 'same'
        : 'changed';
  const facts = {
    ...{ platform, status, layers: compareLayers(before?.layers ?? [], after?.layers ?? []) },
    ...(before ? { a: before.digest, sizeA: before.size } : {}),
    ...(after ? { b: after.digest, sizeB: after.size } : {}),
  } as const;
  if (!before || !after || status === 'same') {
    return facts;
  }
  const [configA, configB] = [await a.readConfig(before), await b.readConfig(after)];
  const config = configA && configB ? { config: compareConfigs(configA, configB) } : {};
  return { ...facts, ...config, ...(await compareContents(a, before, b, after, options)) };
}

/** By their digests, wherever they are in the image. */
function compareLayers(a: readonly SideLayer[], b: readonly SideLayer[]): PlatformComparison['layers'] {
  const has = (layers: readonly SideLayer[], { digest }: SideLayer): boolean =>
    layers.some((each) => each.digest === digest);
  return {
    shared: b.filter((layer) => has(a, layer)),
    added: b.filter((layer) => !has(a, layer)),
    removed: a.filter((layer) => !has(b, layer)),
  };
}

/** Files and packages, where the layers of both are here or may be fetched. */
async function compareContents(
  a: Side,
  before: SideImage,
  b: Side,
  after: SideImage,
  { store, files, signal }: CompareOptions,
): Promise<Partial<PlatformComparison>> {
  if (files === 'none') {
    return {};
  }
  const lease = await store.createLease('compare');
  const fetched: SideLayer[] = [];
  try {
    await lease.hold(...[...before.layers, ...after.layers].map(({ digest }) => digest));
    for (const [side, image] of [
      [a, before],
      [b, after],
    ] as const) {
      const missing = await missingLayers(store, image.layers);
      if (missing.length === 0) {
        continue;
      }
      if (files !== 'fetch' || !side.fetch) {
        const others = [
          ...new Map(
            [...(await missingLayers(store, [...before.layers, ...after.layers]))].map((layer) => [
              layer.digest,
              layer,
            ]),
          ).values(),
        ];
        return { missingBytes: others.reduce((sum, { size }) => sum + size, 0) };
      }
      fetched.push(...missing);
      await fetchBlobs(store, missing, side.fetch, signal);
    }
    const packagesOf = (image: SideImage) =>
      readImagePackages(
        store.blobs,
        { ...image, layers: image.layers.map((layer) => ({ ...layer, mediaType: '' })) },
        { signal },
      );
    return {
      packages: comparePackages(await packagesOf(before), await packagesOf(after)),
      files: await compareFiles(store, before.layers, after.layers, signal),
    };
  } finally {
    await lease.release();
    if (fetched.length > 0) {
      await store.collectGarbage().catch(() => undefined);
    }
  }
}

async function missingLayers(store: ImageStore, layers: readonly SideLayer[]): Promise<SideLayer[]> {
  const missing: SideLayer[] = [];
  for (const layer of layers) {
    if ((await store.blobs.size(layer.digest)) !== layer.size) {
      missing.push(layer);
    }
  }
  return missing;
}
