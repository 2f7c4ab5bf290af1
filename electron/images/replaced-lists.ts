import { statfs } from 'node:fs/promises';
import type { Digest } from '../../shared/image.ts';
import { type Platform, platformOf } from '../../shared/platform.ts';
import type { BlobStore } from './blob-store.ts';
import { findReachableDigests } from './garbage-collection.ts';
import { createdAnnotation, type LayoutIndex, refName } from './layout-index.ts';
import { type Descriptor, parseManifest } from './manifest.ts';

/**
 * A list that a newer one has replaced stays in the layout's index for a while, without a name, if the newer one lacks some
 * of its platforms. So builds of one reference for different platforms, in turn, find the layers of their last images, which
 * the nodes then do not send again.
 *
 * The cache holds lists for {@link maxAgeMs}, and what only it needs takes at most {@link maxBytes} and at most as much as is
 * still free on the disk. The lists that were replaced first go first.
 */
const referenceAnnotation = 'barnraiser.replaced';
const timeAnnotation = 'barnraiser.replaced-at';
const platformsAnnotation = 'barnraiser.platforms';

/** 7 days. */
export const maxAgeMs = 7 * 24 * 3_600_000;
/** 5 GB. */
export const maxBytes = 5_000_000_000;

function isReplaced(entry: Descriptor): boolean {
  return entry.annotations?.[referenceAnnotation] !== undefined;
}

export function withoutReplaced(index: LayoutIndex): LayoutIndex {
  return { ...index, manifests: index.manifests.filter((entry) => !isReplaced(entry)) };
}

/** The replaced lists, the last one first. */
function replacedIn(index: LayoutIndex): Descriptor[] {
  return index.manifests.filter(isReplaced).sort((one, other) => replacedAtMs(other) - replacedAtMs(one));
}

function replacedAtMs({ annotations }: Descriptor): number {
  return Date.parse(annotations?.[timeAnnotation] ?? '') || 0;
}

/**
 * A copy of the index in which the list of a reference is kept as replaced, before a list with these platforms takes its
 * name. Lists that have no other platforms are not kept: nodes keep only their newest image.
 */
export async function withReplaced(
  blobs: BlobStore,
  index: LayoutIndex,
  reference: string,
  platforms: readonly Platform[],
  now: Date,
): Promise<LayoutIndex> {
  const hasAll = (others: readonly string[]): boolean =>
    others.every((other) => platforms.some((own) => own === other));
  const manifests = index.manifests.filter(
    ({ annotations }) =>
      annotations?.[referenceAnnotation] !== reference || !hasAll(annotations[platformsAnnotation]?.split(',') ?? []),
  );
  const old = manifests.find((entry) => refName(entry) === reference);
  const oldPlatforms = old ? await platformsOf(blobs, old) : [];
  if (!old || hasAll(oldPlatforms)) {
    return { ...index, manifests };
  }
  const { mediaType, digest, size } = old;
  const annotations = {
    [createdAnnotation]: old.annotations?.[createdAnnotation] ?? now.toISOString(),
    [referenceAnnotation]: reference,
    [timeAnnotation]: now.toISOString(),
    [platformsAnnotation]: oldPlatforms.join(','),
  };
  return { ...index, manifests: [...manifests, { mediaType, digest, size, annotations }] };
}

/** The platforms of a list. None if it is damaged. */
async function platformsOf(blobs: BlobStore, { digest, mediaType }: Descriptor): Promise<Platform[]> {
  try {
    const list = parseManifest(await blobs.readVerified(digest), mediaType);
    return list.kind === 'index'
      ? list.manifests.flatMap(({ platform }) => (platform && platformOf(platform)) ?? [])
      : [];
  } catch {
    return [];
  }
}

/** What the replaced lists need in addition to the rest of the index, the last one first. Empty if a manifest is damaged. */
async function sizesOfReplaced(blobs: BlobStore, index: LayoutIndex): Promise<{ entry: Descriptor; bytes: number }[]> {
  const entries = replacedIn(index);
  const seen = entries.length > 0 ? await findReachableDigests(blobs, withoutReplaced(index)) : undefined;
  const sizes: { entry: Descriptor; bytes: number }[] = [];
  for (const entry of seen ? entries : []) {
    let bytes = 0;
    for (const digest of await digestsOf(blobs, entry)) {
      bytes += seen?.has(digest) ? 0 : ((await blobs.size(digest)) ?? 0);
      seen?.add(digest);
    }
    sizes.push({ entry, bytes });
  }
  return sizes;
}

async function digestsOf(blobs: BlobStore, entry: Descriptor): Promise<ReadonlySet<Digest>> {
  return (await findReachableDigests(blobs, { schemaVersion: 2, manifests: [entry] })) ?? new Set();
}

/** The bytes that only replaced lists need. */
export async function replacedBytes(blobs: BlobStore, index: LayoutIndex): Promise<number> {
  return (await sizesOfReplaced(blobs, index)).reduce((sum, { bytes }) => sum + bytes, 0);
}

export interface ReplacedLimits {
  readonly maxAgeMs: number;
  readonly maxBytes: number;
}

/** The default limits. Less space is used when the disk of the blobs is nearly full. */
export async function replacedLimits(blobs: BlobStore): Promise<ReplacedLimits> {
  const { bavail, bsize } = await statfs(blobs.folder);
  return { maxAgeMs, maxBytes: Math.min(maxBytes, bavail * bsize) };
}

/** The index without the replaced lists that are beyond the limits. The same object if there are none. */
export async function withinLimits(
  blobs: BlobStore,
  index: LayoutIndex,
  limits: ReplacedLimits,
  now: Date,
): Promise<LayoutIndex> {
  const dropped = new Set<Descriptor>();
  let total = 0;
  for (const { entry, bytes } of await sizesOfReplaced(blobs, index)) {
    total += bytes;
    if (total > limits.maxBytes || now.getTime() - replacedAtMs(entry) > limits.maxAgeMs) {
      dropped.add(entry);
    }
  }
  return without(index, dropped);
}

/**
 * The index without the replaced lists that hold what people expect to be freed when `removed` is removed: older lists of its
 * reference, and any list with a blob that is needed for nothing else.
 * @param index the index without `removed`.
 */
export async function withoutHoldersOf(
  blobs: BlobStore,
  index: LayoutIndex,
  removed: Descriptor,
): Promise<LayoutIndex> {
  const needed = await findReachableDigests(blobs, withoutReplaced(index));
  const freed = new Set([...(await digestsOf(blobs, removed))].filter((digest) => !needed?.has(digest)));
  const dropped = new Set<Descriptor>();
  for (const entry of replacedIn(index)) {
    const isOfReference = entry.annotations?.[referenceAnnotation] === refName(removed);
    if (isOfReference || [...(await digestsOf(blobs, entry))].some((digest) => freed.has(digest))) {
      dropped.add(entry);
    }
  }
  return without(index, dropped);
}

function without(index: LayoutIndex, dropped: ReadonlySet<Descriptor>): LayoutIndex {
  return dropped.size === 0 ? index : { ...index, manifests: index.manifests.filter((entry) => !dropped.has(entry)) };
}
