import { createPrivateKey, type KeyObject } from 'node:crypto';
import ssh2, { type ParsedKey } from 'ssh2';
import { keyTypeOf } from '../public-key.ts';
import { isPpk, openPpk, parsePpk } from './ppk.ts';
import { type PrivateKey, privateKeyOf } from './private-key.ts';
import { WireReader } from './wire.ts';

/** The content of a key file, as far as it can be read without a passphrase or with the given one. */
export type KeyFile =
  | { readonly kind: 'unlocked'; readonly key: PrivateKey }
  /** Encrypted, and the passphrase is missing or wrong. */
  | { readonly kind: 'locked'; readonly publicKey?: Buffer }
  /** Only the public half. The private half is elsewhere, perhaps in a security key. */
  | { readonly kind: 'public'; readonly publicKey: Buffer };

/**
 * Reads key files of OpenSSH, OpenSSL (PKCS#1, SEC 1, PKCS#8) and PuTTY, and public keys.
 * @throws Error that says why the file is none of these
 */
export async function readKeyFile(content: Buffer, passphrase?: string): Promise<KeyFile> {
  try {
    return await detectFormat(content, passphrase);
  } finally {
    // JavaScript keeps the last text that a regular expression has matched (RegExp.input), which was that of a private
    // key
    /x/.exec('x');
  }
}

async function detectFormat(content: Buffer, passphrase: string | undefined): Promise<KeyFile> {
  const text = content.toString('latin1').trim();
  if (text.startsWith('-----BEGIN OPENSSH PRIVATE KEY-----')) {
    return readOpenSsh(text, passphrase);
  }
  if (/^-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/m.test(text)) {
    return readPem(text, passphrase);
  }
  if (isPpk(text)) {
    // the signature covers the comment as UTF-8
    return readPpk(content.toString('utf8'), passphrase);
  }
  return { kind: 'public', publicKey: readPublicKey(text) };
}

/** Reads a public key in OpenSSH's or PEM format, to wire format. @throws Error where the text is not a public key */
export function readPublicKey(text: string): Buffer {
  const [, type, encoded = ''] =
    /^((?:ssh|ecdsa|sk)-[a-z0-9@.-]+)[ \t]+([A-Za-z0-9+/=]+)(?:\s|$)/.exec(text.trim()) ?? [];
  if (type !== undefined) {
    const wire = Buffer.from(encoded, 'base64');
    if (keyTypeOf(wire) !== type) {
      throw new Error(`The key's type is not ${type}, as its text says.`);
    }
    return wire;
  }
  return firstKey(ssh2.utils.parseKey(text)).getPublicSSH();
}

function readOpenSsh(text: string, passphrase: string | undefined): KeyFile {
  const { cipher, publicKey } = readHeader(text);
  if (keyTypeOf(publicKey).startsWith('sk-')) {
    return { kind: 'public', publicKey };
  }
  if (cipher === 'none') {
    return unlocked(createPrivateKey(firstKey(ssh2.utils.parseKey(text)).getPrivatePEM()));
  }
  if (passphrase === undefined) {
    return { kind: 'locked', publicKey };
  }
  const [key] = [ssh2.utils.parseKey(text, passphrase)].flat();
  if (key instanceof Error && /^Unsupported|^Malformed/.test(key.message)) {
    throw key;
  }
  // a wrong passphrase causes different errors, depending on the cipher
  return !key || key instanceof Error ? { kind: 'locked', publicKey } : unlocked(createPrivateKey(key.getPrivatePEM()));
}

function readPem(text: string, passphrase: string | undefined): KeyFile {
  const isLocked = text.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----') || /^Proc-Type: 4,ENCRYPTED/m.test(text);
  if (!isLocked) {
    return unlocked(createPrivateKey(text));
  }
  if (passphrase === undefined) {
    return { kind: 'locked' };
  }
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: text, passphrase });
  } catch {
    return { kind: 'locked' };
  }
  return unlocked(key);
}

async function readPpk(text: string, passphrase: string | undefined): Promise<KeyFile> {
  const ppk = parsePpk(text);
  const locked = { kind: 'locked', publicKey: ppk.publicKey } as const;
  if (ppk.encryption !== 'none' && passphrase === undefined) {
    return locked;
  }
  const key = await openPpk(ppk, passphrase ?? '');
  return key ? unlocked(key) : locked;
}

function unlocked(key: KeyObject): KeyFile {
  return { kind: 'unlocked', key: privateKeyOf(key) };
}

/**
 * The unencrypted parts of an OpenSSH key file: the cipher and the public half.
 * Source: OpenSSH's PROTOCOL.key: magic, cipher, kdf, kdf options, number of keys, public key, …
 */
function readHeader(text: string): { readonly cipher: string; readonly publicKey: Buffer } {
  const armour = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(text);
  const body = Buffer.from(armour?.[1] ?? '', 'base64');
  const magic = 'openssh-key-v1\0';
  if (!body.toString('latin1').startsWith(magic)) {
    throw new Error('The file is not an OpenSSH key file.');
  }
  const reader = new WireReader(body.subarray(magic.length));
  const cipher = reader.text();
  reader.string();
  reader.string();
  reader.uint32();
  return { cipher, publicKey: reader.string() };
}

function firstKey(key: ParsedKey | Error): ParsedKey {
  // by its type, parseKey returns one key; in fact, it may return a list
  const [first] = [key].flat();
  if (!first || first instanceof Error) {
    throw first ?? new Error('The file holds no key.');
  }
  return first;
}
