import { digestOf } from './digest.ts';
import { mediaTypes, parseManifest, type RawManifest, type ReceivedImage } from './manifest.ts';

type Annotations = Readonly<Record<string, string>>;

/** What OCI calls the parts of an image that docker has made: they differ only in their names. */
const ociTypes: Readonly<Record<string, string>> = {
  'application/vnd.docker.container.image.v1+json': 'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.image.rootfs.diff.tar': 'application/vnd.oci.image.layer.v1.tar',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.docker.image.rootfs.diff.tar.zstd': 'application/vnd.oci.image.layer.v1.tar+zstd',
};

/**
 * The manifest of an image with annotations, which replace those of the same names. Docker's format has none, so that its manifest
 * becomes one of OCI.
 */
export function annotatedManifest(
  { bytes, mediaType }: Omit<RawManifest, 'digest'>,
  annotations: Annotations,
): RawManifest {
  const manifest = parseManifest(bytes, mediaType);
  if (manifest.kind !== 'image') {
    throw new Error('an index is no image');
  }
  const { config, layers } = manifest;
  const annotated = Buffer.from(
    JSON.stringify({
      ...manifest.document,
      mediaType: mediaTypes.ociManifest,
      config: withOciType(config),
      layers: layers.map(withOciType),
      annotations: { ...manifest.annotations, ...annotations },
    }),
  );
  return { bytes: annotated, digest: digestOf(annotated), mediaType: mediaTypes.ociManifest };
}

/**
 * An image whose manifest was replaced by an annotated one. What describes it was made for the manifest before, so it has no
 * attachments.
 */
export function withAnnotated(image: ReceivedImage, { digest, mediaType, bytes }: RawManifest): ReceivedImage {
  const { config, layers } = image;
  return {
    ...image,
    ...{ digest, mediaType, manifestSize: bytes.length, attachments: [] },
    ...{ config: withOciType(config), layers: layers.map(withOciType) },
  };
}

function withOciType<T extends { readonly mediaType: string }>(part: T): T {
  return { ...part, mediaType: ociTypes[part.mediaType] ?? part.mediaType };
}
