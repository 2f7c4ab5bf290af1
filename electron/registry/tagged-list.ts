/** What a registry has under a tag, without its layers. */
import type { Digest, Reference } from '../../shared/image.ts';
import { type Platform, platformOf } from '../../shared/platform.ts';
import { Failure, type Problem } from '../../shared/problem.ts';
import { describes, isAttachment } from '../images/attachments.ts';
import {
  type Descriptor,
  isImageType,
  maxManifestBytes,
  parseConfig,
  parseManifest,
  type RawManifest,
} from '../images/manifest.ts';
import type { ListedImage } from '../images/manifest-list.ts';
import { RegistryClient } from './client.ts';
import type { RegistryAccess } from './remote-image.ts';

export interface TaggedList {
  /** With its exact bytes: a list, or the manifest of a single image. */
  readonly manifest: RawManifest;
  readonly images: readonly ListedImage[];
}

/**
 * The images under a tag. Undefined only if the registry says that there is no such tag.
 * @throws Failure `registry.*`, `image.corrupt`; the reason of the signal
 */
export async function readTaggedList(
  { registry = 'docker.io', repository, tag }: Reference,
  options: RegistryAccess,
): Promise<TaggedList | undefined> {
  const client = await RegistryClient.open({ ...options, registry, repository, access: 'pull' });
  try {
    const manifest = await client.getManifest(tag);
    return manifest && { manifest, images: await listedImages(client, manifest) };
  } catch (error) {
    throw options.signal.aborted ? options.signal.reason : error;
  } finally {
    await client.close();
  }
}

/** The images of a list, or a single image as a list of one. @throws Failure `registry.*`, `image.corrupt` */
export async function listedImages(client: RegistryClient, raw: RawManifest): Promise<ListedImage[]> {
  const manifest = parseManifest(raw.bytes, raw.mediaType);
  if (manifest.kind === 'image') {
    const config = await client.getBlob(manifest.config.digest, maxManifestBytes);
    const platform = config && platformFrom(parseConfig(config));
    return platform ? [{ ...raw, platform, manifestSize: raw.bytes.length, attachments: [] }] : [];
  }
  const images = new Map<Platform, ListedImage>();
  for (const entry of manifest.manifests) {
    const platform = entry.platform && platformFrom(entry.platform);
    if (platform && isImageType(entry.mediaType) && !isAttachment(entry) && !images.has(platform)) {
      const { digest, mediaType, size: manifestSize } = entry;
      images.set(platform, {
        platform,
        digest,
        mediaType,
        manifestSize,
        attachments: attachmentsOf(manifest.manifests, digest),
      });
    }
  }
  return [...images.values()];
}

function attachmentsOf(entries: readonly Descriptor[], image: Digest): Descriptor[] {
  return entries.filter((entry) => isAttachment(entry) && describes(entry, undefined, image));
}

function platformFrom({ variant, ...parts }: { os: string; architecture: string; variant?: string | undefined }) {
  return platformOf({ ...parts, ...(variant ? { variant } : {}) });
}

/** An error of the registry does not say that an image is absent. */
export function unknownWhetherThere(error: unknown, reference: string): unknown {
  if (!(error instanceof Failure)) {
    return error;
  }
  const { problem } = error;
  const shown: Problem = {
    ...problem,
    message: `It is not known whether the registry has ${reference}: ${problem.message}`,
    fix: `${problem.fix} To build without asking the registry, do not skip what is there (pkg build --force).`,
  };
  return new Failure(shown);
}
