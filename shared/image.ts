import { z } from 'zod';
import { platformSchema } from './platform.ts';
import type { Problem } from './problem.ts';

/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`;
const digestPattern = /^sha256:[a-f0-9]{64}$/;

export function isDigest(text: string): text is Digest {
  return digestPattern.test(text);
}

export const digestSchema = z.custom<Digest>(
  (value) => typeof value === 'string' && isDigest(value),
  'A digest must be "sha256:" and 64 hexadecimal digits.',
);

/**
 * The name of an image: `[registry/]repository:tag`. An image without a registry (`api:1.4`) is local and needs a destination
 * for a push.
 */
export interface Reference {
  readonly registry?: string;
  readonly repository: string;
  readonly tag: string;
}

const componentPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const registryPattern =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::\d+)?$/;

/**
 * Parses a reference by the grammar of the distribution project. The default tag is `latest`.
 * @returns for an invalid reference, a message that says what is wrong and what to do.
 */
export function parseReference(text: string): Reference | string {
  const advice = 'Use [registry/]repository[:tag], such as registry.example.com/team/api:1.4.';
  if (text.includes('@')) {
    return `"${text}" refers to a digest, but a name with a tag is required. ${advice}`;
  }
  const slash = text.indexOf('/');
  const firstPart = slash < 0 ? '' : text.slice(0, slash);
  const hasRegistry = firstPart === 'localhost' || /[.:]/.test(firstPart) || /[A-Z]/.test(firstPart);
  const rest = hasRegistry ? text.slice(slash + 1) : text;
  const colon = rest.indexOf(':');
  const repository = colon < 0 ? rest : rest.slice(0, colon);
  const tag = colon < 0 ? 'latest' : rest.slice(colon + 1);
  if (hasRegistry && !registryPattern.test(firstPart)) {
    return `"${firstPart}" in "${text}" is not a valid registry host. ${advice}`;
  }
  if (!repository || repository.length > 255 || !repository.split('/').every((part) => componentPattern.test(part))) {
    return /[A-Z]/.test(repository)
      ? `"${text}" has uppercase letters in its repository, which registries do not accept. Use "${text.toLowerCase()}".`
      : `"${text}" is not a valid image reference. ${advice}`;
  }
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(tag)) {
    return `"${tag}" in "${text}" is not a valid tag: use 1 to 128 letters, digits, dots, dashes or underscores. ${advice}`;
  }
  return { ...(hasRegistry ? { registry: firstPart } : {}), repository, tag };
}

export function formatReference(reference: Reference): string {
  return `${reference.registry ? `${reference.registry}/` : ''}${reference.repository}:${reference.tag}`;
}

/** Any reference; the output is its full form (`api` becomes `api:latest`). */
export const referenceSchema = z.string().transform((text, context) => {
  const reference = parseReference(text);
  if (typeof reference === 'string') {
    context.addIssue({ code: 'custom', message: reference });
    return z.NEVER;
  }
  return formatReference(reference);
});

/**
 * A manifest that describes an image, such as an attestation or a signature. `type`: `attestation`, or its media type.
 * `size`: bytes of the manifest and its blobs.
 */
const attachmentSchema = z.object({ digest: digestSchema, type: z.string(), size: z.number() });
export type Attachment = Readonly<z.infer<typeof attachmentSchema>>;

/** One image of a manifest list. `size`: bytes of its configuration and compressed layers, as they are stored and pushed. */
export const listEntrySchema = z.object({
  platform: platformSchema,
  digest: digestSchema,
  size: z.number(),
  mediaType: z.string(),
  layers: z.array(z.object({ digest: digestSchema, size: z.number() })),
  attachments: z.array(attachmentSchema).optional(),
});
export type ListEntry = Readonly<z.infer<typeof listEntrySchema>>;

/** A manifest list in the image store. `createdAt`: ISO 8601. */
export const manifestListSchema = z.object({
  reference: z.string(),
  digest: digestSchema,
  mediaType: z.string(),
  createdAt: z.string(),
  /** The platforms that were not built: they are optional, or a person has stored the list although it is incomplete. */
  missing: z.array(platformSchema).optional(),
  /** Those of `missing` that the build had marked as optional. */
  optional: z.array(platformSchema).optional(),
  /** The platforms whose images have programs for another one. Only a build that allows it stores them. */
  mismatched: z.array(platformSchema).optional(),
  entries: z.array(listEntrySchema),
});
export type ManifestList = Readonly<z.infer<typeof manifestListSchema>>;

/** An image in local storage whose manifests are damaged. */
export const damagedImageSchema = z.object({
  /** Missing for what is kept for later builds only. */
  reference: z.string().optional(),
  /** While it is there, deleting other images frees no space: it is unknown which layers it needs. */
  blocksCleanup: z.boolean(),
});
export type DamagedImage = Readonly<z.infer<typeof damagedImageSchema>>;

/** What is wrong with a damaged image, and what to do about it. */
export function damagedImageProblem({ reference, blocksCleanup }: DamagedImage): Problem {
  const name = reference === undefined ? 'An image that is kept for later builds' : `The image ${reference}`;
  return {
    code: 'image.corrupt',
    message: `${name} is damaged in local storage.${blocksCleanup ? ' While it is there, deleting other images frees no space.' : ''}`,
    fix: reference === undefined ? 'Clear the cache of images.' : 'Delete it, then build it again.',
  };
}
