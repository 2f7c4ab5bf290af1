import type { Digest } from '../../shared/image.ts';
import { type Platform, platformParts } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { digestOf, type ImageManifestInfo, mediaTypes } from './manifest.ts';

export interface JoinedList {
  readonly bytes: Buffer;
  readonly digest: Digest;
  readonly mediaType: string;
}

/**
 * One manifest list of images that are in the store, each for another platform. The same images always give the same bytes,
 * in whatever order they come. Images in Docker's format alone make a Docker list, any other mix an OCI index. A Docker list is
 * what old registries want; the price is that skopeo 1.9 looks only for OCI types in a layout and does not find it there.
 * @throws Failure `build.incomplete` where there is no image, or two for one platform.
 */
export function joinList(images: readonly ImageManifestInfo[]): JoinedList {
  const sorted = [...images].sort((a, b) => (a.platform < b.platform ? -1 : a.platform > b.platform ? 1 : 0));
  assertEachOnce(sorted);
  const allDocker = sorted.every(({ mediaType }) => mediaType === mediaTypes.dockerManifest);
  const mediaType = allDocker ? mediaTypes.dockerList : mediaTypes.ociIndex;
  const manifests = sorted.map((image) => ({
    mediaType: image.mediaType,
    digest: image.digest,
    size: image.manifestSize,
    platform: listedPlatform(image.platform),
  }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  return { bytes, digest: digestOf(bytes), mediaType };
}

/**
 * A platform as it stands in a list. `arm64` goes without the `v8` that Docker's official images carry and buildx leaves out:
 * podman 4.3 and 5.4 and skopeo 1.9 find either one, whether they ask for `arm64` or `arm64/v8`, and without it a platform
 * reads the same here as everywhere else in Barnraiser. Other arms always name their variant, since nothing is implied there.
 */
function listedPlatform(platform: Platform): { architecture: string; os: string; variant?: string } {
  const { os, architecture, variant } = platformParts(platform);
  return { architecture, os, ...(variant ? { variant } : {}) };
}

function assertEachOnce(images: readonly ImageManifestInfo[]): void {
  if (images.length === 0) {
    throw fail('build.incomplete', 'A manifest list needs at least one image.', 'Build at least one platform.');
  }
  for (const [index, { platform }] of images.entries()) {
    if (index > 0 && images[index - 1]?.platform === platform) {
      throw fail(
        'build.incomplete',
        `Two images for ${platform} cannot stand in one manifest list.`,
        'Build each platform once.',
      );
    }
  }
}
