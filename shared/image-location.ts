/**
 * Where an image is, as commands and the window write it: `NAME:TAG` is in local storage, `docker://REGISTRY/NAME:TAG` is in a
 * registry. The prefix is that of podman and skopeo.
 */
import { type Digest, formatReference, isDigest, parseReference, type Reference } from './image.ts';

/** An image in a registry. It has a tag, a digest, or both: then the digest decides. */
export interface RegistryImage {
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string | undefined;
  readonly digest?: Digest | undefined;
}

export type ImageLocation =
  | { readonly kind: 'local'; readonly reference: string }
  | ({ readonly kind: 'registry' } & RegistryImage);

export const registryPrefix = 'docker://';

/**
 * Parses `[docker://][REGISTRY/]NAME[:TAG][@DIGEST]` as the name of an image in a registry. Without a registry, it is in Docker Hub.
 * @returns for an invalid name, a message that says what is wrong and what to do
 */
export function parseRegistryImage(text: string): RegistryImage | string {
  const bare = text.startsWith(registryPrefix) ? text.slice(registryPrefix.length) : text;
  const at = bare.indexOf('@');
  const [name, digest] = at < 0 ? [bare, undefined] : [bare.slice(0, at), bare.slice(at + 1)];
  if (digest !== undefined && !isDigest(digest)) {
    return `"${digest}" in "${text}" is not a digest. Write NAME@sha256: and its 64 hexadecimal digits.`;
  }
  const reference = parseReference(name);
  if (typeof reference === 'string') {
    return reference;
  }
  const { registry = 'docker.io', repository, tag } = reference;
  const hasTag = name.endsWith(`:${tag}`);
  return { registry, repository, ...(hasTag || !digest ? { tag } : {}), ...(digest ? { digest } : {}) };
}

/** @returns for an invalid location, a message that says what is wrong and what to do */
export function parseImageLocation(text: string): ImageLocation | string {
  if (text.startsWith(registryPrefix)) {
    const image = parseRegistryImage(text);
    return typeof image === 'string' ? image : { kind: 'registry', ...image };
  }
  const reference = parseReference(text);
  return typeof reference === 'string' ? reference : { kind: 'local', reference: formatReference(reference) };
}

/** The name of an image in a registry, without the prefix. */
export function formatRegistryImage({ registry, repository, tag, digest }: RegistryImage): string {
  return `${registry}/${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`;
}

export function formatImageLocation(location: ImageLocation): string {
  return location.kind === 'local' ? location.reference : `${registryPrefix}${formatRegistryImage(location)}`;
}

/** The reference by which a push goes to a location. Undefined if it has only a digest. */
export function referenceOf({ registry, repository, tag }: RegistryImage): Reference | undefined {
  return tag === undefined ? undefined : { registry, repository, tag };
}
