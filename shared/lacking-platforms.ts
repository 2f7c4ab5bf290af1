import type { ManifestList } from './image.ts';
import type { Platform } from './platform.ts';

/** The platforms that a list lacks although they are not optional. */
export function lackingPlatforms({
  missing = [],
  optional = [],
}: Pick<ManifestList, 'missing' | 'optional'>): Platform[] {
  return missing.filter((platform) => !optional.includes(platform));
}
