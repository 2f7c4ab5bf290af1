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

/** What stands in a file of PuTTY's, before anything is decrypted. */
export interface Ppk {
  readonly version: 2 | 3;
  readonly type: string;
  readonly encryption: 'none' | 'aes256-cbc';
  readonly comment: string;
  /** In wire format. */
  readonly publicKey: Buffer;
  readonly privateBlob: Buffer;
  readonly mac: Buffer;
  readonly derivation?: Derivation;
}

interface Derivation {
  readonly hash: 'argon2id' | 'argon2i' | 'argon2d';
  /** KiB. */
  readonly memorySize: number;
  readonly iterations: number;
  readonly parallelism: number;
  readonly salt: Buffer;
}

/** What a key file may ask of this computer, so that a broken one cannot take all of it. PuTTY writes 8 MiB. In KiB. */
const maxMemory = 1024 * 1024;
const maxPasses = 10_000;

const argon2: Readonly<Record<string, Derivation['hash']>> = {
  Argon2id: 'argon2id',
  Argon2i: 'argon2i',
  Argon2d: 'argon2d',
};

export function isPpk(text: string): boolean {
  return text.startsWith('PuTTY-User-Key-File-');
}

/**
 * Reads a private key file of PuTTY's, version 2 or 3.
 * Source: PuTTY's manual, appendix "PPK file format" (0.78: appendix C).
 * @throws Error that says what is wrong with it
 */
export function parsePpk(text: string): Ppk {
  const lines = text.split(/\r\n|\r|\n/);
  const fields = new Map<string, string>();
  const blobs = new Map<string, Buffer>();
  for (let at = 0; at < lines.length; at++) {
    const [, name, value] = /^([A-Za-z0-9-]+): (.*)$/.exec(lines[at] ?? '') ?? [];
    if (name === undefined || value === undefined) {
      continue;
    }
    fields.set(name, value);
    if (name.endsWith('-Lines')) {
      const count = wholeNumber(value, 10_000);
      blobs.set(name, Buffer.from(lines.slice(at + 1, at + 1 + count).join(''), 'base64'));
      at += count;
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
    throw new Error(`PuTTY's key files of version ${version} are not known.`);
  }
  if (encryption !== 'none' && encryption !== 'aes256-cbc') {
    throw new Error(`PuTTY's encryption ${encryption} is not known.`);
  }
  if (typeof type !== 'string' || comment === undefined || !publicKey || !privateBlob || mac === undefined) {
    throw new Error("It lacks a part of PuTTY's key files.");
  }
  const derivation = version === 3 && encryption !== 'none' ? derivationOf(fields) : undefined;
  const common = { version, type, encryption, comment, publicKey, privateBlob, mac: Buffer.from(mac, 'hex') } as const;
  return derivation ? { ...common, derivation } : common;
}

/**
 * The private key in it; undefined where the passphrase does not fit. What it says of itself is under the same signature as the
 * key, so that nobody can change it without knowing the passphrase.
 * @throws Error where it is broken
 */
export async function openPpk(ppk: Ppk, passphrase: string): Promise<KeyObject | undefined> {
  const isEncrypted = ppk.encryption !== 'none';
  const { cipherKey, iv, macKey } = await keysOf(ppk, isEncrypted ? passphrase : '');
  const blob = isEncrypted ? decrypt(ppk.privateBlob, cipherKey, iv) : ppk.privateBlob;
  const fields = [ppk.type, ppk.encryption, ppk.comment, ppk.publicKey, blob].map(wireString);
  const mac = createHmac(ppk.version === 3 ? 'sha256' : 'sha1', macKey)
    .update(Buffer.concat(fields))
    .digest();
  if (mac.length !== ppk.mac.length || !timingSafeEqual(mac, ppk.mac)) {
    if (isEncrypted) {
      return undefined;
    }
    throw new Error('Its content does not match its signature (Private-MAC).');
  }
  return createPrivateKey({ key: jwkOf(ppk.type, new WireReader(ppk.publicKey), new WireReader(blob)), format: 'jwk' });
}

interface Keys {
  readonly cipherKey: Buffer;
  readonly iv: Buffer;
  readonly macKey: Buffer;
}

async function keysOf({ version, derivation }: Ppk, passphrase: string): Promise<Keys> {
  if (version === 3) {
    if (!derivation) {
      return { cipherKey: Buffer.alloc(0), iv: Buffer.alloc(0), macKey: Buffer.alloc(0) };
    }
    const { hash, ...cost } = derivation;
    // few people have such a key, and every start of the app would wait for it
    const wasm = await import('hash-wasm');
    const bytes = Buffer.from(
      await wasm[hash]({ ...cost, password: Buffer.from(passphrase), hashLength: 80, outputType: 'binary' }),
    );
    return { cipherKey: bytes.subarray(0, 32), iv: bytes.subarray(32, 48), macKey: bytes.subarray(48) };
  }
  const sha1 = (...parts: (string | Buffer)[]) =>
    parts.reduce((sum, part) => sum.update(part), createHash('sha1')).digest();
  const twice = [0, 1].map((count) => sha1(Buffer.from([0, 0, 0, count]), passphrase));
  return {
    cipherKey: Buffer.concat(twice).subarray(0, 32),
    iv: Buffer.alloc(16),
    macKey: sha1('putty-private-key-file-mac-key', passphrase),
  };
}

function decrypt(blob: Buffer, key: Buffer, iv: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-cbc', key, iv).setAutoPadding(false);
  return Buffer.concat([decipher.update(blob), decipher.final()]);
}

function derivationOf(fields: ReadonlyMap<string, string>): Derivation {
  const number = (name: string, most: number) => wholeNumber(fields.get(name) ?? '', most);
  const kind = fields.get('Key-Derivation') ?? '';
  const hash = argon2[kind];
  if (!hash) {
    throw new Error(`PuTTY's key derivation ${kind} is not known.`);
  }
  return {
    hash,
    memorySize: number('Argon2-Memory', maxMemory),
    iterations: number('Argon2-Passes', maxPasses),
    parallelism: number('Argon2-Parallelism', 255),
    salt: Buffer.from(fields.get('Argon2-Salt') ?? '', 'hex'),
  };
}

function wholeNumber(text: string, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most) {
    throw new Error(`"${text}" is no number from 1 to ${most}.`);
  }
  return value;
}

function jwkOf(type: string, pub: WireReader, secret: WireReader): JsonWebKey {
  // the public half begins with the type once more
  pub.string();
  if (type === 'ssh-rsa') {
    const [e, n] = [pub.mpint(), pub.mpint()];
    const [d, p, q, qi] = [secret.mpint(), secret.mpint(), secret.mpint(), secret.mpint()];
    const [dp, dq] = [p, q].map((prime) => fromBigInt(toBigInt(d) % (toBigInt(prime) - 1n)));
    return encoded('RSA', { n, e, d, p, q, qi, dp: dp ?? Buffer.alloc(0), dq: dq ?? Buffer.alloc(0) });
  }
  if (type === 'ssh-ed25519') {
    return { crv: 'Ed25519', ...encoded('OKP', { x: pub.string(), d: secret.string() }) };
  }
  const [, bits] = /^ecdsa-sha2-nistp(256|384|521)$/.exec(type) ?? [];
  if (bits === undefined) {
    throw new Error(`Keys of the type ${type} are not known.`);
  }
  pub.string();
  // the point begins with a byte that says that it is not compressed; both coordinates are as long as the curve's numbers
  const point = pub.string().subarray(1);
  const length = point.length / 2;
  const d = secret.mpint();
  return {
    crv: `P-${bits}`,
    ...encoded('EC', {
      x: point.subarray(0, length),
      y: point.subarray(length),
      d: Buffer.concat([Buffer.alloc(length - d.length), d]),
    }),
  };
}

function encoded(kty: string, numbers: Readonly<Record<string, Buffer>>): JsonWebKey {
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
