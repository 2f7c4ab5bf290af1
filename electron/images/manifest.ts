import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Digest, digestSchema } from '../../shared/image.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';

/** Media types that this store writes or reads itself. Source: OCI image-spec 1.1, Docker image manifest v2 schema 2. */
export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const;

const imageTypes: readonly string[] = [mediaTypes.ociManifest, mediaTypes.dockerManifest];
const indexTypes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerList];

export function isImageType(mediaType: string): boolean {
  return imageTypes.includes(mediaType);
}

export function isIndexType(mediaType: string): boolean {
  return indexTypes.includes(mediaType);
}

/** Manifests, indexes and configurations are read into memory, so they have a limit: the one registries have, 4 MiB. */
export const maxManifestBytes = 4 * 1024 * 1024;

const platformPartsSchema = z.looseObject({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
});

export const descriptorSchema = z.looseObject({
  mediaType: z.string(),
  digest: digestSchema,
  size: z.number().int().min(0),
  platform: platformPartsSchema.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
export type Descriptor = Readonly<z.infer<typeof descriptorSchema>>;

const imageSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  config: descriptorSchema,
  layers: z.array(descriptorSchema).max(1000),
  // one document that is a manifest to one reader and an index to another hides an image: CVE-2021-41190
  manifests: z.undefined().optional(),
});

const indexSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  manifests: z.array(descriptorSchema).max(10_000),
  config: z.undefined().optional(),
  layers: z.undefined().optional(),
});

/** What a manifest's bytes say, checked. `document` is all of it, unknown fields included. */
export type Manifest =
  | {
      readonly kind: 'image';
      readonly mediaType: string;
      readonly config: Descriptor;
      readonly layers: readonly Descriptor[];
      readonly document: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'index'; readonly mediaType: string; readonly manifests: readonly Descriptor[] };

/**
 * An image that is whole in the store. `size`: bytes of its configuration and layers as stored, each blob counted once;
 * `manifestSize`: bytes of the manifest itself.
 */
export interface ImageManifestInfo {
  readonly platform: Platform;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly manifestSize: number;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly size: number;
}

/** An image that a node has brought back: checked, and all of its blobs are in the store. */
export type ReceivedImage = ImageManifestInfo;

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Bytes that blobs take, each counted once: an image may list a layer twice, it is stored and sent once. */
export function sizeOfBlobs(descriptors: readonly Descriptor[]): number {
  const sizes = new Map(descriptors.map(({ digest, size }) => [digest, size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/**
 * Reads a manifest or an index.
 * @param declared the media type it came with; where the document names one too, both must agree.
 * @throws Failure `image.corrupt` with what is wrong as its detail.
 */
export function parseManifest(bytes: Uint8Array, declared?: string): Manifest {
  const named = `The manifest ${digestOf(bytes)}`;
  const json = parseJson(bytes, named);
  const isIndex = typeof json === 'object' && json !== null && 'manifests' in json;
  const fallback = isIndex ? mediaTypes.ociIndex : mediaTypes.ociManifest;
  if (isIndex) {
    const index = checked(indexSchema, json, named);
    const mediaType = agreedType(index.mediaType, declared, fallback, indexTypes, named);
    return { kind: 'index', mediaType, manifests: index.manifests };
  }
  const image = checked(imageSchema, json, named);
  const mediaType = agreedType(image.mediaType, declared, fallback, imageTypes, named);
  return { kind: 'image', mediaType, config: image.config, layers: image.layers, document: image };
}

/**
 * The platform that an image's configuration names, as its builder wrote it.
 * @throws Failure `image.corrupt`
 */
export function parseConfig(bytes: Uint8Array): z.infer<typeof platformPartsSchema> {
  const named = `The image configuration ${digestOf(bytes)}`;
  return checked(platformPartsSchema, parseJson(bytes, named), named);
}

function agreedType(
  own: string | undefined,
  declared: string | undefined,
  fallback: string,
  allowed: readonly string[],
  named: string,
): string {
  const mediaType = own ?? declared ?? fallback;
  if ((declared !== undefined && declared !== mediaType) || !allowed.includes(mediaType)) {
    const types = [...new Set([mediaType, declared ?? mediaType])].join(' sent as ');
    throw corrupt(named, `its media type ${types} is none of ${allowed.join(', ')}`);
  }
  return mediaType;
}

function parseJson(bytes: Uint8Array, named: string): unknown {
  if (bytes.byteLength > maxManifestBytes) {
    throw corrupt(named, `it has ${bytes.byteLength} bytes, more than ${maxManifestBytes}`);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw corrupt(named, error instanceof Error ? error.message : String(error));
  }
}

function checked<T>(schema: z.ZodType<T>, json: unknown, named: string): T {
  const result = schema.safeParse(json);
  if (!result.success) {
    throw corrupt(named, z.prettifyError(result.error));
  }
  return result.data;
}

function corrupt(named: string, detail: string) {
  return fail(
    'image.corrupt',
    `${named} is not one that Barnraiser can read.`,
    'Build the image again; if that does not help, update the engine that made it.',
    detail,
  );
}
