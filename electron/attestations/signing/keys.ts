/** Keys that sign images, in the files that cosign has. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  type ScryptOptions,
  scrypt,
  sign,
  verify,
} from 'node:crypto';
import { promisify } from 'node:util';
import nacl from 'tweetnacl';
import { z } from 'zod';
import { fail } from '../../../shared/problem.ts';

/** The first has the name of the project, the second that of its first program. cosign reads both. */
const encryptedTypes = ['ENCRYPTED SIGSTORE PRIVATE KEY', 'ENCRYPTED COSIGN PRIVATE KEY'] as const;
const maxFileBytes = 64 * 1024;

const base64 = z
  .string()
  .max(maxFileBytes)
  .transform((text) => Buffer.from(text, 'base64'));
/** Source: go-securesystemslib's package "encrypted". The limits keep a key of others from taking all memory. */
const encryptedSchema = z.object({
  kdf: z.object({
    name: z.literal('scrypt'),
    params: z.object({
      N: z
        .number()
        .int()
        .min(2)
        .max(2 ** 18),
      r: z.number().int().min(1).max(16),
      p: z.number().int().min(1).max(4),
    }),
    salt: base64,
  }),
  cipher: z.object({ name: z.literal('nacl/secretbox'), nonce: base64 }),
  ciphertext: base64,
});

/** What cosign and sigstore's libraries accept. */
const scryptParams = { N: 65_536, r: 8, p: 1 };

/** Whether a file has a private key that only its password opens. */
export function needsPassword(file: string): boolean {
  return [...encryptedTypes, 'ENCRYPTED PRIVATE KEY'].some((type) => file.includes(`-----BEGIN ${type}-----`));
}

/**
 * A private key from the content of its file: cosign's, or PKCS#8 or SEC1 in PEM.
 * @throws Failure `key.invalid`, `key.password`
 */
export async function readPrivateKey(file: string, path: string, password: string | undefined): Promise<KeyObject> {
  assertSize(file, path);
  const encrypted = pemBody(file);
  if (needsPassword(file) && password === undefined) {
    throw fail('key.password', `The key ${path} is encrypted.`, 'Enter its password.');
  }
  let key: KeyObject;
  try {
    key = encrypted
      ? createPrivateKey({ key: await decrypt(encrypted, path, password ?? ''), format: 'der', type: 'pkcs8' })
      : createPrivateKey({ key: file, ...(password === undefined ? {} : { passphrase: password }) });
  } catch (error) {
    if (error instanceof Error && 'problem' in error) {
      throw error;
    }
    if (needsPassword(file)) {
      throw wrongPassword(path);
    }
    throw invalidKey(path, 'private', error);
  }
  assertKind(key, path);
  return key;
}

/** A public key, also that of a private key. @throws Failure `key.invalid`, `key.password` */
export async function readPublicKey(file: string, path: string, password?: string): Promise<KeyObject> {
  assertSize(file, path);
  if (file.includes('PRIVATE KEY-----')) {
    return createPublicKey(await readPrivateKey(file, path, password));
  }
  let key: KeyObject;
  try {
    key = createPublicKey(file);
  } catch (error) {
    throw invalidKey(path, 'public', error);
  }
  assertKind(key, path);
  return key;
}

/** A new key of ECDSA P-256 in the files `cosign.key`, encrypted with the password, and `cosign.pub`. */
export async function generateKey(password: string): Promise<{ privateFile: string; publicFile: string }> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const [salt, nonce] = [randomBytes(32), randomBytes(nacl.secretbox.nonceLength)];
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  const ciphertext = nacl.secretbox(der, nonce, await deriveKey(password, salt, scryptParams));
  const json = {
    kdf: { name: 'scrypt', params: scryptParams, salt: salt.toString('base64') },
    cipher: { name: 'nacl/secretbox', nonce: nonce.toString('base64') },
    ciphertext: Buffer.from(ciphertext).toString('base64'),
  };
  return {
    privateFile: pem(encryptedTypes[0], Buffer.from(JSON.stringify(json))),
    publicFile: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  };
}

/** The SHA-256 of a public key (SPKI), in hexadecimal digits. */
export function fingerprintOf(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return createHash('sha256')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest('hex');
}

/** As in "ECDSA P-256". */
export function kindOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  switch (asymmetricKeyType) {
    case 'ec':
      return 'ECDSA P-256';
    case 'rsa':
      return `RSA ${asymmetricKeyDetails?.modulusLength ?? ''}`.trim();
    default:
      return 'Ed25519';
  }
}

export function signBytes(bytes: Uint8Array, key: KeyObject): Buffer {
  return sign(hashFor(key), bytes, key);
}

export function isSignedBy(bytes: Uint8Array, signature: Uint8Array, key: KeyObject): boolean {
  try {
    return verify(hashFor(key), bytes, key, signature);
  } catch {
    return false;
  }
}

function hashFor({ asymmetricKeyType }: KeyObject): 'sha256' | null {
  return asymmetricKeyType === 'ed25519' ? null : 'sha256';
}

function assertKind({ asymmetricKeyType: kind, asymmetricKeyDetails }: KeyObject, path: string): void {
  const isKnown =
    (kind === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1') || kind === 'rsa' || kind === 'ed25519';
  if (!isKnown) {
    throw fail(
      'key.invalid',
      `The key ${path} is of the kind ${kind ?? 'unknown'}${asymmetricKeyDetails?.namedCurve ? ` ${asymmetricKeyDetails.namedCurve}` : ''}, which is not supported.`,
      'Use a key of ECDSA P-256, RSA or Ed25519, or make one: barnraiser key generate.',
    );
  }
}

function assertSize(file: string, path: string): void {
  if (file.length > maxFileBytes) {
    throw invalidKey(path, 'private or public', `it has more than ${maxFileBytes} bytes`);
  }
}

/** The content of an encrypted key of cosign. */
function pemBody(file: string): Buffer | undefined {
  for (const type of encryptedTypes) {
    const start = file.indexOf(`-----BEGIN ${type}-----`);
    const end = file.indexOf(`-----END ${type}-----`);
    if (start >= 0 && end > start) {
      return Buffer.from(file.slice(start + `-----BEGIN ${type}-----`.length, end), 'base64');
    }
  }
  return undefined;
}

function pem(type: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${type}-----\n${lines.join('\n')}\n-----END ${type}-----\n`;
}

async function decrypt(body: Buffer, path: string, password: string): Promise<Buffer> {
  const parsed = encryptedSchema.safeParse(parseJson(body));
  if (!parsed.success || parsed.data.cipher.nonce.length !== nacl.secretbox.nonceLength) {
    throw invalidKey(path, 'private', 'it is not encrypted as cosign does that');
  }
  const { kdf, cipher, ciphertext } = parsed.data;
  const der = nacl.secretbox.open(ciphertext, cipher.nonce, await deriveKey(password, kdf.salt, kdf.params));
  if (!der) {
    throw wrongPassword(path);
  }
  return Buffer.from(der);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

const scryptAsync = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

function deriveKey(password: string, salt: Buffer, { N, r, p }: typeof scryptParams): Promise<Buffer> {
  return scryptAsync(password, salt, nacl.secretbox.keyLength, { N, r, p, maxmem: 256 * N * r });
}

function wrongPassword(path: string) {
  return fail('key.password', `The password does not open the key ${path}.`, 'Enter the password of this key.');
}

function invalidKey(path: string, what: string, cause: unknown) {
  return fail(
    'key.invalid',
    `${path} has no ${what} key.`,
    'Name a file with a key in PEM, or make one: barnraiser key generate.',
    cause instanceof Error ? cause.message : String(cause),
  );
}
