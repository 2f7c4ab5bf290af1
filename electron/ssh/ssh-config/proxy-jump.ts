/** A host to connect through. The configuration of that host supplies a missing user and port. */
export interface JumpHost {
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
}

/** A port from 1 to 65535; undefined for any other text. */
export function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/**
 * Parses `[user@]host[:port]` or `ssh://[user@]host[:port]`, IPv6 addresses in brackets. Undefined for any other text.
 */
export function parseJumpHost(text: string): JumpHost | undefined {
  const isUri = text.startsWith('ssh://');
  const rest = isUri ? text.slice('ssh://'.length).replace(/\/$/, '') : text;
  const at = isUri ? rest.indexOf('@') : rest.lastIndexOf('@');
  const user =
    at < 0 ? undefined : decodeUser(isUri ? (rest.slice(0, at).split(';')[0] ?? '') : rest.slice(0, at), isUri);
  const [, bracketed, bare = '', colonPort] = /^(?:\[([^\]]*)\]|([^:/[]*))(:[^/]*)?$/.exec(rest.slice(at + 1)) ?? [];
  const host = bracketed ?? bare;
  const port = colonPort && colonPort !== ':' ? parsePort(colonPort.slice(1)) : undefined;
  if (user === '' || host === '' || (colonPort && colonPort !== ':' && port === undefined)) {
    return undefined;
  }
  return { host, ...(user === undefined ? {} : { user }), ...(port === undefined ? {} : { port }) };
}

/**
 * Parses the jump hosts of a ProxyJump, in the order of the connection. `none` gives an empty list, an invalid host
 * undefined.
 */
export function parseJumpHosts(text: string): readonly JumpHost[] | undefined {
  if (text.toLowerCase() === 'none') {
    return [];
  }
  const hops = text.split(',').map(parseJumpHost);
  return hops.every((hop) => hop !== undefined) ? hops : undefined;
}

/** Formats a ProxyJump as `ssh -G` does: the last host is formatted anew, those before it keep their text. */
export function formatJumps(text: string, hops: readonly JumpHost[]): string {
  const last = hops.at(-1);
  const comma = text.lastIndexOf(',');
  if (!last) {
    return 'none';
  }
  const user = last.user === undefined ? '' : `${last.user}@`;
  const host = last.host.includes(':') || /^[\d.]+$/.test(last.host) ? `[${last.host}]` : last.host;
  return `${text.slice(0, comma + 1)}${user}${host}${last.port === undefined ? '' : `:${last.port}`}`;
}

function decodeUser(text: string, isUri: boolean): string {
  try {
    return isUri ? decodeURIComponent(text) : text;
  } catch {
    return '';
  }
}
