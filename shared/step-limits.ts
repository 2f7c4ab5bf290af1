/** Values of options for build steps, as people write them. */

export interface HostAddress {
  readonly host: string;
  /** An IPv6 address has no brackets. */
  readonly ip: string;
}

/** `HOST:IP` or `HOST=IP`. Undefined if it is neither. */
export function hostAddress(text: string): HostAddress | undefined {
  const [, host, ip = ''] = /^([\w.-]+)[:=]\[?([\da-fA-F:.]+)\]?$/.exec(text) ?? [];
  return host !== undefined && isAddress(ip) ? { host, ip } : undefined;
}

/** Any short form of IPv6, but none of IPv4, which engines read in different ways. */
export function isAddress(ip: string): boolean {
  return ip.includes(':')
    ? /^[\da-fA-F:]{2,39}$/.test(ip) &&
        !/:::|::.*::/.test(ip) &&
        (ip.includes('::') || ip.split(':').length === 8) &&
        ip.split(':').every((part) => part.length <= 4)
    : /^\d+\.\d+\.\d+\.\d+$/.test(ip) &&
        ip.split('.').every((part) => String(Number(part)) === part && Number(part) < 256);
}

/** Names of getrlimit(2) without their prefix, as docker and podman know them. */
const limitNames = [
  ...['core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile', 'nproc', 'rss', 'rtprio'],
  ...['rttime', 'sigpending', 'stack'],
];

/** -1 is no limit. */
export interface Ulimit {
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

/** `NAME=SOFT[:HARD]`. Without the hard limit, it is the soft one. Undefined for anything else. */
export function ulimitOf(text: string): Ulimit | undefined {
  const [, name = '', soft = '', hard = soft] = /^([a-z]+)=(-1|\d{1,15})(?::(-1|\d{1,15}))?$/.exec(text) ?? [];
  const limit = { name, soft: Number(soft), hard: Number(hard) };
  const isBelow = limit.hard === -1 || (limit.soft !== -1 && limit.soft <= limit.hard);
  return limitNames.includes(name) && isBelow ? limit : undefined;
}
