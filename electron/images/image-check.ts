import { type Platform, platformOf, platformParts } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import type { Blobs } from './blobs.ts';
import type { Lease } from './lease.ts';
import {
  type Descriptor,
  digestOf,
  type ImageManifestInfo,
  isImageType,
  isIndexType,
  type Manifest,
  parseConfig,
  parseManifest,
  sizeOfBlobs,
} from './manifest.ts';

type Parts = Exclude<Descriptor['platform'], undefined>;

/** An index in an index in an index is as deep as anything real goes. */
const maxDepth = 3;

/**
 * Takes an image's manifest into the store once everything it names is there and it is for the platform that was asked.
 * @param bytes the manifest, or an index that wraps exactly one image of the platform (attestations beside it are left out).
 * @throws Failure `image.incomplete` where blobs are missing, `image.platform`, `image.corrupt`
 */
export async function takeImage(
  blobs: Blobs,
  lease: Lease,
  bytes: Uint8Array,
  platform: Platform,
  mediaType?: string,
): Promise<ImageManifestInfo> {
  const manifest = parseManifest(bytes, mediaType);
  if (manifest.kind === 'index') {
    const wrapped = await wrappedImage(blobs, manifest.manifests, platform);
    await lease.hold(wrapped.digest);
    return takeImage(blobs, lease, await blobs.readSmall(wrapped.digest), platform, wrapped.mediaType);
  }
  const digest = digestOf(bytes);
  const parts = [manifest.config, ...manifest.layers];
  await lease.hold(digest, ...parts.map((part) => part.digest));
  await assertPresent(blobs, parts, `The image ${digest}`);
  await assertPlatform(blobs, manifest, platform);
  await blobs.put(bytes);
  return {
    platform,
    digest,
    mediaType: manifest.mediaType,
    manifestSize: bytes.byteLength,
    config: manifest.config,
    layers: manifest.layers,
    size: sizeOfBlobs(parts),
  };
}

/**
 * @param named the beginning of a sentence.
 * @throws Failure `image.incomplete` that lists what is missing.
 */
export async function assertPresent(blobs: Blobs, parts: readonly Descriptor[], named: string): Promise<void> {
  const missing: string[] = [];
  for (const { digest, size } of parts) {
    const actual = await blobs.size(digest);
    if (actual !== size) {
      missing.push(`${digest}: ${actual === undefined ? 'missing' : `has ${actual} bytes`}, should have ${size}`);
    }
  }
  if (missing.length > 0) {
    throw fail(
      'image.incomplete',
      `${named} is not whole: ${missing.length} of its ${parts.length} blobs are not in the store.`,
      'Build it again.',
      missing.join('\n'),
    );
  }
}

/**
 * The one image of a platform in an index. Docker with containerd's store pushes an index around a single image, with
 * attestations for `unknown/unknown` beside it.
 */
export async function wrappedImage(
  blobs: Blobs,
  manifests: readonly Descriptor[],
  platform: Platform,
  depth = 0,
): Promise<Descriptor> {
  const found = await candidates(blobs, manifests, platform, depth);
  const [only, ...others] = new Map(found.map((candidate) => [candidate.digest, candidate])).values();
  if (!only) {
    throw fail(
      'image.platform',
      `The node sent no image for ${platform}.`,
      `Check that the Containerfile's FROM lines do not name another platform.`,
      `It sent: ${manifests.map(({ platform: parts }) => (parts ? written(parts) : 'no platform')).join(', ')}`,
    );
  }
  if (others.length > 0) {
    throw fail(
      'image.platform',
      `The node sent ${others.length + 1} images for ${platform} where one was expected.`,
      'Build the platform again on its own.',
    );
  }
  return only;
}

async function candidates(
  blobs: Blobs,
  manifests: readonly Descriptor[],
  platform: Platform,
  depth: number,
): Promise<Descriptor[]> {
  const found: Descriptor[] = [];
  for (const descriptor of manifests) {
    const { mediaType, digest, annotations } = descriptor;
    if (annotations?.['vnd.docker.reference.type'] === 'attestation-manifest') {
      continue;
    }
    if (isIndexType(mediaType) && depth < maxDepth) {
      const inner = parseManifest(await blobs.readSmall(digest), mediaType);
      if (inner.kind === 'index') {
        found.push(...(await candidates(blobs, inner.manifests, platform, depth + 1)));
      }
    } else if (isImageType(mediaType) && (!descriptor.platform || fits(descriptor.platform, platform))) {
      found.push(descriptor);
    }
  }
  return found;
}

async function assertPlatform(
  blobs: Blobs,
  manifest: Extract<Manifest, { kind: 'image' }>,
  platform: Platform,
): Promise<void> {
  const parts = parseConfig(await blobs.readSmall(manifest.config.digest));
  if (!fits(parts, platform)) {
    throw fail(
      'image.platform',
      `An image for ${platform} was asked for, and the node sent one for ${written(parts)}.`,
      `Check that the Containerfile's FROM lines do not name another platform, and that the base image exists for ${platform}.`,
    );
  }
}

/**
 * Is something that says it is for `parts` what was asked for? Old base images for arm say nothing of their variant, and
 * what is built on them inherits that, so silence is no contradiction there.
 */
function fits(parts: Parts, asked: Platform): boolean {
  const { os, architecture } = platformParts(asked);
  const plain = { os: parts.os, architecture: parts.architecture };
  if (architecture === 'arm' && parts.architecture === 'arm' && !parts.variant) {
    return parts.os.toLowerCase() === os;
  }
  return platformOf({ ...plain, ...(parts.variant ? { variant: parts.variant } : {}) }) === asked;
}

function written({ os, architecture, variant }: Parts): string {
  return [os, architecture, ...(variant ? [variant] : [])].join('/');
}
