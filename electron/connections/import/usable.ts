import { parseDestination } from '../../../shared/connection.ts';
import { fitName } from '../../../shared/free-name.ts';

/** Longer is no path and no URI that anything takes. Source: PATH_MAX of Linux. */
export const maxLength = 4096;

/**
 * Why a URI from a file leads to no engine that can be used, and what to do instead; undefined where it does. The sentence
 * goes on from the name of the engine, and repeats nothing of the URI but its scheme: it may hold a password.
 */
export function whyUnusable(name: string, uri: string): string | undefined {
  const addOverSsh = `\`barnraiser connection add ${fitName(name, 'NAME')} ssh://user@host\`.`;
  if (uri.length > maxLength) {
    return 'has a URI that is longer than any.';
  }
  if (typeof parseDestination(uri) !== 'string') {
    return undefined;
  }
  const scheme = /^([a-z][a-z\d+.-]{0,20}):\/\//i.exec(uri)?.[1]?.toLowerCase();
  if (scheme === 'tcp' || scheme === 'http' || scheme === 'https') {
    return `is reached by ${scheme}://, which Barnraiser does not speak. Reach its machine over SSH: ${addOverSsh}`;
  }
  if (scheme === 'npipe') {
    return `is a named pipe of Windows, which Barnraiser cannot use. Reach its machine over SSH: ${addOverSsh}`;
  }
  if (scheme !== undefined && scheme !== 'ssh' && scheme !== 'unix') {
    return `is reached by ${scheme}://, which Barnraiser cannot use. Write ssh://… or unix://….`;
  }
  if (holdsPassword(uri)) {
    return `holds a password in its URI, which would be stored in clear. Add it without, and use a key: ${addOverSsh}`;
  }
  return 'has a URI that cannot be understood. Write ssh://user@host:port/path/to.sock or unix:///path/to.sock.';
}

function holdsPassword(uri: string): boolean {
  try {
    return new URL(uri.includes('://') ? uri : `ssh://${uri}`).password !== '';
  } catch {
    return false;
  }
}
