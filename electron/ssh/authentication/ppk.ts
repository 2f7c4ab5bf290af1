import {
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  type JsonWebKey,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import { WireReader, wireString } from './wire.ts';

/** The fields of a PuTTY key file, before decryption. */
export interface Ppk {
  readonly version: 2 | 3;
  readonly type: string;
  readonly encryption: 'none' | 'aes256-cbc';
  readonly comment: string;
  /** In wire format. */
  readonly publicKey: Buffer;
  readonly privateBlob: Buffer;
  readonly mac: Buffer;
  readonly derivation?: KeyDerivation;
}

interface KeyDerivation {
  readonly hash: 'argon2id' | 'argon2i' | 'argon2d';
  /** In KiB. */
  readonly memorySize: number;
  readonly iterations: number;
  readonly parallelism: number;
  readonly salt: Buffer;
}

/** Limits for a key file's own parameters, so that a broken one cannot use up this computer. PuTTY writes 8 MiB. */
const maxMemoryKib = 1024 * 1024;
const maxPasses = 10_000;

const argon2Names: Readonly<Record<string, KeyDerivation['hash']>> = {
  Argon2id: 'argon2id',
  Argon2i: 'argon2i',
  Argon2d: 'argon2d',
};

export function isPpk(text: string): boolean {
  return text.startsWith('PuTTY-User-Key-File-');
}

/**
 * Reads a private key file of PuTTY, version 2 or 3.
 * Source: PuTTY's manual, appendix "PPK file format" (0.78: appendix C).
 * @throws Error that says what is wrong with the file
 */
export function parsePpk(text: string): Ppk {
  const lines = text.split(/\r\n|\r|\n/);
  const fields = new Map<string, string>();
  const blobs = new Map<string, Buffer>();
  for (let index = 0; index < lines.length; index++) {
    const [, name, value] = /^([A-Za-z0-9-]+): (.*)$/.exec(lines[index] ?? '') ?? [];
    if (name === undefined || value === undefined) {
      continue;
    }
    fields.set(name, value);
    if (name.endsWith('-Lines')) {
      const count = parseCount(value, 10_000);
      blobs.set(name, Buffer.from(lines.slice(index + 1, index + 1 + count).join(''), 'base64'));
      index += count;
    }
  }
  const [version, type] = [...fields].flatMap(([name, value]) => {
    const [, number] = /^PuTTY-User-Key-File-(\d+)$/.exec(name) ?? [];
    return number === undefined ? [] : [Number(number), value];
  });
  const encryption = fields.get('Encryption');
  const comment = fields.get('Comment');
  const [publicKey, privateBlob] = [blobs.get('Public-Lines'), blobs.get('Private-Lines')];
  const mac = fields.get('Private-MAC');
  if (version !== 2 && version !== 3) {
    throw new Error(`Version ${version} of PuTTY's key files is not supported.`);
  }
  if (encryption !== 'none' && encryption !== 'aes256-cbc') {
    throw new Error(`PuTTY's encryption ${encryption} is not supported.`);
  }
  if (typeof type !== 'string' || comment === undefined || !publicKey || !privateBlob || mac === undefined) {
    throw new Error('A part of the PuTTY key file is missing.');
  }
  const derivation = version === 3 && encryption !== 'none' ? readDerivation(fields) : undefined;
  const common = { version, type, encryption, comment, publicKey, privateBlob, mac: Buffer.from(mac, 'hex') } as const;
  return derivation ? { ...common, derivation } : common;
}

/**
 * Decrypts the private key. Undefined where the passphrase is wrong. One signature covers the key and the other fields,
 * so that none of them can be changed without the passphrase.
 * @throws Error where the file is broken
 */
export async function openPpk(ppk: Ppk, passphrase: string): Promise<KeyObject | undefined> {
  const isEncrypted = ppk.encryption !== 'none';
  const { cipherKey, iv, macKey } = await deriveKeys(ppk, isEncrypted ? passphrase : '');
  const blob = isEncrypted ? decrypt(ppk.privateBlob, cipherKey, iv) : ppk.privateBlob;
  const fields = [ppk.type, ppk.encryption, ppk.comment, ppk.publicKey, blob].map(wireString);
  const mac = createHmac(ppk.version === 3 ? 'sha256' : 'sha1', macKey)
    .update(Buffer.concat(fields))
    .digest();
  if (mac.length !== ppk.mac.length || !timingSafeEqual(mac, ppk.mac)) {
    if (isEncrypted) {
      return undefined;
    }
    throw new Error('The content does not match its signature (Private-MAC).');
  }
  return createPrivateKey({ key: toJwk(ppk.type, new WireReader(ppk.publicKey), new WireReader(blob)), format: 'jwk' });
}

interface DerivedKeys {
  readonly cipherKey: Buffer;
  readonly iv: Buffer;
  readonly macKey: Buffer;
}

async function deriveKeys({ version, derivation }: Ppk, passphrase: string): Promise<DerivedKeys> {
  if (version === 3) {
    if (!derivation) {
      return { cipherKey: Buffer.alloc(0), iv: Buffer.alloc(0), macKey: Buffer.alloc(0) };
    }
    const { hash, ...cost } = derivation;
    // loaded only here: few people have such a key, and loading it would slow down every start of the app
    const wasm = await import('hash-wasm');
    const bytes = Buffer.from(
      await wasm[hash]({ ...cost, password: Buffer.from(passphrase), hashLength: 80, outputType: 'binary' }),
    );
    return { cipherKey: bytes.subarray(0, 32), iv: bytes.subarray(32, 48), macKey: bytes.subarray(48) };
  }
  const sha1 = (...parts: (string | Buffer)[]) =>
    parts.reduce((sum, part) => sum.update(part), createHash('sha1')).digest();
  const hashes = [0, 1].map((count) => sha1(Buffer.from([0, 0, 0, count]), passphrase));
  return {
    cipherKey: Buffer.concat(hashes).subarray(0, 32),
    iv: Buffer.alloc(16),
    macKey: sha1('putty-private-key-file-mac-key', passphrase),
  };
}

function decrypt(blob: Buffer, key: Buffer, iv: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-cbc', key, iv).setAutoPadding(false);
  return Buffer.concat([decipher.update(blob), decipher.final()]);
}

function readDerivation(fields: ReadonlyMap<string, string>): KeyDerivation {
  const number = (name: string, max: number) => parseCount(fields.get(name) ?? '', max);
  const kind = fields.get('Key-Derivation') ?? '';
  const hash = argon2Names[kind];
  if (!hash) {
    throw new Error(`PuTTY's key derivation ${kind} is not supported.`);
  }
  return {
    hash,
    memorySize: number('Argon2-Memory', maxMemoryKib),
    iterations: number('Argon2-Passes', maxPasses),
    parallelism: number('Argon2-Parallelism', 255),
    salt: Buffer.from(fields.get('Argon2-Salt') ?? '', 'hex'),
  };
}

function parseCount(text: string, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) {
    throw new Error(`"${text}" is not a number from 1 to ${max}.`);
  }
  return value;
}

function toJwk(type: string, publicPart: WireReader, privatePart: WireReader): JsonWebKey {
  // the public part begins with the type again
  publicPart.string();
  if (type === 'ssh-rsa') {
    const [e, n] = [publicPart.mpint(), publicPart.mpint()];
    const [d, p, q, qi] = [privatePart.mpint(), privatePart.mpint(), privatePart.mpint(), privatePart.mpint()];
    const [dp, dq] = [p, q].map((prime) => fromBigInt(toBigInt(d) % (toBigInt(prime) - 1n)));
    return encodeNumbers('RSA', { n, e, d, p, q, qi, dp: dp ?? Buffer.alloc(0), dq: dq ?? Buffer.alloc(0) });
  }
  if (type === 'ssh-ed25519') {
    return { crv: 'Ed25519', ...encodeNumbers('OKP', { x: publicPart.string(), d: privatePart.string() }) };
  }
  const [, bits] = /^ecdsa-sha2-nistp(256|384|521)$/.exec(type) ?? [];
  if (bits === undefined) {
    throw new Error(`Keys of type ${type} are not supported.`);
  }
  publicPart.string();
  // the first byte of the point says that it is not compressed; both coordinates have the curve's length
  const point = publicPart.string().subarray(1);
  const length = point.length / 2;
  const d = privatePart.mpint();
  return {
    crv: `P-${bits}`,
    ...encodeNumbers('EC', {
      x: point.subarray(0, length),
      y: point.subarray(length),
      d: Buffer.concat([Buffer.alloc(length - d.length), d]),
    }),
  };
}

function encodeNumbers(kty: string, numbers: Readonly<Record<string, Buffer>>): JsonWebKey {
  const entries = Object.entries(numbers).map(([name, value]) => [name, value.toString('base64url')]);
  return { kty, ...Object.fromEntries(entries) };
}

function toBigInt(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex') || '0'}`);
}

function fromBigInt(value: bigint): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}
