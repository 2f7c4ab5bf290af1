/** The manifests that cosign finds by a tag: a layer for each signature, or for each attestation that is signed. */
import { digestOf } from './digest.ts';
import { type Descriptor, mediaTypes, parseManifest, type RawManifest } from './manifest.ts';

/** The annotation of a layer that names the key which made it: the SHA-256 of the public key. Other programs ignore it. */
export const keyAnnotation = 'barnraiser.key';

export interface TaggedManifest extends RawManifest {
  readonly config: Buffer;
}

/** @param layers not gzipped, so that they are what the configuration lists. The same ones give the same bytes. */
export function taggedManifest(layers: readonly Descriptor[]): TaggedManifest {
  const config = Buffer.from(
    JSON.stringify({
      architecture: '',
      created: '0001-01-01T00:00:00Z',
      history: layers.map(() => ({ created: '0001-01-01T00:00:00Z' })),
      os: '',
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
      config: {},
    }),
  );
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        size: config.length,
        digest: digestOf(config),
      },
      layers,
    }),
  );
  return { bytes, config, digest: digestOf(bytes), mediaType: mediaTypes.ociManifest };
}

/** The layers of both, each once. Of two that the same key has made for the same purpose, the newer one stays. */
export function joinLayers(older: readonly Descriptor[], newer: readonly Descriptor[]): Descriptor[] {
  const keyOf = ({ digest, annotations = {}, mediaType }: Descriptor): string =>
    annotations[keyAnnotation] === undefined
      ? JSON.stringify([digest, annotations])
      : JSON.stringify([mediaType, annotations.predicateType, annotations[keyAnnotation]]);
  const keys = new Set(newer.map(keyOf));
  return [...older.filter((layer) => !keys.has(keyOf(layer))), ...newer];
}

/** The layers of the manifest at such a tag. None if it is something else. */
export function taggedLayers({ bytes, mediaType }: Omit<RawManifest, 'digest'>): readonly Descriptor[] {
  const manifest = parseManifest(bytes, mediaType);
  return manifest.kind === 'image' ? manifest.layers : [];
}
