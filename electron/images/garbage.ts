import { type Digest, isDigest } from '../../shared/image.ts';
import type { Blobs } from './blobs.ts';
import type { LayoutIndex } from './layout-index.ts';
import { heldDigests } from './lease.ts';
import { isImageType, isIndexType } from './manifest.ts';

/**
 * Removes the blobs that neither the index nor a lease refers to, and tells how many bytes that freed. Call it under the
 * layout's lock. Where a manifest cannot be read nobody knows what it refers to, so then nothing is removed.
 */
export async function collectGarbage(blobs: Blobs, index: LayoutIndex, work: string): Promise<number> {
  const reachable = await reachableDigests(blobs, index);
  if (!reachable) {
    return 0;
  }
  const held = await heldDigests(work);
  let freed = 0;
  for (const digest of await blobs.digests()) {
    if (!reachable.has(digest) && !held.has(digest)) {
      freed += await blobs.remove(digest);
    }
  }
  return freed;
}

async function reachableDigests(blobs: Blobs, index: LayoutIndex): Promise<Set<Digest> | undefined> {
  const reached = new Set<Digest>();
  const open: { digest: Digest; mediaType: string }[] = [...index.manifests];
  for (let next = open.pop(); next; next = open.pop()) {
    if (reached.has(next.digest) && !isIndexType(next.mediaType)) {
      continue;
    }
    reached.add(next.digest);
    if (!isIndexType(next.mediaType) && !isImageType(next.mediaType)) {
      continue;
    }
    let document: unknown;
    try {
      document = JSON.parse((await blobs.readSmall(next.digest)).toString('utf8'));
    } catch {
      return undefined;
    }
    for (const mentioned of mentions(document)) {
      if (!reached.has(mentioned.digest)) {
        open.push(mentioned);
      }
    }
  }
  return reached;
}

/** Everything in a document that looks like a descriptor, wherever it stands: other tools' fields count too. */
function mentions(document: unknown): { digest: Digest; mediaType: string }[] {
  if (typeof document !== 'object' || document === null) {
    return [];
  }
  const deeper = Object.values(document).flatMap(mentions);
  if (!('digest' in document) || typeof document.digest !== 'string' || !isDigest(document.digest)) {
    return deeper;
  }
  const mediaType = 'mediaType' in document && typeof document.mediaType === 'string' ? document.mediaType : '';
  return [{ digest: document.digest, mediaType }, ...deeper];
}
