import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { wireMpint, wireString } from './wire.ts';

/**
 * The private half of a key pair, ready to sign. It is in the memory of node:crypto, where no heap snapshot shows it,
 * and cannot be read through this object.
 */
export interface PrivateKey {
  /** SSH's name of the key type. */
  readonly type: string;
  /** In wire format. */
  readonly publicKey: Buffer;
  /** @returns a signature in wire format. @param hash only for RSA keys, which can sign with several. */
  sign(data: Buffer, hash?: string): Buffer;
}

/** The names of RSA's signature algorithms, by their hash. Source: RFC 8332. */
const rsaAlgorithms: Readonly<Record<string, string>> = { sha256: 'rsa-sha2-256', sha512: 'rsa-sha2-512' };

const curves: Readonly<Record<string, { readonly name: string; readonly hash: string }>> = {
  'P-256': { name: 'nistp256', hash: 'sha256' },
  'P-384': { name: 'nistp384', hash: 'sha384' },
  'P-521': { name: 'nistp521', hash: 'sha512' },
};

/** @throws Error for key types that SSH does not have or that servers no longer accept, such as DSA. */
export function privateKeyOf(key: KeyObject): PrivateKey {
  const { kty, crv = '', x = '', y = '', n = '', e = '' } = createPublicKey(key).export({ format: 'jwk' });
  if (kty === 'RSA') {
    const publicKey = Buffer.concat([wireString('ssh-rsa'), wireMpint(bytes(e)), wireMpint(bytes(n))]);
    return {
      type: 'ssh-rsa',
      publicKey,
      sign: (data, hash = 'sha1') => signature(rsaAlgorithms[hash] ?? 'ssh-rsa', sign(hash, data, key)),
    };
  }
  if (kty === 'OKP' && crv === 'Ed25519') {
    const publicKey = Buffer.concat([wireString('ssh-ed25519'), wireString(bytes(x))]);
    return { type: 'ssh-ed25519', publicKey, sign: (data) => signature('ssh-ed25519', sign(null, data, key)) };
  }
  const curve = kty === 'EC' ? curves[crv] : undefined;
  if (curve) {
    const type = `ecdsa-sha2-${curve.name}`;
    // 4 means that both coordinates follow (SEC 1, 2.3.3)
    const point = Buffer.concat([Buffer.from([4]), bytes(x), bytes(y)]);
    const publicKey = Buffer.concat([wireString(type), wireString(curve.name), wireString(point)]);
    return {
      type,
      publicKey,
      sign: (data) => {
        // both numbers one after the other, each as long as the curve's (IEEE P1363)
        const numbers = sign(curve.hash, data, { key, dsaEncoding: 'ieee-p1363' });
        const half = numbers.length / 2;
        const value = Buffer.concat([wireMpint(numbers.subarray(0, half)), wireMpint(numbers.subarray(half))]);
        return signature(type, value);
      },
    };
  }
  throw new Error(`SSH does not support ${kty} ${crv} keys.`);
}

/** Source: RFC 4253, section 6.6. */
function signature(algorithm: string, value: Buffer): Buffer {
  return Buffer.concat([wireString(algorithm), wireString(value)]);
}

function bytes(base64url: string): Buffer {
  return Buffer.from(base64url, 'base64url');
}
