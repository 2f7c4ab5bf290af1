import type { Digest, ListEntry, ManifestList } from '../../../shared/image.ts';

/** What of a reference lies in local storage, and what would go with it. All in bytes. */
export interface Footprint {
  /** Everything it needs, each blob once: what an export writes. */
  readonly total: number;
  /** What nothing else needs: what deleting it frees. */
  readonly own: number;
  /** What other references need, too. */
  readonly shared: number;
  /** Those references, in the order of the store. */
  readonly sharers: readonly string[];
}

/** Who needs each layer: its digest → the references whose images have it. */
export type LayerUsers = ReadonlyMap<Digest, ReadonlySet<string>>;

export function layerUsers(lists: readonly ManifestList[]): LayerUsers {
  const users = new Map<Digest, Set<string>>();
  for (const { reference, entries } of lists) {
    for (const { digest } of entries.flatMap(blobsOf)) {
      const found = users.get(digest);
      if (found) {
        found.add(reference);
      } else {
        users.set(digest, new Set([reference]));
      }
    }
  }
  return users;
}

export function footprintOf(list: ManifestList, users: LayerUsers): Footprint {
  const blobs = new Map(list.entries.flatMap(blobsOf).map((blob) => [blob.digest, blob.size]));
  const sharers = new Set<string>();
  let total = 0;
  let own = 0;
  for (const [digest, size] of blobs) {
    const others = [...(users.get(digest) ?? [])].filter((reference) => reference !== list.reference);
    total += size;
    own += others.length === 0 ? size : 0;
    for (const other of others) {
      sharers.add(other);
    }
  }
  return { total, own, shared: total - own, sharers: [...sharers] };
}

/** The layers of an image, and under its own digest what it needs beside them: its configuration. */
function blobsOf({ digest, size, layers }: ListEntry): { digest: Digest; size: number }[] {
  const inLayers = layers.reduce((sum, layer) => sum + layer.size, 0);
  return [...layers, { digest, size: Math.max(0, size - inLayers) }];
}

/** The other references that have a layer. */
export function othersWith(digest: Digest, reference: string, users: LayerUsers): readonly string[] {
  return [...(users.get(digest) ?? [])].filter((other) => other !== reference);
}

/** The lists whose reference or platforms hold every word of a text. */
export function filterLists(lists: readonly ManifestList[], text: string): readonly ManifestList[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return words.length === 0
    ? lists
    : lists.filter(({ reference, digest, entries }) => {
        const where = [reference, digest, ...entries.flatMap((entry) => [entry.platform, entry.digest])]
          .join(' ')
          .toLowerCase();
        return words.every((word) => where.includes(word));
      });
}

/** What a media type is called. */
export function kindOf(mediaType: string): string {
  return mediaType.includes('docker') ? 'Docker manifest list' : 'OCI image index';
}

/** Names in a line, the first few of many: `api:1.2, api:1.1 and 3 more`. */
export function someOf(names: readonly string[], most = 2): string {
  const rest = names.length - most;
  if (rest <= 0) {
    return names.join(', ');
  }
  return `${names.slice(0, most).join(', ')} and ${rest} more`;
}
