import { type Platform, platformParts } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { digestOf } from './digest.ts';
import { type Descriptor, mediaTypes, type RawManifest, type ReceivedImage } from './manifest.ts';

/** What a list says of an image. */
export type ListedImage = Pick<ReceivedImage, 'platform' | 'digest' | 'mediaType' | 'manifestSize' | 'attachments'>;

/**
 * Creates the manifest list of images for different platforms. The same images in any order give the same bytes. Images
 * that are all in Docker's format give a Docker list, which old registries need; any other mix gives an OCI index. In a
 * layout, skopeo 1.9 looks only for OCI types and does not find a Docker list. Attachments come after the images, as in
 * the indexes of buildx.
 * @param annotations of the list, which then is an OCI index
 * @throws Failure `build.incomplete` if there is no image, or more than one for a platform.
 */
export function createManifestList(
  listedImages: readonly ListedImage[],
  annotations: Readonly<Record<string, string>> = {},
): RawManifest {
  const sorted = [...listedImages].sort((a, b) => (a.platform < b.platform ? -1 : a.platform > b.platform ? 1 : 0));
  assertDistinctPlatforms(sorted);
  const attachments = listedAttachments(sorted);
  const hasAnnotations = Object.keys(annotations).length > 0;
  const isAllDocker =
    sorted.every(({ mediaType }) => mediaType === mediaTypes.dockerManifest) && !attachments.length && !hasAnnotations;
  const mediaType = isAllDocker ? mediaTypes.dockerList : mediaTypes.ociIndex;
  const images = sorted.map((image) => ({
    mediaType: image.mediaType,
    digest: image.digest,
    size: image.manifestSize,
    platform: listPlatform(image.platform),
  }));
  const manifests = [...images, ...attachments];
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType, manifests, ...(hasAnnotations ? { annotations } : {}) }),
  );
  return { bytes, digest: digestOf(bytes), mediaType };
}

/**
 * A platform as a manifest list writes it. `arm64` has no variant: Docker's official images write `v8`, buildx writes
 * none, and podman 4.3 and 5.4 and skopeo 1.9 find either when asked for `arm64` or `arm64/v8`. Without the variant,
 * the platform reads the same as everywhere else in Barnraiser. 32-bit arm has no default, so its variant is written.
 */
function listPlatform(platform: Platform): { architecture: string; os: string; variant?: string } {
  const { os, architecture, variant } = platformParts(platform);
  return { architecture, os, ...(variant ? { variant } : {}) };
}

/**
 * The attachments of all images, once for each image that they describe: two platforms may have the same image, and a node may
 * list the attachment of another node's image. It may also call such an image an attachment, which is then left out.
 */
function listedAttachments(images: readonly ListedImage[]): Descriptor[] {
  const digests = new Set(images.map(({ digest }) => digest));
  const attachments = images.flatMap((image) => image.attachments).filter(({ digest }) => !digests.has(digest));
  return [...new Map(attachments.map((attachment) => [JSON.stringify(attachment), attachment])).values()];
}

function assertDistinctPlatforms(sortedImages: readonly ListedImage[]): void {
  if (sortedImages.length === 0) {
    throw fail('build.incomplete', 'A manifest list needs at least one image.', 'Build at least one platform.');
  }
  for (const [index, { platform }] of sortedImages.entries()) {
    if (index > 0 && sortedImages[index - 1]?.platform === platform) {
      throw fail(
        'build.incomplete',
        `A manifest list cannot hold two images for ${platform}.`,
        'Build each platform once.',
      );
    }
  }
}
