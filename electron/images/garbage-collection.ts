import { type Digest, isDigest } from '../../shared/image.ts';
import type { BlobStore } from './blob-store.ts';
import type { LayoutIndex } from './layout-index.ts';
import { readLeasedDigests } from './lease.ts';
import { isImageType, isIndexType, maxManifestBytes } from './manifest.ts';

/**
 * Removes the blobs that neither the index nor a lease refers to, and returns the freed bytes. Call it under the lock
 * of the layout. Removes nothing if a manifest is damaged, because it is unknown which blobs that manifest needs.
 */
export async function collectGarbage(blobs: BlobStore, index: LayoutIndex, workFolder: string): Promise<number> {
  const reachable = await findReachableDigests(blobs, index);
  if (!reachable) {
    return 0;
  }
  const leased = await readLeasedDigests(workFolder);
  let freedBytes = 0;
  for (const digest of await blobs.listDigests()) {
    if (!reachable.has(digest) && !leased.has(digest)) {
      freedBytes += await blobs.remove(digest);
    }
  }
  return freedBytes;
}

/** What {@link collectGarbage} would free. */
export async function unneededBytes(blobs: BlobStore, index: LayoutIndex, workFolder: string): Promise<number> {
  const reachable = await findReachableDigests(blobs, index);
  const leased = reachable ? await readLeasedDigests(workFolder) : undefined;
  let bytes = 0;
  for (const digest of reachable ? await blobs.listDigests() : []) {
    bytes += reachable?.has(digest) || leased?.has(digest) ? 0 : ((await blobs.size(digest)) ?? 0);
  }
  return bytes;
}

/**
 * The digests that the index refers to, directly and through manifests. Undefined if a manifest is damaged: what it
 * referred to is unknown. Each manifest is read once, whatever refers to it.
 */
export async function findReachableDigests(blobs: BlobStore, index: LayoutIndex): Promise<Set<Digest> | undefined> {
  const reachable = new Set<Digest>();
  const examined = new Set<Digest>();
  const pending: Mention[] = [...index.manifests];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { digest, mediaType } = next;
    reachable.add(digest);
    if (examined.has(digest) || !(isIndexType(mediaType) || isImageType(mediaType))) {
      continue;
    }
    examined.add(digest);
    if (!(await mayBeManifest(blobs, digest))) {
      continue;
    }
    let bytes: Buffer;
    try {
      bytes = await blobs.readVerified(digest);
    } catch {
      return undefined;
    }
    for (const mention of findMentions(parseJson(bytes))) {
      if (!examined.has(mention.digest)) {
        pending.push(mention);
      }
    }
  }
  return reachable;
}

/** A missing blob refers to nothing. Neither does a large one: it is only called a manifest by an image that a node made. */
async function mayBeManifest(blobs: BlobStore, digest: Digest): Promise<boolean> {
  const size = await blobs.size(digest);
  return size !== undefined && size <= maxManifestBytes;
}

/** Undefined if it is not JSON: the digest matches, so it never was a manifest. */
function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

interface Mention {
  readonly digest: Digest;
  readonly mediaType: string;
}

/**
 * Everything in a document that looks like a descriptor, at any depth and also in unknown fields of other tools, each
 * once. Nodes choose the depth, so this does not recurse.
 */
function findMentions(document: unknown): Iterable<Mention> {
  const mentions = new Map<string, Mention>();
  const pending = [document];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== 'object' || value === null) {
      continue;
    }
    for (const child of Object.values(value)) {
      pending.push(child);
    }
    if ('digest' in value && typeof value.digest === 'string' && isDigest(value.digest)) {
      const mediaType = 'mediaType' in value && typeof value.mediaType === 'string' ? value.mediaType : '';
      mentions.set(`${value.digest} ${mediaType}`, { digest: value.digest, mediaType });
    }
  }
  return mentions.values();
}
