import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { wireMpint, wireString } from './wire.ts';

/**
 * The private half of a key pair, ready to sign. It lies in the memory of node:crypto, where no snapshot of the heap shows it, and
 * cannot be taken out again by whoever holds this.
 */
export interface PrivateKey {
  /** The type of the pair, as SSH names it. */
  readonly type: string;
  /** The public half, in wire format. */
  readonly publicKey: Buffer;
  /** @param hash only asked of RSA keys, which may sign with several. */
  sign(data: Buffer, hash?: string): Buffer;
}

const curves: Readonly<Record<string, { readonly name: string; readonly hash: string }>> = {
  'P-256': { name: 'nistp256', hash: 'sha256' },
  'P-384': { name: 'nistp384', hash: 'sha384' },
  'P-521': { name: 'nistp521', hash: 'sha512' },
};

/** @throws Error where it is of a kind that SSH servers take no more, DSA for one. */
export function privateKeyOf(key: KeyObject): PrivateKey {
  const { kty, crv = '', x = '', y = '', n = '', e = '' } = createPublicKey(key).export({ format: 'jwk' });
  if (kty === 'RSA') {
    const publicKey = Buffer.concat([wireString('ssh-rsa'), wireMpint(bytes(e)), wireMpint(bytes(n))]);
    return { type: 'ssh-rsa', publicKey, sign: (data, hash = 'sha1') => sign(hash, data, key) };
  }
  if (kty === 'OKP' && crv === 'Ed25519') {
    const publicKey = Buffer.concat([wireString('ssh-ed25519'), wireString(bytes(x))]);
    return { type: 'ssh-ed25519', publicKey, sign: (data) => sign(null, data, key) };
  }
  const curve = kty === 'EC' ? curves[crv] : undefined;
  if (curve) {
    const type = `ecdsa-sha2-${curve.name}`;
    // 4 says that both coordinates follow (SEC 1, 2.3.3)
    const point = Buffer.concat([Buffer.from([4]), bytes(x), bytes(y)]);
    const publicKey = Buffer.concat([wireString(type), wireString(curve.name), wireString(point)]);
    return { type, publicKey, sign: (data) => sign(curve.hash, data, key) };
  }
  throw new Error(`SSH knows no keys of the kind ${kty} ${crv}.`);
}

function bytes(base64url: string): Buffer {
  return Buffer.from(base64url, 'base64url');
}
