import type { Digest, ListEntry, ManifestList } from '../../../shared/image.ts';

export interface LayerPart {
  readonly key: string;
  readonly number: number;
  readonly digest: Digest;
  readonly size: number;
  /** Who else has it: other platforms of the list, other references in local storage. */
  readonly sharedWith: readonly string[];
}

/** The layers of an image in their order, each with who shares it: what is shared takes its place on the disk once. */
export function layersOf(entry: ListEntry, list: ManifestList, stored: readonly ManifestList[]): LayerPart[] {
  const others = stored.filter(({ reference }) => reference !== list.reference);
  const has = (candidate: ListEntry, digest: Digest): boolean =>
    candidate.layers.some((layer) => layer.digest === digest);
  return entry.layers.map(({ digest, size }, index) => ({
    key: `${index} ${digest}`,
    number: index + 1,
    digest,
    size,
    sharedWith: [
      ...list.entries.filter((other) => other !== entry && has(other, digest)).map(({ platform }) => platform),
      ...others.filter(({ entries }) => entries.some((other) => has(other, digest))).map(({ reference }) => reference),
    ],
  }));
}

export function sharedBytes(layers: readonly LayerPart[]): number {
  return layers.reduce((sum, { size, sharedWith }) => sum + (sharedWith.length > 0 ? size : 0), 0);
}
