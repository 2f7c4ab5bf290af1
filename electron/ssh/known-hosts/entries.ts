import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { keyTypeOf } from '../public-key.ts';

/** A line of a known_hosts file. */
export interface KnownHostsEntry {
  readonly marker?: 'revoked' | 'cert-authority';
  /** Takes a name of {@link knownHostsName}. */
  readonly matches: (name: string) => boolean;
  /** In wire format. */
  readonly key: Buffer;
  readonly keyType: string;
  readonly file: string;
  /** Counted from 1, as editors and `ssh-keygen` do. */
  readonly line: number;
}

/** The name under which OpenSSH records a host: the host alone on port 22, otherwise `[host]:port`. */
export function knownHostsName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

/**
 * Parses OpenSSH's format (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). Skips invalid lines, as OpenSSH does: a newer
 * version of it may have written them.
 */
export function parseKnownHosts(text: string, file: string): KnownHostsEntry[] {
  return text.split('\n').flatMap((content, index) => {
    const entry = parseLine(content.trim(), file, index + 1);
    return entry ? [entry] : [];
  });
}

/** @param options.hashName writes a hash in place of the name. */
export function formatEntry(name: string, key: Buffer, options: { readonly hashName: boolean }): string {
  return `${options.hashName ? hashedName(name) : name} ${keyTypeOf(key)} ${key.toString('base64')}\n`;
}

function parseLine(content: string, file: string, line: number): KnownHostsEntry | undefined {
  if (content === '' || content.startsWith('#')) {
    return undefined;
  }
  const fields = content.split(/[ \t]+/);
  let marker: KnownHostsEntry['marker'];
  if (content.startsWith('@')) {
    const word = fields.shift();
    if (word !== '@revoked' && word !== '@cert-authority') {
      return undefined;
    }
    marker = word === '@revoked' ? 'revoked' : 'cert-authority';
  }
  const [hosts, keyType, encoded] = fields;
  if (!hosts || !keyType || !encoded) {
    return undefined;
  }
  const key = Buffer.from(encoded, 'base64');
  if (keyTypeOf(key) !== keyType) {
    return undefined;
  }
  const matches = hosts.startsWith('|') ? hashedMatcher(hosts) : plainMatcher(hosts);
  return matches && { ...(marker ? { marker } : {}), matches, key, keyType, file, line };
}

/** `|1|salt|hash`: HMAC-SHA1 of the name, with the salt as its key. */
function hashedName(name: string): string {
  const salt = randomBytes(20);
  const hash = createHmac('sha1', salt).update(name).digest();
  return `|1|${salt.toString('base64')}|${hash.toString('base64')}`;
}

function hashedMatcher(hosts: string): KnownHostsEntry['matches'] | undefined {
  const [, version, salt, hash] = hosts.split('|');
  if (version !== '1' || !salt || !hash) {
    return undefined;
  }
  const expected = Buffer.from(hash, 'base64');
  const hmacKey = Buffer.from(salt, 'base64');
  return (name) => {
    const actual = createHmac('sha1', hmacKey).update(name).digest();
    return actual.length === expected.length && timingSafeEqual(actual, expected);
  };
}

/** Comma-separated patterns with `*` and `?`. A matching pattern that starts with `!` overrules all others. */
function plainMatcher(hosts: string): KnownHostsEntry['matches'] {
  const patterns = hosts
    .toLowerCase()
    .split(',')
    .map((pattern) => {
      const isNegated = pattern.startsWith('!');
      const source = (isNegated ? pattern.slice(1) : pattern)
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replace(/\*+/g, '.*')
        .replace(/\?/g, '.');
      return { isNegated, expression: new RegExp(`^${source}$`) };
    });
  return (name) => {
    const matching = patterns.filter((pattern) => pattern.expression.test(name));
    return matching.length > 0 && !matching.some((pattern) => pattern.isNegated);
  };
}
