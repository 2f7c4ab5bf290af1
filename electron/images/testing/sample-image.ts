import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type Platform, parsePlatform, platformParts } from '../../../shared/platform.ts';
import { addImage } from '../add-image.ts';
import { digestOf } from '../digest.ts';
import type { ImageStore } from '../image-store.ts';
import type { Lease } from '../lease.ts';
import { type Descriptor, mediaTypes, type ReceivedImage } from '../manifest.ts';
import type { WantedPlatform } from '../platform-match.ts';

/** The parts of a small image. Its layers are gzipped random bytes, so no two images are the same. */
export interface SampleImage {
  readonly platform: Platform;
  readonly config: Buffer;
  readonly layers: readonly Buffer[];
  readonly manifest: Buffer;
  readonly mediaType: string;
}

export function platform(text: string): Platform {
  const parsed = parsePlatform(text);
  if (!parsed) {
    throw new Error(`"${text}" is not a valid platform`);
  }
  return parsed;
}

export function sampleImage(
  name: string,
  options: { readonly layers?: readonly Buffer[]; readonly docker?: boolean; readonly config?: object } = {},
): SampleImage {
  const parts = platformParts(platform(name));
  const layers = options.layers ?? [gzipSync(randomBytes(3000)), gzipSync(randomBytes(2000))];
  const config = Buffer.from(JSON.stringify(options.config ?? { ...parts, rootfs: { type: 'layers', diff_ids: [] } }));
  const types = options.docker
    ? ['application/vnd.docker.container.image.v1+json', 'application/vnd.docker.image.rootfs.diff.tar.gzip']
    : ['application/vnd.oci.image.config.v1+json', 'application/vnd.oci.image.layer.v1.tar+gzip'];
  const descriptorOf = (bytes: Buffer, mediaType = '') => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  const mediaType = options.docker ? mediaTypes.dockerManifest : mediaTypes.ociManifest;
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: descriptorOf(config, types[0]),
      layers: layers.map((layer) => descriptorOf(layer, types[1])),
    }),
  );
  return { platform: platform(name), config, layers, manifest, mediaType };
}

/** An attachment in the form of BuildKit (an annotation of its entry names the image), or an OCI artifact with a subject. */
export interface SampleAttachment extends SampleImage {
  /** Its entry in an index. */
  readonly descriptor: Descriptor;
}

export function sampleAttachment(of: SampleImage, form: 'attestation' | 'referrer'): SampleAttachment {
  const content = Buffer.from(JSON.stringify({ predicate: randomBytes(8).toString('hex') }));
  const base = sampleImage('linux/amd64', { layers: [content], config: { os: 'unknown', architecture: 'unknown' } });
  const subject = { mediaType: of.mediaType, digest: digestOf(of.manifest), size: of.manifest.length };
  const artifactType = 'application/vnd.example.signature';
  const manifest =
    form === 'attestation'
      ? base.manifest
      : Buffer.from(JSON.stringify({ ...JSON.parse(base.manifest.toString()), artifactType, subject }));
  const descriptor: Descriptor = {
    mediaType: mediaTypes.ociManifest,
    digest: digestOf(manifest),
    size: manifest.length,
    ...(form === 'attestation'
      ? {
          platform: { architecture: 'unknown', os: 'unknown' },
          annotations: {
            'vnd.docker.reference.type': 'attestation-manifest',
            'vnd.docker.reference.digest': subject.digest,
          },
        }
      : {}),
  };
  return { ...base, manifest, descriptor };
}

/** The index that an engine makes for an image with attachments. */
export function sampleIndex(image: SampleImage, attachments: readonly SampleAttachment[]): Buffer {
  const { mediaType, manifest } = image;
  const entry = {
    mediaType,
    digest: digestOf(manifest),
    size: manifest.length,
    platform: platformParts(image.platform),
  };
  const manifests = [entry, ...attachments.map(({ descriptor }) => descriptor)];
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
}

/** Adds an image to a store as if a node had sent it. */
export async function addSampleImage(
  store: ImageStore,
  lease: Lease,
  image: SampleImage,
  attachments: readonly SampleAttachment[] = [],
  options: Pick<WantedPlatform, 'anyVariant'> = {},
): Promise<ReceivedImage> {
  for (const { config, layers, manifest } of [image, ...attachments]) {
    for (const bytes of [config, ...layers, manifest]) {
      await lease.hold(digestOf(bytes));
      await store.blobs.put(bytes);
    }
  }
  return addImage(store.blobs, lease, image.manifest, {
    platform: image.platform,
    ...options,
    attachments: attachments.map(({ descriptor }) => descriptor),
  });
}
