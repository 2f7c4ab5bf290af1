import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type Platform, parsePlatform, platformParts } from '../../../shared/platform.ts';
import { addImage } from '../add-image.ts';
import { digestOf } from '../digest.ts';
import type { ImageStore } from '../image-store.ts';
import type { Lease } from '../lease.ts';
import { mediaTypes, type ReceivedImage } from '../manifest.ts';

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

/** Adds an image to a store as if a node had sent it. */
export async function addSampleImage(store: ImageStore, lease: Lease, image: SampleImage): Promise<ReceivedImage> {
  for (const bytes of [image.config, ...image.layers]) {
    await lease.hold(digestOf(bytes));
    await store.blobs.put(bytes);
  }
  return addImage(store.blobs, lease, image.manifest, image.platform);
}
