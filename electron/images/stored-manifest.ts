import type { Digest } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import { type Descriptor, parseManifest, type RawManifest } from './manifest.ts';

/** The manifest of an image or of an attachment, with its exact bytes and the blobs that it consists of. */
export interface StoredManifest extends RawManifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  /** The manifest that it describes, if it says so. */
  readonly subject?: Descriptor | undefined;
  readonly artifactType?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** Where manifests are read from: an image store, or a registry. */
export interface ManifestSource {
  /** @throws Failure if the manifest is not there, or its bytes have another digest */
  readVerified(digest: Digest): Promise<Buffer>;
}

/** @throws Failure `image.incomplete`, or `image.corrupt`, also for an index */
export async function readStoredManifest(
  blobs: ManifestSource,
  { digest, mediaType }: Pick<Descriptor, 'digest' | 'mediaType'>,
): Promise<StoredManifest> {
  const bytes = await blobs.readVerified(digest);
  const manifest = parseManifest(bytes, mediaType);
  if (manifest.kind !== 'image') {
    throw fail('image.corrupt', `The manifest ${digest} is an index, not an image.`, 'Build the image again.');
  }
  const { config, layers, subject, artifactType, annotations } = manifest;
  return { digest, mediaType: manifest.mediaType, bytes, config, layers, subject, artifactType, annotations };
}
