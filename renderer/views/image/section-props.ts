import type { ManifestList } from '../../../shared/image.ts';
import type { Platform } from '../../../shared/platform.ts';

/** What each section of an image gets. */
export interface ImageSectionProps {
  readonly reference: string;
  /** The platform that is chosen. A section that shows all platforms gets the first one. */
  readonly platform: Platform;
  readonly list: ManifestList;
  /** What follows the id of the section in the route, after a dash: `files-3` is layer 3. */
  readonly part?: string | undefined;
}
