import { statfs } from 'node:fs/promises';
import type { Digest } from '../../shared/image.ts';
import { withoutAttached } from './attached-manifests.ts';
import type { BlobStore } from './blob-store.ts';
import { findReachableDigests } from './garbage-collection.ts';
import { createdAnnotation, type LayoutIndex, refName, withoutName, withReference } from './layout-index.ts';
import type { Descriptor } from './manifest.ts';

/**
 * A list that a newer one has replaced, or that has lost its name, stays in the layout's index for a while without a name. So
 * builds of one reference in turn, of different branches or for different platforms, find the layers of their last images, which
 * the nodes then do not send again; and a name that was taken away can be given back.
 *
 * The cache holds lists for {@link maxAgeMs}, the last {@link maxOfReference} of each reference, and what only it needs takes at
 * most {@link maxBytes} and at most as much as is still free on the disk. The lists that were replaced first go first.
 */
const referenceAnnotation = 'barnraiser.replaced';
const timeAnnotation = 'barnraiser.replaced-at';

/** 7 days. */
export const maxAgeMs = 7 * 24 * 3_600_000;
/** 5 GB. */
export const maxBytes = 5_000_000_000;
/** A watch may build every few seconds. */
const maxOfReference = 5;

function isReplaced(entry: Descriptor): boolean {
  return entry.annotations?.[referenceAnnotation] !== undefined;
}

export function withoutReplaced(index: LayoutIndex): LayoutIndex {
  return { ...index, manifests: index.manifests.filter((entry) => !isReplaced(entry)) };
}

/** What stays whether there are replaced lists or not. */
function lasting(index: LayoutIndex): LayoutIndex {
  return withoutAttached(withoutReplaced(index));
}

/** The replaced lists, the last one first. Of those that were replaced at the same time, that is the one that was added last. */
function replacedIn(index: LayoutIndex): Descriptor[] {
  return index.manifests
    .filter(isReplaced)
    .reverse()
    .sort((one, other) => replacedAtMs(other) - replacedAtMs(one));
}

function replacedAtMs({ annotations }: Descriptor): number {
  return Date.parse(annotations?.[timeAnnotation] ?? '') || 0;
}

/**
 * A copy of the index in which a reference names no list: the one that it named is kept as replaced. A list that cannot be read is
 * not kept.
 */
export async function withReplaced(
  blobs: BlobStore,
  index: LayoutIndex,
  reference: string,
  now: Date,
): Promise<LayoutIndex> {
  const old = index.manifests.find((entry) => refName(entry) === reference);
  const isReadable =
    old !== undefined && (await findReachableDigests(blobs, { ...index, manifests: [old] })) !== undefined;
  const others = index.manifests.filter(
    (entry) => entry !== old && !(old && isReplacedOf(entry, reference, old.digest)),
  );
  if (!old || !isReadable || !(await blobs.has(old.digest))) {
    return { ...index, manifests: others };
  }
  const annotations = {
    [createdAnnotation]: now.toISOString(),
    ...old.annotations,
    [referenceAnnotation]: reference,
    [timeAnnotation]: now.toISOString(),
  };
  return { ...index, manifests: [...others, withoutName({ ...old, annotations })] };
}

/** A copy of the index in which a reference names a list that was kept as replaced. Undefined if it is not kept any more. */
export function withRestored(index: LayoutIndex, reference: string, digest: Digest): LayoutIndex | undefined {
  const kept = index.manifests.find((entry) => isReplacedOf(entry, reference, digest));
  if (!kept) {
    return undefined;
  }
  const { [referenceAnnotation]: _, [timeAnnotation]: __, ...annotations } = kept.annotations ?? {};
  return withReference({ ...index, manifests: index.manifests.filter((entry) => entry !== kept) }, reference, {
    ...kept,
    annotations,
  });
}

function isReplacedOf({ digest, annotations }: Descriptor, reference: string, wanted: Digest): boolean {
  return digest === wanted && annotations?.[referenceAnnotation] === reference;
}

/** What the replaced lists need in addition to the rest of the index, the last one first. Empty if a manifest is damaged. */
async function sizesOfReplaced(blobs: BlobStore, index: LayoutIndex): Promise<{ entry: Descriptor; bytes: number }[]> {
  const entries = replacedIn(index);
  const seen = entries.length > 0 ? await findReachableDigests(blobs, lasting(index)) : undefined;
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
  const counts = new Map<string, number>();
  let total = 0;
  for (const { entry, bytes } of await sizesOfReplaced(blobs, index)) {
    const reference = entry.annotations?.[referenceAnnotation] ?? '';
    const count = (counts.get(reference) ?? 0) + 1;
    counts.set(reference, count);
    total += bytes;
    const isOld = now.getTime() - replacedAtMs(entry) > limits.maxAgeMs;
    const hasNameAgain = index.manifests.some((other) => refName(other) === reference && other.digest === entry.digest);
    if (total > limits.maxBytes || isOld || hasNameAgain || count > maxOfReference) {
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
  const needed = await findReachableDigests(blobs, lasting(index));
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
