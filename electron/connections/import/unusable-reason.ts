import { parseDestination } from '../../../shared/connection.ts';
import { toName } from '../../../shared/free-name.ts';

/** The longest path that Linux accepts. Source: PATH_MAX. URIs are limited to the same length. */
export const maxPathLength = 4096;

/**
 * A URI from a file without its options, such as podman's `?secure=True`, and the options that mean nothing here. podman's
 * option says whether it checks host keys; Barnraiser always does.
 */
export function splitOptions(uri: string): { readonly uri: string; readonly unknown: readonly string[] } {
  const [, base, query] = /^((?:ssh|unix):\/\/[^?#]*)\?([^#]*)$/is.exec(uri) ?? [];
  if (base === undefined) {
    return { uri, unknown: [] };
  }
  return { uri: base, unknown: [...new URLSearchParams(query).keys()].filter((key) => key.toLowerCase() !== 'secure') };
}

/**
 * Why a URI from a file cannot be used, and what to do about it; undefined if it can be used. The sentence continues
 * after the engine's name. It contains no part of the URI except its scheme, because the URI may contain a password.
 */
export function unusableReason(name: string, uri: string): string | undefined {
  const uriExample = `add a connection named ${toName(name, 'NAME')} to ssh://user@host.`;
  if (uri.length > maxPathLength) {
    return 'has a URI that is too long.';
  }
  if (typeof parseDestination(uri) !== 'string') {
    return undefined;
  }
  const scheme = /^([a-z][a-z\d+.-]{0,20}):\/\//i.exec(uri)?.[1]?.toLowerCase();
  if (scheme === 'http' || scheme === 'https') {
    return `uses ${scheme}://, which is not supported. Connect to its machine over SSH: ${uriExample}`;
  }
  if (scheme === 'npipe') {
    return `is a Windows named pipe, which is not supported. Connect to its machine over SSH: ${uriExample}`;
  }
  if (scheme !== undefined && !knownSchemes.has(scheme)) {
    return `uses ${scheme}://, which is not supported. Use ssh://…, unix://… or tcp://….`;
  }
  if (hasPassword(uri)) {
    return `has a password in its URI, which would be stored unencrypted. Sign in with a key: ${uriExample}`;
  }
  return 'has a URI that is not valid. Use ssh://user@host:port/path/to.sock, unix:///path/to.sock or tcp://host:port.';
}

const knownSchemes: ReadonlySet<string> = new Set([
  'ssh',
  'unix',
  'tcp',
  'docker-container',
  'podman-container',
  'kube-pod',
]);

function hasPassword(uri: string): boolean {
  try {
    return new URL(uri.includes('://') ? uri : `ssh://${uri}`).password !== '';
  } catch {
    return false;
  }
}
