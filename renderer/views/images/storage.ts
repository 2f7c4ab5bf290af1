import type { Digest, ListEntry, ManifestList } from '../../../shared/image.ts';

/** How much local storage an image uses. All sizes are in bytes. */
export interface Footprint {
  /** All blobs of the image, each counted once. An export writes as much. */
  readonly total: number;
  /** Blobs that no other image uses. Deleting the image frees as much. */
  readonly own: number;
  /** Blobs that other images use as well. */
  readonly shared: number;
  /** The references of those images, in the order of the store. */
  readonly sharedWith: readonly string[];
}

/** For each blob, the references whose images contain it. */
export type ReferencesByLayer = ReadonlyMap<Digest, ReadonlySet<string>>;

export function groupReferencesByLayer(lists: readonly ManifestList[]): ReferencesByLayer {
  const referencesByLayer = new Map<Digest, Set<string>>();
  for (const { reference, entries } of lists) {
    for (const { digest } of entries.flatMap(listBlobs)) {
      const references = referencesByLayer.get(digest);
      if (references) {
        references.add(reference);
      } else {
        referencesByLayer.set(digest, new Set([reference]));
      }
    }
  }
  return referencesByLayer;
}

export function computeFootprint(list: ManifestList, byLayer: ReferencesByLayer): Footprint {
  const blobs = new Map(list.entries.flatMap(listBlobs).map((blob) => [blob.digest, blob.size]));
  const sharedWith = new Set<string>();
  let total = 0;
  let own = 0;
  for (const [digest, size] of blobs) {
    const others = [...(byLayer.get(digest) ?? [])].filter((reference) => reference !== list.reference);
    total += size;
    own += others.length === 0 ? size : 0;
    for (const other of others) {
      sharedWith.add(other);
    }
  }
  return { total, own, shared: total - own, sharedWith: [...sharedWith] };
}

/**
 * The layers of an image, what is attached to it and, under the digest of its manifest, everything else (manifest and
 * configuration).
 */
function listBlobs({ digest, size, layers, attachments = [] }: ListEntry): { digest: Digest; size: number }[] {
  const layerBytes = layers.reduce((sum, layer) => sum + layer.size, 0);
  return [...layers, ...attachments, { digest, size: Math.max(0, size - layerBytes) }];
}

/** What is attached to an image, for people: `attestation, application/vnd.example.signature`. */
export function describeAttachments({ attachments = [] }: ListEntry): string {
  return [...new Set(attachments.map(({ type }) => type))].join(', ');
}

/** The other references whose images contain a layer. */
export function otherReferences(digest: Digest, reference: string, byLayer: ReferencesByLayer): readonly string[] {
  return [...(byLayer.get(digest) ?? [])].filter((other) => other !== reference);
}

/** The images whose reference, platforms or digests contain every word of `text`. */
export function filterImages(lists: readonly ManifestList[], text: string): readonly ManifestList[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return words.length === 0
    ? lists
    : lists.filter(({ reference, digest, entries }) => {
        const searchable = [reference, digest, ...entries.flatMap((entry) => [entry.platform, entry.digest])]
          .join(' ')
          .toLowerCase();
        return words.every((word) => searchable.includes(word));
      });
}

export function mediaTypeLabel(mediaType: string): string {
  return mediaType.includes('docker') ? 'Docker manifest list' : 'OCI image index';
}

/** Joins the first `max` names: `api:1.2, api:1.1 and 3 more`. */
export function formatFirst(names: readonly string[], max = 2): string {
  const rest = names.length - max;
  if (rest <= 0) {
    return names.join(', ');
  }
  return `${names.slice(0, max).join(', ')} and ${rest} more`;
}
