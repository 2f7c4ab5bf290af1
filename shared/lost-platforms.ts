import { formatList } from './format.ts';
import type { ManifestList } from './image.ts';
import type { RawList } from './list-edit.ts';
import { type Platform, parsePlatform } from './platform.ts';

/** The platforms that the list of a tag has, and a list lacks that replaces it. */
export function lostPlatforms(
  { entries }: Pick<RawList, 'entries'>,
  list: { readonly entries: readonly Pick<ManifestList['entries'][number], 'platform'>[] },
): Platform[] {
  const platforms = entries.flatMap(({ describes, platform = '' }) =>
    describes === undefined ? (parsePlatform(platform) ?? []) : [],
  );
  return [...new Set(platforms)].filter((platform) => list.entries.every((entry) => entry.platform !== platform));
}

/** `The list in the registry has linux/arm64, which this one lacks.` */
export function lostText(lost: readonly Platform[]): string {
  return `The list in the registry has ${formatList(lost)}, which this one lacks.`;
}
