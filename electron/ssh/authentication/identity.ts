import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fail } from '../../../shared/problem.ts';
import { isMissingPath } from '../../system/file-errors.ts';
import { readKeyFile, readPublicKey } from './key-file.ts';
import type { PrivateKey } from './private-key.ts';
import { UnlockedKeys } from './unlocked-keys.ts';

const unlockedKeys = new UnlockedKeys();

/** A key file, as far as it can be used without a passphrase. */
export type Identity = UnlockedIdentity | LockedIdentity | PublicIdentity;

export interface UnlockedIdentity {
  readonly kind: 'unlocked';
  readonly path: string;
  readonly publicKey: Buffer;
  readonly key: PrivateKey;
}

/** An encrypted key. The public half (in wire format), where it is known, identifies the key in an agent. */
export interface LockedIdentity {
  readonly kind: 'locked';
  readonly path: string;
  readonly publicKey?: Buffer;
  /** The key, or undefined where the passphrase is wrong. */
  unlock(passphrase: string): Promise<PrivateKey | undefined>;
}

/** The file holds only the public half or the handle of a security key, so only an agent can sign. */
export interface PublicIdentity {
  readonly kind: 'public';
  readonly path: string;
  readonly publicKey: Buffer;
}

/**
 * Reads a key file in any format of {@link readKeyFile}.
 * @throws Failure `ssh.identity` where it is missing, unreadable or not a key
 */
export async function readIdentity(path: string): Promise<Identity> {
  const file = path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
  let content: Buffer;
  try {
    content = await readFile(file);
  } catch (error) {
    const isMissing = isMissingPath(error);
    throw fail(
      'ssh.identity',
      isMissing ? `The identity file ${file} does not exist.` : `The identity file ${file} could not be read.`,
      isMissing
        ? 'Choose an existing private key, or create one with `ssh-keygen -t ed25519` and copy it to the node with `ssh-copy-id`.'
        : `Make it readable for your user. \`ls -l ${file}\` shows its permissions.`,
      error instanceof Error ? error.message : String(error),
      error,
    );
  }
  try {
    return await identityIn(content, file);
  } catch (error) {
    throw fail(
      'ssh.identity',
      `The identity file ${file} is not a private key that can be used.`,
      `If \`ssh-keygen -y -f ${file}\` can read it, convert it with \`ssh-keygen -p -f ${file}\`. Otherwise choose another file.`,
      error instanceof Error ? error.message : String(error),
      error,
    );
  }
}

async function identityIn(content: Buffer, path: string): Promise<Identity> {
  const keyFile = await readKeyFile(content);
  switch (keyFile.kind) {
    case 'unlocked':
      return { kind: 'unlocked', path, publicKey: keyFile.key.publicKey, key: keyFile.key };
    case 'public':
      return { kind: 'public', path, publicKey: keyFile.publicKey };
    case 'locked': {
      const publicKey = keyFile.publicKey ?? (await readPublicKeyBeside(path));
      return {
        kind: 'locked',
        path,
        ...(publicKey ? { publicKey } : {}),
        unlock: (passphrase) =>
          unlockedKeys.getOrUnlock(content, passphrase, async () => {
            const unlocked = await readKeyFile(content, passphrase);
            return unlocked.kind === 'unlocked' ? unlocked.key : undefined;
          }),
      };
    }
  }
}

/** The usable ones of OpenSSH's default key files, in its order of preference. */
export async function defaultIdentities(home: string = homedir()): Promise<Identity[]> {
  const names = ['id_ed25519', 'id_ed25519_sk', 'id_ecdsa', 'id_ecdsa_sk', 'id_rsa'];
  const results = await Promise.allSettled(names.map((name) => readIdentity(join(home, '.ssh', name))));
  // no setting names these files, so an unusable one is not an error
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

async function readPublicKeyBeside(file: string): Promise<Buffer | undefined> {
  try {
    return readPublicKey(await readFile(`${file}.pub`, 'latin1'));
  } catch {
    return undefined;
  }
}
