import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fail } from '../../../shared/problem.ts';
import { readKeyFile, readPublicKey } from './key-file.ts';
import type { PrivateKey } from './private-key.ts';
import { UnlockedKeys } from './unlocked-keys.ts';

const unlockedKeys = new UnlockedKeys();

/** A key file as far as it can be used without asking. */
export type Identity = OpenIdentity | LockedIdentity | PublicIdentity;

export interface OpenIdentity {
  readonly kind: 'open';
  readonly path: string;
  readonly publicKey: Buffer;
  readonly key: PrivateKey;
}

/** It is encrypted. `publicKey` (wire format), where known, finds it in an agent. */
export interface LockedIdentity {
  readonly kind: 'locked';
  readonly path: string;
  readonly publicKey?: Buffer;
  /** The key, or undefined where the passphrase does not fit. */
  unlock(passphrase: string): Promise<PrivateKey | undefined>;
}

/** Only an agent can sign for it: the file holds the public half, or the handle of a security key. */
export interface PublicIdentity {
  readonly kind: 'public';
  readonly path: string;
  readonly publicKey: Buffer;
}

/**
 * Reads a key file in any format that {@link readKeyFile} knows. Fails with `ssh.identity` where it is missing, unreadable, or
 * no key.
 */
export async function readIdentity(path: string): Promise<Identity> {
  const file = path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
  let content: Buffer;
  try {
    content = await readFile(file);
  } catch (error) {
    const missing = isMissing(error);
    throw fail(
      'ssh.identity',
      missing ? `There is no identity file ${file}.` : `The identity file ${file} could not be read.`,
      missing
        ? 'Give the path of a private key, or make one with `ssh-keygen -t ed25519` and copy it to the node with `ssh-copy-id`.'
        : `Make it readable for you: \`ls -l ${file}\` shows its permissions.`,
      error instanceof Error ? error.message : String(error),
      error,
    );
  }
  try {
    return await identityIn(content, file);
  } catch (error) {
    throw fail(
      'ssh.identity',
      `The identity file ${file} is no private key that can be used.`,
      `If \`ssh-keygen -y -f ${file}\` can read it, convert it with \`ssh-keygen -p -f ${file}\`. Otherwise name another file.`,
      error instanceof Error ? error.message : String(error),
      error,
    );
  }
}

async function identityIn(content: Buffer, path: string): Promise<Identity> {
  const read = await readKeyFile(content);
  switch (read.kind) {
    case 'open':
      return { kind: 'open', path, publicKey: read.key.publicKey, key: read.key };
    case 'public':
      return { kind: 'public', path, publicKey: read.publicKey };
    case 'locked': {
      const publicKey = read.publicKey ?? (await publicNeighbour(path));
      return {
        kind: 'locked',
        path,
        ...(publicKey ? { publicKey } : {}),
        unlock: (passphrase) =>
          unlockedKeys.find(content, passphrase, async () => {
            const opened = await readKeyFile(content, passphrase);
            return opened.kind === 'open' ? opened.key : undefined;
          }),
      };
    }
  }
}

/** Those of OpenSSH's default key files that are there and usable, in its order of preference. */
export async function defaultIdentities(home: string = homedir()): Promise<Identity[]> {
  const names = ['id_ed25519', 'id_ed25519_sk', 'id_ecdsa', 'id_ecdsa_sk', 'id_rsa'];
  const read = names.map((name) => readIdentity(join(home, '.ssh', name)));
  // nobody asked for these files in particular: one that cannot be used is as good as none
  return (await Promise.allSettled(read)).flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

async function publicNeighbour(file: string): Promise<Buffer | undefined> {
  try {
    return readPublicKey(await readFile(`${file}.pub`, 'latin1'));
  } catch {
    return undefined;
  }
}
