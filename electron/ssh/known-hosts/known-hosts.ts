/** The host keys that this computer trusts, in OpenSSH's files. */
import { readFile } from 'node:fs/promises';
import { fail } from '../../../shared/problem.ts';
import { isMissingPath } from '../../system/file-errors.ts';
import { homeFolder } from '../../system/local-user.ts';
import { pathsOf, sshSystemFolder } from '../../system/system-paths.ts';
import { fingerprint, keyTypeOf } from '../public-key.ts';
import { type KnownHostsEntry, knownHostsName, parseKnownHosts } from './entries.ts';

/** A host key in a file. */
export interface RecordedKey {
  readonly keyType: string;
  readonly fingerprint: string;
  readonly file: string;
  /** Counted from 1, as editors and `ssh-keygen` do. */
  readonly line: number;
}

/** The result of a check. `authorities` may vouch for the host with certificates, which are not checked here. */
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

/**
 * The files that OpenSSH reads, the user's files first. New keys are written to the first one.
 * `$BARNRAISER_KNOWN_HOSTS` replaces all of them by one file.
 */
export function knownHostsFiles(
  environment: NodeJS.ProcessEnv = process.env,
  home: string = homeFolder(),
  platform: NodeJS.Platform = process.platform,
): readonly [string, ...string[]] {
  const replacement = environment.BARNRAISER_KNOWN_HOSTS;
  if (replacement) {
    return [replacement];
  }
  const { join } = pathsOf(platform);
  const systemFolder = sshSystemFolder(environment, platform);
  return [
    join(home, '.ssh', 'known_hosts'),
    join(home, '.ssh', 'known_hosts2'),
    join(systemFolder, 'ssh_known_hosts'),
    join(systemFolder, 'ssh_known_hosts2'),
  ];
}

/** The content of the files at the time of loading. Load it again for each connection, since people edit the files. */
export class KnownHosts {
  readonly #entries: readonly KnownHostsEntry[];

  private constructor(entries: readonly KnownHostsEntry[]) {
    this.#entries = entries;
  }

  /**
   * Missing files count as empty.
   * @throws Failure `ssh.known-hosts` where a file cannot be read: it might revoke a key
   */
  static async load(files: readonly string[] = knownHostsFiles()): Promise<KnownHosts> {
    const entries: KnownHostsEntry[] = [];
    for (const file of files) {
      entries.push(...parseKnownHosts(await readText(file), file));
    }
    return new KnownHosts(entries);
  }

  /** Checks the key (in wire format) that a host has shown. */
  check(host: string, port: number, key: Buffer): HostKeyCheck {
    const shown = { keyType: keyTypeOf(key), fingerprint: fingerprint(key) };
    const exact = this.#entriesFor(knownHostsName(host, port));
    // As in OpenSSH, the entries for port 22 can confirm a key on another port, but never contradict it.
    const plain = port === 22 ? [] : this.#entriesFor(knownHostsName(host, 22));

    const revokedBy = [...exact, ...plain].find((entry) => entry.marker === 'revoked' && entry.key.equals(key));
    if (revokedBy) {
      return { kind: 'revoked', ...shown, revokedBy: toRecordedKey(revokedBy) };
    }
    const trusted = exact.filter((entry) => entry.marker === undefined);
    const confirming = [...trusted, ...plain.filter((entry) => entry.marker === undefined)];
    if (confirming.some((entry) => entry.key.equals(key))) {
      return { kind: 'known' };
    }
    const authorities = [...new Set([...exact, ...plain])]
      .filter((entry) => entry.marker === 'cert-authority')
      .map(toRecordedKey);
    if (trusted.length === 0) {
      return { kind: 'unknown', ...shown, authorities };
    }
    // OpenSSH treats a key of a type that is not recorded yet as new, and asks. Here, the host was first asked for the
    // recorded types. A host that answers with another type has lost its recorded keys or never had them, so blocking
    // is the safe choice. The fix is the same in both cases.
    const sameType = trusted.filter((entry) => entry.keyType === shown.keyType);
    const expected = (sameType.length ? sameType : trusted).map(toRecordedKey);
    return { kind: 'changed', ...shown, expected, authorities };
  }

  /** The types of the keys that are recorded for a host: it is asked for one of them first. */
  keyTypes(host: string, port: number): string[] {
    const types = (name: string) =>
      this.#entriesFor(name)
        .filter((entry) => entry.marker === undefined)
        .map((entry) => entry.keyType);
    const exact = types(knownHostsName(host, port));
    return [...new Set(exact.length ? exact : types(knownHostsName(host, 22)))];
  }

  #entriesFor(name: string): KnownHostsEntry[] {
    return this.#entries.filter((entry) => entry.matches(name));
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isMissingPath(error)) {
      return '';
    }
    throw fail(
      'ssh.known-hosts',
      `The known host keys in ${file} could not be read.`,
      `Make it a file that you can read. \`ls -l ${file}\` shows its permissions.`,
      error instanceof Error ? error.message : String(error),
      error,
    );
  }
}

function toRecordedKey(entry: KnownHostsEntry): RecordedKey {
  return { keyType: entry.keyType, fingerprint: fingerprint(entry.key), file: entry.file, line: entry.line };
}
