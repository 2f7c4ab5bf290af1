import { z } from 'zod';
import { type Digest, digestSchema } from '../../shared/image.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { fieldsOf } from '../system/lenient-json.ts';
import { digestOf } from './digest.ts';

/** Media types that the image store reads and writes. Source: OCI image-spec 1.1, Docker image manifest v2 schema 2. */
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

/**
 * The limit of manifests, indexes and configurations, which are read into memory: 4 MiB, the size that registries must
 * accept. Source: OCI distribution specification, "Pushing Manifests".
 */
export const maxManifestBytes = 4 * 1024 * 1024;

/** A field that may be missing. Go's programs write null for it, too. */
function optional<T extends z.ZodType>(schema: T) {
  return schema
    .nullable()
    .transform((value) => value ?? undefined)
    .optional();
}

/** Go's programs write an empty list as null. */
function listOf<T extends z.ZodType>(schema: T, maxLength: number) {
  return z
    .array(schema)
    .max(maxLength)
    .nullable()
    .transform((value) => value ?? []);
}

const platformPartsSchema = z.looseObject({
  os: z.string(),
  architecture: z.string(),
  variant: optional(z.string()),
});
export type PlatformParts = z.infer<typeof platformPartsSchema>;

const words = z.array(z.string()).nullish();
/** An image's configuration: its platform, and what it starts. */
const imageConfigSchema = platformPartsSchema.extend({
  config: z
    .looseObject({ Entrypoint: words, Cmd: words, Env: words, WorkingDir: z.string().nullish() })
    .nullish()
    .catch(null),
});
export type ImageConfig = z.infer<typeof imageConfigSchema>;

export const descriptorSchema = z.looseObject({
  mediaType: z.string(),
  digest: digestSchema,
  size: z.number().int().min(0),
  platform: optional(platformPartsSchema),
  annotations: optional(z.record(z.string(), z.string())),
  artifactType: optional(z.string()),
});
export type Descriptor = Readonly<z.infer<typeof descriptorSchema>>;
export type BlobSize = Pick<Descriptor, 'digest' | 'size'>;

const imageSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: optional(z.string()),
  config: descriptorSchema,
  layers: listOf(descriptorSchema, 1_000),
  /** The manifest that this one describes. Source: OCI image-spec 1.1. */
  subject: optional(descriptorSchema),
  artifactType: optional(z.string()),
  annotations: optional(z.record(z.string(), z.string())),
  // a document that one reader takes for a manifest and another for an index can hide an image: CVE-2021-41190
  manifests: z.undefined().nullish(),
});

const indexSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: optional(z.string()),
  manifests: listOf(descriptorSchema, 10_000),
  config: z.undefined().nullish(),
  layers: z.undefined().nullish(),
});

/** A parsed and validated manifest or index. `document` holds all fields, also unknown ones. */
export type Manifest =
  | {
      readonly kind: 'image';
      readonly mediaType: string;
      readonly config: Descriptor;
      readonly layers: readonly Descriptor[];
      readonly subject?: Descriptor | undefined;
      readonly artifactType?: string | undefined;
      readonly annotations?: Readonly<Record<string, string>> | undefined;
      readonly document: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'index'; readonly mediaType: string; readonly manifests: readonly Descriptor[] };

/** A manifest or index with its exact bytes, from which registries compute its digest. */
export interface RawManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/**
 * An image whose blobs are all in the image store. `size`: bytes of its configuration and layers as stored, each blob
 * counted once; `manifestSize`: bytes of the manifest; `attachments`: the manifests that describe it, such as
 * attestations and signatures, whose blobs are in the store, too.
 */
export interface ReceivedImage {
  readonly platform: Platform;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly manifestSize: number;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly size: number;
  readonly attachments: readonly Descriptor[];
}

/**
 * Engines download a layer with URLs from there instead of from the registry (Windows base images), so only who made the
 * image would decide where from.
 * @throws Failure `image.corrupt`
 */
export function assertNoUrls(layers: readonly Descriptor[], manifest: Digest): void {
  const layer = layers.find(({ urls }) => Array.isArray(urls) && urls.length > 0);
  if (layer) {
    throw corruptManifestFailure(
      `The manifest ${manifest}`,
      `its layer ${layer.digest} is to be downloaded from other addresses (urls), which is not supported`,
    );
  }
}

/** The sum of the sizes in bytes. A layer that an image lists twice is stored and sent once, so it counts once. */
export function sizeOfBlobs(descriptors: readonly Descriptor[]): number {
  const sizes = new Map(descriptors.map(({ digest, size }) => [digest, size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/**
 * Parses a manifest or an index.
 * @param declaredType the media type that came with it. If the document names one too, both must be the same.
 * @throws Failure `image.corrupt` with the reason as its detail.
 */
export function parseManifest(bytes: Uint8Array, declaredType?: string): Manifest {
  const subject = `The manifest ${digestOf(bytes)}`;
  const json = parseJson(bytes, subject);
  const { manifests, config } = fieldsOf(json);
  const isIndex = manifests === null ? (config ?? undefined) === undefined : manifests !== undefined;
  if (isIndex) {
    const index = validate(indexSchema, json, subject);
    const mediaType = index.mediaType || declaredType || mediaTypes.ociIndex;
    assertMediaType(mediaType, declaredType, indexTypes, subject);
    return { kind: 'index', mediaType, manifests: index.manifests };
  }
  const image = validate(imageSchema, json, subject);
  const mediaType = image.mediaType || declaredType || mediaTypes.ociManifest;
  assertMediaType(mediaType, declaredType, imageTypes, subject);
  const { layers, artifactType, annotations } = image;
  const fields = { config: image.config, layers, subject: image.subject, artifactType, annotations };
  return { kind: 'image', mediaType, ...fields, document: image };
}

/**
 * An image's configuration. Its platform is spelled as the builder wrote it.
 * @throws Failure `image.corrupt`
 */
export function parseConfig(bytes: Uint8Array): ImageConfig {
  const subject = `The image configuration ${digestOf(bytes)}`;
  return validate(imageConfigSchema, parseJson(bytes, subject), subject);
}

function assertMediaType(
  mediaType: string,
  declaredType: string | undefined,
  allowedTypes: readonly string[],
  subject: string,
): void {
  if ((declaredType !== undefined && declaredType !== mediaType) || !allowedTypes.includes(mediaType)) {
    const types = [...new Set([mediaType, declaredType ?? mediaType])].join(' sent as ');
    throw corruptManifestFailure(subject, `its media type ${types} is none of ${allowedTypes.join(', ')}`);
  }
}

function parseJson(bytes: Uint8Array, subject: string): unknown {
  if (bytes.byteLength > maxManifestBytes) {
    throw corruptManifestFailure(subject, `it has ${bytes.byteLength} bytes, more than ${maxManifestBytes}`);
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw corruptManifestFailure(subject, error instanceof Error ? error.message : String(error));
  }
  if (isDeeperThan(json, maxDepth)) {
    throw corruptManifestFailure(subject, `its objects and arrays are nested more than ${maxDepth} levels deep`);
  }
  return json;
}

/** Manifests are nested 5 levels deep, configurations a few more. What is deeper overflows the stack of some readers. */
const maxDepth = 64;

function isDeeperThan(json: unknown, limit: number): boolean {
  let level = [json];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) {
      return true;
    }
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return false;
}

function validate<T>(schema: z.ZodType<T>, json: unknown, subject: string): T {
  const result = schema.safeParse(json);
  if (!result.success) {
    throw corruptManifestFailure(subject, z.prettifyError(result.error));
  }
  return result.data;
}

function corruptManifestFailure(subject: string, detail: string) {
  return fail(
    'image.corrupt',
    `${subject} cannot be read.`,
    'Build the image again. If that does not help, update the engine that built it.',
    detail,
  );
}
