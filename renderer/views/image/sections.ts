import { type LazyPart, lazyPart } from '../../parts/lazy-part.tsx';
import type { ImageSectionProps } from './section-props.ts';

export interface ImageSection {
  /** Its part of the route. */
  readonly id: string;
  /** The text of its tab. */
  readonly label: string;
  /** Whether it shows one platform, so that another one can be chosen. */
  readonly hasPlatform: boolean;
  /** It fills the space below the tabs and scrolls its own content. Others scroll as a whole, with a margin. */
  readonly isFull?: boolean;
  readonly Part: LazyPart<ImageSectionProps>;
}

/** The tabs of an image, in their order. The code of each is loaded when it is opened. */
export const imageSections: readonly ImageSection[] = [
  {
    id: 'platforms',
    label: 'Platforms',
    hasPlatform: false,
    Part: lazyPart(async () => (await import('./PlatformsSection.tsx')).PlatformsSection),
  },
  {
    id: 'configuration',
    label: 'Configuration',
    hasPlatform: true,
    Part: lazyPart(async () => (await import('./ConfigurationSection.tsx')).ConfigurationSection),
  },
  {
    id: 'history',
    label: 'History',
    hasPlatform: true,
    Part: lazyPart(async () => (await import('./HistorySection.tsx')).HistorySection),
  },
  {
    id: 'layers',
    label: 'Layers',
    hasPlatform: true,
    Part: lazyPart(async () => (await import('./LayersSection.tsx')).LayersSection),
  },
  {
    id: 'files',
    label: 'Files',
    hasPlatform: true,
    isFull: true,
    Part: lazyPart(async () => (await import('./FilesSection.tsx')).FilesSection),
  },
  {
    id: 'packages',
    label: 'Packages',
    hasPlatform: true,
    isFull: true,
    Part: lazyPart(async () => (await import('./attestations/PackagesSection.tsx')).PackagesSection),
  },
  {
    id: 'provenance',
    label: 'Provenance',
    hasPlatform: true,
    Part: lazyPart(async () => (await import('./attestations/ProvenanceSection.tsx')).ProvenanceSection),
  },
  {
    id: 'signatures',
    label: 'Signatures',
    hasPlatform: false,
    Part: lazyPart(async () => (await import('./attestations/SignaturesSection.tsx')).SignaturesSection),
  },
  {
    id: 'compare',
    label: 'Compare',
    hasPlatform: false,
    Part: lazyPart(async () => (await import('./CompareSection.tsx')).CompareSection),
  },
  {
    id: 'manifest',
    label: 'Manifest',
    hasPlatform: false,
    Part: lazyPart(async () => (await import('./ManifestSection.tsx')).ManifestSection),
  },
];
