import { type Platform, platformOf, platformParts } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import type { BlobStore } from './blob-store.ts';
import { type Descriptor, isImageType, isIndexType, type PlatformParts, parseManifest } from './manifest.ts';

/** The limit of indexes inside indexes. Real images have at most two levels. */
const maxIndexDepth = 3;

/**
 * Selects the only image of a platform in an index. Docker with the containerd image store pushes an index around a
 * single image, together with attestations for the platform `unknown/unknown`.
 * @throws Failure `image.platform` if there is no image of the platform, or more than one.
 */
export async function selectImage(
  blobs: BlobStore,
  manifests: readonly Descriptor[],
  platform: Platform,
): Promise<Descriptor> {
  const candidates = await findCandidates(blobs, manifests, platform, 0);
  const [first, ...others] = new Map(candidates.map((candidate) => [candidate.digest, candidate])).values();
  if (!first) {
    throw fail(
      'image.platform',
      `The node sent no image for ${platform}.`,
      `Check that the FROM instructions of the Containerfile do not name another platform.`,
      `Platforms that it sent: ${manifests.map(({ platform: parts }) => (parts ? formatParts(parts) : 'none')).join(', ')}`,
    );
  }
  if (others.length > 0) {
    throw fail(
      'image.platform',
      `The node sent ${others.length + 1} images for ${platform} instead of one.`,
      'Build this platform again in a separate build.',
    );
  }
  return first;
}

async function findCandidates(
  blobs: BlobStore,
  manifests: readonly Descriptor[],
  platform: Platform,
  depth: number,
): Promise<Descriptor[]> {
  const candidates: Descriptor[] = [];
  for (const descriptor of manifests) {
    const { mediaType, digest, annotations } = descriptor;
    if (annotations?.['vnd.docker.reference.type'] === 'attestation-manifest') {
      continue;
    }
    if (isIndexType(mediaType) && depth < maxIndexDepth) {
      const nested = parseManifest(await blobs.readVerified(digest), mediaType);
      if (nested.kind === 'index') {
        candidates.push(...(await findCandidates(blobs, nested.manifests, platform, depth + 1)));
      }
    } else if (isImageType(mediaType) && (!descriptor.platform || matchesPlatform(descriptor.platform, platform))) {
      candidates.push(descriptor);
    }
  }
  return candidates;
}

/** @throws Failure `image.platform` if `parts`, from an image's configuration, do not match the platform. */
export function assertPlatform(parts: PlatformParts, platform: Platform): void {
  if (!matchesPlatform(parts, platform)) {
    throw fail(
      'image.platform',
      `The node sent an image for ${formatParts(parts)} instead of ${platform}.`,
      `Check that the FROM instructions of the Containerfile do not name another platform, and that the base image exists for ${platform}.`,
    );
  }
}

/**
 * Whether an image for `parts` may be used for `platform`. Old base images for arm do not name their variant, and
 * images built on them inherit that, so a missing variant matches any arm variant.
 */
function matchesPlatform(parts: PlatformParts, platform: Platform): boolean {
  const { os, architecture } = platformParts(platform);
  if (architecture === 'arm' && parts.architecture === 'arm' && !parts.variant) {
    return parts.os.toLowerCase() === os;
  }
  const { variant } = parts;
  return platformOf({ os: parts.os, architecture: parts.architecture, ...(variant ? { variant } : {}) }) === platform;
}

function formatParts({ os, architecture, variant }: PlatformParts): string {
  return [os, architecture, ...(variant ? [variant] : [])].join('/');
}
