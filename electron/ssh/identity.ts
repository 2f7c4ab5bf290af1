import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import ssh2, { type ParsedKey } from 'ssh2';
import { fail } from '../../shared/problem.ts';

/** A key file as far as it can be used without asking for a passphrase. */
export type Identity =
  | { readonly kind: 'private'; readonly path: string; readonly key: ParsedKey }
  /** Its private half is locked or elsewhere. An agent may hold it; `publicKey` (wire format), where known, finds it there. */
  | { readonly kind: 'locked'; readonly path: string; readonly publicKey?: Buffer };

/**
 * Reads a key file in any format that ssh2 knows: OpenSSH's, PEM, PuTTY's, or only a public key.
 * Fails with `ssh.identity` where it is missing, unreadable, or no key.
 */
export async function readIdentity(path: string): Promise<Identity> {
  const file = path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
  let text: Buffer;
  try {
    text = await readFile(file);
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
  const key = parse(text);
  if (key instanceof Error) {
    if (!/^Encrypted .*key detected/.test(key.message)) {
      throw fail(
        'ssh.identity',
        `The identity file ${file} is no private key that can be used.`,
        `If \`ssh-keygen -y -f ${file}\` can read it, convert it with \`ssh-keygen -p -f ${file}\`. Otherwise name another file.`,
        key.message,
      );
    }
    const publicKey = publicHalf(text) ?? (await publicNeighbour(file));
    return { kind: 'locked', path: file, ...(publicKey ? { publicKey } : {}) };
  }
  return key.isPrivateKey()
    ? { kind: 'private', path: file, key }
    : { kind: 'locked', path: file, publicKey: key.getPublicSSH() };
}

/** Those of OpenSSH's default key files that are there and usable, in its order of preference. */
export async function defaultIdentities(home: string = homedir()): Promise<Identity[]> {
  const read = ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => readIdentity(join(home, '.ssh', name)));
  // nobody asked for these files in particular: one that cannot be used is as good as none
  return (await Promise.allSettled(read)).flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

function parse(text: Buffer | string): ParsedKey | Error {
  // the types say one key, the code may give a list of them
  const [key] = [ssh2.utils.parseKey(text)].flat();
  return key ?? new Error('No key in it');
}

async function publicNeighbour(file: string): Promise<Buffer | undefined> {
  try {
    const key = parse(await readFile(`${file}.pub`));
    return key instanceof Error ? undefined : key.getPublicSSH();
  } catch {
    return undefined;
  }
}

/**
 * The public key of an encrypted key file in OpenSSH's format, where it stands in clear.
 * Source: OpenSSH's PROTOCOL.key: magic, cipher, kdf, kdf options, number of keys, public key, …
 */
function publicHalf(text: Buffer): Buffer | undefined {
  const armour = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(text.toString('latin1'));
  const body = Buffer.from(armour?.[1] ?? '', 'base64');
  const magic = 'openssh-key-v1\0';
  if (!body.toString('latin1').startsWith(magic)) {
    return undefined;
  }
  let at = magic.length;
  const next = (): Buffer => {
    const length = body.readUInt32BE(at);
    at += 4 + length;
    return body.subarray(at - length, at);
  };
  try {
    next();
    next();
    next();
    at += 4;
    return next();
  } catch {
    return undefined;
  }
}
