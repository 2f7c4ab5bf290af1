import { type Digest, isDigest } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import type { BlobStore } from './blob-store.ts';
import type { Lease } from './lease.ts';
import {
  assertNoUrls,
  type Descriptor,
  isImageType,
  type Manifest,
  parseConfig,
  type RawManifest,
  sizeOfBlobs,
} from './manifest.ts';
import { type ManifestSource, readStoredManifest, type StoredManifest } from './stored-manifest.ts';

/** Limits for one image. BuildKit makes one attestation with a few blobs; the list of a large image's packages has some MiB. */
const maxAttachments = 32;
const maxAttachmentBytes = 256 * 1024 * 1024;

/** The limit of an attachment's entry in a manifest list, in bytes: it has two digests. The list has all entries of all images. */
const maxEntryBytes = 4096;

/** The image that an entry of an index describes. Source: BuildKit, "Image Attestation Storage". */
const referenceAnnotation = 'vnd.docker.reference.digest';
const referenceTypeAnnotation = 'vnd.docker.reference.type';

/** Whether an entry of an index describes another entry, so that it is no image of a platform. */
export function isAttachment({ annotations = {}, artifactType, platform }: Descriptor): boolean {
  return (
    annotations[referenceAnnotation] !== undefined ||
    annotations[referenceTypeAnnotation] !== undefined ||
    artifactType !== undefined ||
    platform?.os === 'unknown'
  );
}

/** The image that an entry of an index says that it describes. */
export function describesOf({ annotations = {} }: Descriptor): Digest | undefined {
  const digest = annotations[referenceAnnotation];
  return digest !== undefined && isDigest(digest) ? digest : undefined;
}

/**
 * Whether a manifest describes another one, by what it says itself. BuildKit's attestations have a configuration for the platform
 * `unknown/unknown`.
 * @throws Failure `image.incomplete`, `image.corrupt`
 */
export async function isAttachmentManifest(source: ManifestSource, manifest: Manifest): Promise<boolean> {
  if (manifest.kind === 'index') {
    return false;
  }
  const { subject, artifactType, config } = manifest;
  return (
    subject !== undefined ||
    artifactType !== undefined ||
    parseConfig(await source.readVerified(config.digest)).os === 'unknown'
  );
}

/**
 * Whether an attachment describes an image, by its entry in an index and by its own manifest. Both must name the same image:
 * registries list an attachment with the subject of its manifest, which no node may choose among the images of others.
 */
export function describes({ annotations = {} }: Descriptor, subject: Descriptor | undefined, image: Digest): boolean {
  const described = [annotations[referenceAnnotation], subject?.digest].filter((digest) => digest !== undefined);
  return described.length > 0 && described.every((digest) => digest === image);
}

/** The entry of an attestation of our own in a manifest list. @param image what it describes */
export function attestationEntry({ bytes, digest, mediaType }: RawManifest, image: Digest): Descriptor {
  return {
    mediaType,
    digest,
    size: bytes.length,
    annotations: { [referenceTypeAnnotation]: 'attestation-manifest', [referenceAnnotation]: image },
    platform: { architecture: 'unknown', os: 'unknown' },
  };
}

/**
 * The entry of an attachment in a manifest list, for the platform `unknown/unknown`, as buildx writes it.
 * @throws Failure `image.too-large`
 */
function listedAttachment(candidate: Descriptor, manifest: StoredManifest, image: Digest): Descriptor {
  const artifactType = candidate.artifactType ?? manifest.artifactType;
  const entry = {
    mediaType: manifest.mediaType,
    digest: candidate.digest,
    size: manifest.bytes.length,
    ...(artifactType === undefined ? {} : { artifactType }),
    annotations: { ...candidate.annotations, [referenceAnnotation]: image },
    platform: { architecture: 'unknown', os: 'unknown' },
  };
  if (Buffer.byteLength(JSON.stringify(entry)) > maxEntryBytes) {
    throw tooLargeFailure(
      `The entry of the attachment ${candidate.digest} in the node's index is larger than ${maxEntryBytes} bytes.`,
    );
  }
  return entry;
}

function tooLargeFailure(message: string) {
  return fail('image.too-large', message, 'Build it with fewer attestations.');
}

/**
 * The attachments of an image whose manifests can be read, wherever their blobs are.
 * @throws Failure of the source; `image.corrupt`, `image.too-large`
 */
export async function readAttachments(
  source: ManifestSource,
  image: Digest,
  candidates: readonly Descriptor[],
): Promise<Descriptor[]> {
  const attachments = new Map<Digest, Descriptor>();
  for (const candidate of candidates.filter(({ mediaType }) => isImageType(mediaType))) {
    const manifest = await readStoredManifest(source, candidate);
    if (candidate.digest !== image && describes(candidate, manifest.subject, image)) {
      assertNoUrls([manifest.config, ...manifest.layers], candidate.digest);
      attachments.set(candidate.digest, listedAttachment(candidate, manifest, image));
      assertWithinLimits(image, attachments.size);
    }
  }
  return [...attachments.values()];
}

/** What an attachment is, for people: `attestation`, or a media type.  */
export function attachmentType({ annotations = {}, artifactType }: Descriptor, configType: string): string {
  const isAttestation = annotations[referenceTypeAnnotation] === 'attestation-manifest';
  return isAttestation ? 'attestation' : sanitizeLine(artifactType ?? configType, 100);
}

/**
 * Selects the attachments of an image: attestations and signatures that refer to it. The lease holds them and their blobs.
 * An entry whose manifest the node did not send is left out.
 * @returns descriptors for a manifest list, for the platform `unknown/unknown`, as buildx writes them.
 * @throws Failure `image.incomplete` if blobs are missing, `image.corrupt`, `image.too-large`
 */
export async function addAttachments(
  blobs: BlobStore,
  lease: Lease,
  image: Digest,
  candidates: readonly Descriptor[],
  signal?: AbortSignal,
): Promise<Descriptor[]> {
  const attachments = new Map<Digest, Descriptor>();
  let bytes = 0;
  for (const candidate of candidates) {
    const { digest, mediaType } = candidate;
    signal?.throwIfAborted();
    await lease.hold(digest);
    const isOther = (describesOf(candidate) ?? image) !== image;
    if (isOther || digest === image || attachments.has(digest) || !isImageType(mediaType)) {
      continue;
    }
    if (!(await blobs.has(digest))) {
      continue;
    }
    await blobs.assertPresent([candidate], `The attachment ${digest}`);
    const manifest = await readStoredManifest(blobs, candidate);
    if (!describes(candidate, manifest.subject, image)) {
      continue;
    }
    const parts = [manifest.config, ...manifest.layers];
    bytes += manifest.bytes.length + sizeOfBlobs(parts);
    assertWithinLimits(image, attachments.size + 1, bytes);
    assertNoUrls(parts, digest);
    await lease.hold(...parts.map((part) => part.digest));
    await blobs.assertPresent(parts, `The attachment ${digest}`);
    attachments.set(digest, listedAttachment(candidate, manifest, image));
  }
  return [...attachments.values()];
}

function assertWithinLimits(image: Digest, count: number, bytes = 0): void {
  if (count > maxAttachments || bytes > maxAttachmentBytes) {
    throw tooLargeFailure(
      `The image ${image} has more attachments than the limit of ${maxAttachments} with ${maxAttachmentBytes} bytes.`,
    );
  }
}
