import { z } from 'zod';
import { platformSchema } from './platform.ts';

/** `sha256:` and 64 hex digits. */
export type Digest = `sha256:${string}`;
const digestPattern = /^sha256:[a-f0-9]{64}$/;

export function isDigest(text: string): text is Digest {
  return digestPattern.test(text);
}

export const digestSchema = z.custom<Digest>(
  (value) => typeof value === 'string' && isDigest(value),
  'A digest is "sha256:" and 64 hex digits.',
);

/**
 * A name of an image: `[registry/]repository:tag`. `registry` is missing where the text names none (`api:1.4`); such an image
 * is local and needs a destination to be pushed.
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
 * Reads a reference by the grammar of the distribution project; without a tag it means `latest`.
 * Returns a sentence that says what is wrong instead, where it is none.
 */
export function parseReference(text: string): Reference | string {
  const advice = 'Write [registry/]repository[:tag], as in registry.example.com/team/api:1.4.';
  if (text.includes('@')) {
    return `"${text}" names a digest; a name with a tag is needed here. ${advice}`;
  }
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  const isRegistry = first === 'localhost' || /[.:]/.test(first) || /[A-Z]/.test(first);
  const rest = isRegistry ? text.slice(slash + 1) : text;
  const colon = rest.indexOf(':');
  const repository = colon < 0 ? rest : rest.slice(0, colon);
  const tag = colon < 0 ? 'latest' : rest.slice(colon + 1);
  if (isRegistry && !registryPattern.test(first)) {
    return `"${first}" in "${text}" is not a registry's host. ${advice}`;
  }
  if (!repository || repository.length > 255 || !repository.split('/').every((part) => componentPattern.test(part))) {
    return /[A-Z]/.test(repository)
      ? `"${text}" has capital letters in its repository, which registries refuse. Write "${text.toLowerCase()}".`
      : `"${text}" is not an image reference. ${advice}`;
  }
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(tag)) {
    return `"${tag}" in "${text}" is not a tag: 1 to 128 letters, digits, dots, dashes or underscores. ${advice}`;
  }
  return { ...(isRegistry ? { registry: first } : {}), repository, tag };
}

export function formatReference(reference: Reference): string {
  return `${reference.registry ? `${reference.registry}/` : ''}${reference.repository}:${reference.tag}`;
}

/** A reference in its full form (`api` is `api:latest`). */
export const referenceSchema = z.string().transform((text, context) => {
  const reference = parseReference(text);
  if (typeof reference === 'string') {
    context.addIssue({ code: 'custom', message: reference });
    return z.NEVER;
  }
  return formatReference(reference);
});

/** One image of a manifest list. `size`: bytes of its configuration and layers, compressed, as stored and pushed. */
export const listEntrySchema = z.object({
  platform: platformSchema,
  digest: digestSchema,
  size: z.number(),
  mediaType: z.string(),
  layers: z.array(z.object({ digest: digestSchema, size: z.number() })),
});
export type ListEntry = Readonly<z.infer<typeof listEntrySchema>>;

/** A manifest list in local storage, found by its reference. `createdAt`: ISO 8601. */
export const manifestListSchema = z.object({
  reference: z.string(),
  digest: digestSchema,
  mediaType: z.string(),
  createdAt: z.string(),
  entries: z.array(listEntrySchema),
});
export type ManifestList = Readonly<z.infer<typeof manifestListSchema>>;
