import type { Digest } from '../../shared/image.ts';
import { type Platform, platformOf, platformParts, variantOf } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { isAttachment } from './attachments.ts';
import { type Descriptor, isImageType, isIndexType, type PlatformParts, parseManifest } from './manifest.ts';
import { type ManifestSource, readStoredManifest } from './stored-manifest.ts';

/** The limit of manifests in one index with all indexes inside it. An engine sends a few; each of them is read. */
const maxManifests = 100;

export interface WantedPlatform {
  readonly platform: Platform;
  /** Accepts every variant of the architecture. What is in the image has to be checked then. */
  readonly anyVariant?: boolean;
}

export interface SelectedImage {
  readonly image: Descriptor;
  /** Everything else that may describe the image. */
  readonly attachments: readonly Descriptor[];
}

/**
 * Selects the only image of a platform in an index. Docker with the containerd image store pushes an index around a
 * single image, together with attestations for the platform `unknown/unknown`.
 * @throws Failure `image.platform` if there is no image of the platform, or more than one; `image.corrupt`
 */
export async function selectImage(
  blobs: ManifestSource,
  manifests: readonly Descriptor[],
  wanted: WantedPlatform,
  signal?: AbortSignal,
): Promise<SelectedImage> {
  const { platform } = wanted;
  const candidates: Descriptor[] = [];
  const attachments: Descriptor[] = [];
  for await (const descriptor of walkManifests(blobs, manifests, signal)) {
    if (isAttachment(descriptor) || (!descriptor.platform && !(await isImage(blobs, descriptor)))) {
      attachments.push(descriptor);
    } else if (!descriptor.platform || matchesPlatform(descriptor.platform, wanted)) {
      candidates.push(descriptor);
    }
  }
  const exact = candidates.filter(
    (descriptor) => descriptor.platform && platformOfParts(descriptor.platform) === platform,
  );
  const [image, ...others] = exact.length > 0 ? exact : candidates;
  if (!image) {
    throw fail(
      'image.platform',
      `The node sent no image for ${platform}.`,
      'Check that the FROM instructions of the Containerfile do not name another platform.',
      `Platforms that it sent: ${sentPlatforms(manifests)}`,
    );
  }
  if (others.length > 0) {
    throw fail(
      'image.platform',
      `The node sent ${others.length + 1} images for ${platform} instead of one.`,
      'Build this platform again in a separate build.',
    );
  }
  return { image, attachments };
}

/** The manifests of images in an index and in the indexes inside it, each once. */
async function* walkManifests(
  blobs: ManifestSource,
  manifests: readonly Descriptor[],
  signal: AbortSignal | undefined,
): AsyncGenerator<Descriptor> {
  const seen = new Set<Digest>();
  const pending = [...manifests].reverse();
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (seen.has(next.digest)) {
      continue;
    }
    seen.add(next.digest);
    if (seen.size > maxManifests) {
      throw fail(
        'image.corrupt',
        `The node sent an index with more than ${maxManifests} manifests.`,
        'Build this platform again in a separate build.',
      );
    }
    signal?.throwIfAborted();
    if (isImageType(next.mediaType)) {
      yield next;
    } else if (isIndexType(next.mediaType)) {
      const nested = parseManifest(await blobs.readVerified(next.digest), next.mediaType);
      pending.push(...(nested.kind === 'index' ? [...nested.manifests].reverse() : []));
    }
  }
}

/** Whether a manifest is of an image, not of an attachment. Its entry in the index says neither. */
async function isImage(blobs: ManifestSource, descriptor: Descriptor): Promise<boolean> {
  const { subject, artifactType } = await readStoredManifest(blobs, descriptor);
  return subject === undefined && artifactType === undefined;
}

/** @throws Failure `image.platform` if `parts`, from an image's configuration, do not match the platform */
export function assertPlatform(parts: PlatformParts, wanted: WantedPlatform): void {
  const { platform } = wanted;
  if (!matchesPlatform(parts, wanted)) {
    throw fail(
      'image.platform',
      `The node sent an image for ${formatParts(parts)} instead of ${platform}.`,
      `Check that the FROM instructions of the Containerfile do not name another platform, and that the base image exists for ${platform}.`,
    );
  }
}

/**
 * Whether an image whose configuration or entry in an index names `parts` may be listed for a platform. A missing variant
 * matches any: old base images for arm do not name theirs, and images built on them inherit that. So does a variant that the
 * architecture does not have: podman writes that of a stage for another architecture.
 */
function matchesPlatform(parts: PlatformParts, { platform, anyVariant = false }: WantedPlatform): boolean {
  const wanted = platformParts(platform);
  const found = platformOfParts(parts);
  return (
    found === platform ||
    (found !== undefined &&
      platformParts(found).os === wanted.os &&
      platformParts(found).architecture === wanted.architecture &&
      (anyVariant || variantOf(wanted.architecture, parts.variant) === undefined))
  );
}

export function platformOfParts({ os, architecture, variant }: PlatformParts): Platform | undefined {
  return platformOf({ os, architecture, ...(variant ? { variant } : {}) });
}

/** The platforms of an index, for people: attachments have none. */
function sentPlatforms(manifests: readonly Descriptor[]): string {
  const images = manifests.filter((descriptor) => !isAttachment(descriptor));
  const names = images.map(({ platform }) => (platform ? formatParts(platform) : 'not named'));
  return sanitizeLine(names.join(', ') || 'none', 1_000);
}

function formatParts({ os, architecture, variant }: PlatformParts): string {
  return sanitizeLine([os, architecture, ...(variant ? [variant] : [])].join('/'), 100);
}
