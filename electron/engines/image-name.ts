/** The name of an image as docker reads it: `alpine` and `docker.io/library/alpine:latest` are the same. */
export interface ImageName {
  /** Undefined for Docker Hub. */
  readonly registry?: string;
  readonly repository: string;
  /** `:TAG` or `@sha256:DIGEST`. */
  readonly version: string;
}

/** Undefined if a name is written in a way that is not known. */
export function readImageName(name: string): ImageName | undefined {
  const [, path = '', tag, digest] =
    /^([^:@]+(?::\d+\/[^:@]+)?)(?::([\w.-]+))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(name) ?? [];
  const slash = path.indexOf('/');
  const first = path.slice(0, Math.max(0, slash));
  const hasHost = /[.:]/.test(first) || first === 'localhost';
  const rest = hasHost ? path.slice(slash + 1) : path;
  if (!/^[a-z0-9][a-z0-9._/-]*$/.test(rest)) {
    return undefined;
  }
  const version = digest === undefined ? `:${tag ?? 'latest'}` : `@${digest}`;
  return !hasHost || first === 'docker.io'
    ? { repository: rest.replace(/^library\/(?=[^/]+$)/, ''), version }
    : { registry: first, repository: rest, version };
}

export function isSameName(one: ImageName, other: ImageName): boolean {
  return one.registry === other.registry && one.repository === other.repository && one.version === other.version;
}
