import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { lock } from 'proper-lockfile';
import { fail } from '../../shared/problem.ts';

/** Where a host key is recorded, and which one. */
export interface RecordedKey {
  readonly keyType: string;
  readonly fingerprint: string;
  readonly file: string;
  /** Counts from 1, as editors and `ssh-keygen` do. */
  readonly line: number;
}

/** What the files say about a key that a host has shown. `authorities` may vouch for the host by certificates, which we do not check. */
export type HostKeyCheck =
  | { readonly kind: 'known' }
  | {
      readonly kind: 'unknown';
      readonly keyType: string;
      readonly fingerprint: string;
      readonly authorities: readonly RecordedKey[];
    }
  | {
      readonly kind: 'changed';
      readonly keyType: string;
      readonly fingerprint: string;
      readonly expected: readonly RecordedKey[];
      readonly authorities: readonly RecordedKey[];
    }
  | {
      readonly kind: 'revoked';
      readonly keyType: string;
      readonly fingerprint: string;
      readonly revokedBy: RecordedKey;
    };

interface Entry {
  readonly marker?: 'revoked' | 'cert-authority';
  readonly matches: (lookup: string) => boolean;
  readonly key: Buffer;
  readonly keyType: string;
  readonly file: string;
  readonly line: number;
}

/**
 * The files that OpenSSH reads, its user's files first. `$BARNRAISER_KNOWN_HOSTS` replaces them all with one.
 * New keys are written to the first.
 */
export function knownHostsFiles(
  environment: NodeJS.ProcessEnv = process.env,
  home: string = homedir(),
): readonly [string, ...string[]] {
  const instead = environment.BARNRAISER_KNOWN_HOSTS;
  if (instead) {
    return [instead];
  }
  return [
    join(home, '.ssh/known_hosts'),
    join(home, '.ssh/known_hosts2'),
    '/etc/ssh/ssh_known_hosts',
    '/etc/ssh/ssh_known_hosts2',
  ];
}

/** `SHA256:` and unpadded base64 of a public key in its wire format, as `ssh-keygen -l` prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type that a public key in its wire format starts with, e.g. `ssh-ed25519`. */
export function keyTypeOf(key: Buffer): string {
  const length = key.length < 4 ? 0 : key.readUInt32BE(0);
  return key.toString('latin1', 4, 4 + Math.min(length, 64));
}

/** The name under which OpenSSH records a host: bare on port 22, otherwise `[host]:port`. */
export function hostLookup(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

/**
 * The host keys that this computer trusts, in OpenSSH's format (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT").
 * It is what the files said when they were loaded: load it anew for each connection, since people edit them.
 */
export class KnownHosts {
  readonly #entries: readonly Entry[];

  private constructor(entries: readonly Entry[]) {
    this.#entries = entries;
  }

  /** Missing files hold nothing. Any other that cannot be read fails with `ssh.known-hosts`: it might revoke a key. */
  static async load(files: readonly string[] = knownHostsFiles()): Promise<KnownHosts> {
    const entries: Entry[] = [];
    for (const file of files) {
      entries.push(...parse(await readText(file), file));
    }
    return new KnownHosts(entries);
  }

  /** Judges the key (wire format) that a host has shown. */
  check(host: string, port: number, key: Buffer): HostKeyCheck {
    const shown = { keyType: keyTypeOf(key), fingerprint: fingerprint(key) };
    const here = this.#of(hostLookup(host, port));
    // like OpenSSH, a host's plain name vouches for its other ports too, but never contradicts them
    const plain = port === 22 ? [] : this.#of(hostLookup(host, 22));

    const revokedBy = [...here, ...plain].find((entry) => entry.marker === 'revoked' && entry.key.equals(key));
    if (revokedBy) {
      return { kind: 'revoked', ...shown, revokedBy: recorded(revokedBy) };
    }
    const trusted = here.filter((entry) => entry.marker === undefined);
    const vouching = [...trusted, ...plain.filter((entry) => entry.marker === undefined)];
    if (vouching.some((entry) => entry.key.equals(key))) {
      return { kind: 'known' };
    }
    const authorities = [...new Set([...here, ...plain])]
      .filter((entry) => entry.marker === 'cert-authority')
      .map(recorded);
    if (trusted.length === 0) {
      return { kind: 'unknown', ...shown, authorities };
    }
    // OpenSSH calls a key of a type that is not recorded yet new, and asks. We ask the host for recorded types first, so
    // one that answers with another type has lost the recorded keys, or is somebody else who never had them. Blocking is
    // the safe side, and the way out is the same.
    const sameType = trusted.filter((entry) => entry.keyType === shown.keyType);
    const expected = (sameType.length ? sameType : trusted).map(recorded);
    return { kind: 'changed', ...shown, expected, authorities };
  }

  /** The types of the keys recorded for a host, to ask it for one of them first. */
  keyTypes(host: string, port: number): string[] {
    const types = (lookup: string) =>
      this.#of(lookup)
        .filter((entry) => entry.marker === undefined)
        .map((entry) => entry.keyType);
    const here = types(hostLookup(host, port));
    return [...new Set(here.length ? here : types(hostLookup(host, 22)))];
  }

  #of(lookup: string): Entry[] {
    return this.#entries.filter((entry) => entry.matches(lookup));
  }
}

/** Some 18 s of waiting for others, who need milliseconds each; a lock whose process has died is taken over after 10 s. */
const patience = { retries: 600, factor: 1, minTimeout: 20, maxTimeout: 100, randomize: true };

/**
 * Appends a host's key to a file, which is made where it is missing, unless it is recorded there already. Other processes
 * that do the same wait for each other, so that none loses its line. Fails with `ssh.known-hosts`.
 * @param options.hashed writes a hash in place of the host's name, as the SSH configuration's HashKnownHosts wants it.
 */
export async function rememberHostKey(
  file: string,
  host: string,
  port: number,
  key: Buffer,
  options: { readonly hashed?: boolean } = {},
): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    // the lock needs the file to exist; "a" makes it and never cuts it
    await (await open(file, 'a', 0o600)).close();
    const release = await lock(file, { retries: patience });
    try {
      const text = await readFile(file, 'utf8');
      const lookup = hostLookup(host, port);
      if (parse(text, file).some((entry) => !entry.marker && entry.matches(lookup) && entry.key.equals(key))) {
        return;
      }
      const line = `${options.hashed ? hashedName(lookup) : lookup} ${keyTypeOf(key)} ${key.toString('base64')}\n`;
      const handle = await open(file, 'a');
      try {
        await handle.appendFile(text === '' || text.endsWith('\n') ? line : `\n${line}`);
        await handle.sync();
      } finally {
        await handle.close();
      }
    } finally {
      await release();
    }
  } catch (error) {
    throw fail(
      'ssh.known-hosts',
      `The host key of ${hostLookup(host, port)} could not be saved in ${file}.`,
      'Make the file and its folder writable for you, or name another file in $BARNRAISER_KNOWN_HOSTS.',
      error instanceof Error ? error.message : String(error),
      error,
    );
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      return '';
    }
    throw fail(
      'ssh.known-hosts',
      `The known host keys in ${file} could not be read.`,
      `Make it a file that you can read: \`ls -l ${file}\` shows its permissions.`,
      error instanceof Error ? error.message : String(error),
      error,
    );
  }
}

function recorded(entry: Entry): RecordedKey {
  return { keyType: entry.keyType, fingerprint: fingerprint(entry.key), file: entry.file, line: entry.line };
}

/** Lines that make no sense are left out, as OpenSSH does: they may come from a newer version of it. */
function parse(text: string, file: string): Entry[] {
  return text.split('\n').flatMap((content, index) => {
    const entry = parseLine(content.trim(), file, index + 1);
    return entry ? [entry] : [];
  });
}

function parseLine(content: string, file: string, line: number): Entry | undefined {
  if (content === '' || content.startsWith('#')) {
    return undefined;
  }
  const fields = content.split(/[ \t]+/);
  let marker: Entry['marker'];
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

function hashedName(lookup: string): string {
  const salt = randomBytes(20);
  const hash = createHmac('sha1', salt).update(lookup).digest();
  return `|1|${salt.toString('base64')}|${hash.toString('base64')}`;
}

/** `|1|salt|hash`: HMAC-SHA1 of the name, keyed with the salt. */
function hashedMatcher(hosts: string): Entry['matches'] | undefined {
  const [, version, salt, hash] = hosts.split('|');
  if (version !== '1' || !salt || !hash) {
    return undefined;
  }
  const expected = Buffer.from(hash, 'base64');
  const secret = Buffer.from(salt, 'base64');
  return (lookup) => {
    const actual = createHmac('sha1', secret).update(lookup).digest();
    return actual.length === expected.length && timingSafeEqual(actual, expected);
  };
}

/** Comma separated patterns with `*` and `?`; one that starts with `!` and matches overrules all others. */
function plainMatcher(hosts: string): Entry['matches'] {
  const patterns = hosts
    .toLowerCase()
    .split(',')
    .map((pattern) => {
      const negated = pattern.startsWith('!');
      const source = (negated ? pattern.slice(1) : pattern)
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replace(/\*+/g, '.*')
        .replace(/\?/g, '.');
      return { negated, expression: new RegExp(`^${source}$`) };
    });
  return (lookup) => {
    const hits = patterns.filter((pattern) => pattern.expression.test(lookup));
    return hits.length > 0 && !hits.some((hit) => hit.negated);
  };
}
