/** A host to go through. What is missing comes from the hop's own configuration. */
export interface Hop {
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
}

export function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** `[user@]host[:port]` or `ssh://[user@]host[:port]`, IPv6 addresses in brackets. Undefined where it is neither. */
export function parseHop(text: string): Hop | undefined {
  const isUri = text.startsWith('ssh://');
  const rest = isUri ? text.slice('ssh://'.length).replace(/\/$/, '') : text;
  const at = isUri ? rest.indexOf('@') : rest.lastIndexOf('@');
  const user = at < 0 ? undefined : decoded(isUri ? (rest.slice(0, at).split(';')[0] ?? '') : rest.slice(0, at), isUri);
  const [, bracketed, bare = '', colonPort] = /^(?:\[([^\]]*)\]|([^:/[]*))(:[^/]*)?$/.exec(rest.slice(at + 1)) ?? [];
  const host = bracketed ?? bare;
  const port = colonPort && colonPort !== ':' ? parsePort(colonPort.slice(1)) : undefined;
  if (user === '' || host === '' || (colonPort && colonPort !== ':' && port === undefined)) {
    return undefined;
  }
  return { host, ...(user === undefined ? {} : { user }), ...(port === undefined ? {} : { port }) };
}

/** The hops of a ProxyJump in the order in which they are gone through; `none` is none. Undefined where one cannot be read. */
export function parseJumps(text: string): readonly Hop[] | undefined {
  if (text.toLowerCase() === 'none') {
    return [];
  }
  const hops = text.split(',').map(parseHop);
  return hops.every((hop) => hop !== undefined) ? hops : undefined;
}

/** As `ssh -G` prints it: the last hop taken apart and put together again, those before it as they were written. */
export function printJumps(text: string, hops: readonly Hop[]): string {
  const last = hops.at(-1);
  const comma = text.lastIndexOf(',');
  if (!last) {
    return 'none';
  }
  const user = last.user === undefined ? '' : `${last.user}@`;
  const host = last.host.includes(':') || /^[\d.]+$/.test(last.host) ? `[${last.host}]` : last.host;
  return `${text.slice(0, comma + 1)}${user}${host}${last.port === undefined ? '' : `:${last.port}`}`;
}

function decoded(text: string, isUri: boolean): string {
  try {
    return isUri ? decodeURIComponent(text) : text;
  } catch {
    return '';
  }
}
