import { type Digest, isDigest } from '../../shared/image.ts';
import type { BlobStore } from './blob-store.ts';
import type { LayoutIndex } from './layout-index.ts';
import { readLeasedDigests } from './lease.ts';
import { isImageType, isIndexType } from './manifest.ts';

/**
 * Removes the blobs that neither the index nor a lease refers to, and returns the freed bytes. Call it under the lock
 * of the layout. Removes nothing if a manifest cannot be read, because it is unknown which blobs that manifest needs.
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

/** The digests that the index refers to, directly and through manifests. Undefined if a manifest cannot be read. */
async function findReachableDigests(blobs: BlobStore, index: LayoutIndex): Promise<Set<Digest> | undefined> {
  const reachable = new Set<Digest>();
  const pending: { digest: Digest; mediaType: string }[] = [...index.manifests];
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (reachable.has(next.digest) && !isIndexType(next.mediaType)) {
      continue;
    }
    reachable.add(next.digest);
    if (!isIndexType(next.mediaType) && !isImageType(next.mediaType)) {
      continue;
    }
    let document: unknown;
    try {
      document = JSON.parse((await blobs.readVerified(next.digest)).toString('utf8'));
    } catch {
      return undefined;
    }
    for (const descriptor of findDescriptors(document)) {
      if (!reachable.has(descriptor.digest)) {
        pending.push(descriptor);
      }
    }
  }
  return reachable;
}

/** Everything in a document that looks like a descriptor, at any depth and also in unknown fields of other tools. */
function findDescriptors(document: unknown): { digest: Digest; mediaType: string }[] {
  if (typeof document !== 'object' || document === null) {
    return [];
  }
  const nested = Object.values(document).flatMap(findDescriptors);
  if (!('digest' in document) || typeof document.digest !== 'string' || !isDigest(document.digest)) {
    return nested;
  }
  const mediaType = 'mediaType' in document && typeof document.mediaType === 'string' ? document.mediaType : '';
  return [{ digest: document.digest, mediaType }, ...nested];
}
