import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fail } from '../../../shared/problem.ts';
import { isMissingPath } from '../../system/file-errors.ts';
import { homeFolder } from '../../system/local-user.ts';
import { expandHome } from '../../system/system-paths.ts';
import { type Certificate, isCertificate, parseCertificate, readCertificate } from './certificate.ts';
import { readKeyFile, readPublicKey } from './key-file.ts';
import type { PrivateKey } from './private-key.ts';
import { UnlockedKeys } from './unlocked-keys.ts';

const unlockedKeys = new UnlockedKeys();

/** A key file, as far as it can be used without a passphrase. */
export type Identity = UnlockedIdentity | LockedIdentity | PublicIdentity;

interface IdentityFile {
  readonly path: string;
  /** The certificates of its key that are beside it. */
  readonly certificates: readonly Certificate[];
}

export interface UnlockedIdentity extends IdentityFile {
  readonly kind: 'unlocked';
  readonly publicKey: Buffer;
  readonly key: PrivateKey;
}

/** An encrypted key. The public half (in wire format), where it is known, identifies the key in an agent. */
export interface LockedIdentity extends IdentityFile {
  readonly kind: 'locked';
  readonly publicKey?: Buffer;
  /** The key, or undefined where the passphrase is wrong. */
  unlock(passphrase: string): Promise<PrivateKey | undefined>;
}

/** The file holds only the public half or the handle of a security key, so only an agent can sign. */
export interface PublicIdentity extends IdentityFile {
  readonly kind: 'public';
  readonly publicKey: Buffer;
}

/**
 * Reads a key file in any format of {@link readKeyFile}.
 * @throws Failure `ssh.identity` where it is missing, unreadable or not a key
 */
export async function readIdentity(path: string): Promise<Identity> {
  // an app has no working folder of its own, so a relative path starts at the home folder
  const file = resolve(homeFolder(), expandHome(path));
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

const certificateSuffix = '-cert.pub';

async function identityIn(content: Buffer, path: string): Promise<Identity> {
  const keyFile = await readKeyFile(content);
  if (keyFile.kind === 'public' && isCertificate(keyFile.publicKey)) {
    return certifiedIdentity(parseCertificate(keyFile.publicKey, `the certificate ${path}`), path);
  }
  const beside = await readCertificate(`${path.replace(/\.pub$/, '')}${certificateSuffix}`);
  const certificatesOf = (publicKey: Buffer) => (beside?.publicKey.equals(publicKey) ? [beside] : []);
  switch (keyFile.kind) {
    case 'unlocked': {
      const { key } = keyFile;
      return { kind: 'unlocked', path, publicKey: key.publicKey, key, certificates: certificatesOf(key.publicKey) };
    }
    case 'public': {
      const { publicKey } = keyFile;
      return { kind: 'public', path, publicKey, certificates: certificatesOf(publicKey) };
    }
    case 'locked': {
      const publicKey = keyFile.publicKey ?? (await readPublicKeyBeside(path)) ?? beside?.publicKey;
      return {
        kind: 'locked',
        path,
        ...(publicKey ? { publicKey, certificates: certificatesOf(publicKey) } : { certificates: [] }),
        unlock: (passphrase) =>
          unlockedKeys.getOrUnlock(content, passphrase, async () => {
            const unlocked = await readKeyFile(content, passphrase);
            return unlocked.kind === 'unlocked' ? unlocked.key : undefined;
          }),
      };
    }
  }
}

/** The identity that the file of a certificate stands for: the private key beside it, else one that an agent holds. */
async function certifiedIdentity(certificate: Certificate, path: string): Promise<Identity> {
  const { publicKey } = certificate;
  if (path.endsWith(certificateSuffix)) {
    const identity = await readIdentity(path.slice(0, -certificateSuffix.length)).catch(() => undefined);
    if (identity?.publicKey?.equals(publicKey)) {
      return { ...identity, certificates: [certificate] };
    }
  }
  return { kind: 'public', path, publicKey, certificates: [certificate] };
}

/** The usable ones of OpenSSH's default key files, in its order of preference. */
export async function defaultIdentities(home: string = homeFolder()): Promise<Identity[]> {
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
