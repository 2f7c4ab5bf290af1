import { createPrivateKey, type KeyObject } from 'node:crypto';
import ssh2, { type ParsedKey } from 'ssh2';
import { keyTypeOf } from '../known-hosts.ts';
import { isPpk, openPpk, parsePpk } from './ppk.ts';
import { type PrivateKey, privateKeyOf } from './private-key.ts';
import { WireReader } from './wire.ts';

/** What a key file holds, as far as it can be read with what was given. */
export type KeyFile =
  | { readonly kind: 'open'; readonly key: PrivateKey }
  /** Encrypted: no passphrase was given, or it does not fit. */
  | { readonly kind: 'locked'; readonly publicKey?: Buffer }
  /** Only the public half: the private one is elsewhere, in a security key perhaps. */
  | { readonly kind: 'public'; readonly publicKey: Buffer };

/**
 * Reads OpenSSH's, OpenSSL's (PKCS#1, SEC 1, PKCS#8) and PuTTY's key files, and public keys.
 * @throws Error that says why it is none of them
 */
export async function readKeyFile(content: Buffer, passphrase?: string): Promise<KeyFile> {
  try {
    return await readAny(content, passphrase);
  } finally {
    // the engine keeps the text that a regular expression was last found in (RegExp.input): a private key's, just now
    /x/.exec('x');
  }
}

async function readAny(content: Buffer, passphrase: string | undefined): Promise<KeyFile> {
  const text = content.toString('latin1').trim();
  if (text.startsWith('-----BEGIN OPENSSH PRIVATE KEY-----')) {
    return readOpenSsh(text, passphrase);
  }
  if (/^-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/m.test(text)) {
    return readPem(text, passphrase);
  }
  if (isPpk(text)) {
    // its comment is under its signature, as UTF-8
    return readPpk(content.toString('utf8'), passphrase);
  }
  return { kind: 'public', publicKey: readPublicKey(text) };
}

/** @throws Error where it is no public key. */
export function readPublicKey(text: string): Buffer {
  const [, type, encoded = ''] =
    /^((?:ssh|ecdsa|sk)-[a-z0-9@.-]+)[ \t]+([A-Za-z0-9+/=]+)(?:\s|$)/.exec(text.trim()) ?? [];
  if (type !== undefined) {
    const wire = Buffer.from(encoded, 'base64');
    if (keyTypeOf(wire) !== type) {
      throw new Error(`It says ${type} and holds something else.`);
    }
    return wire;
  }
  return parsed(ssh2.utils.parseKey(text)).getPublicSSH();
}

function readOpenSsh(text: string, passphrase: string | undefined): KeyFile {
  const { cipher, publicKey } = outside(text);
  if (keyTypeOf(publicKey).startsWith('sk-')) {
    return { kind: 'public', publicKey };
  }
  if (cipher === 'none') {
    return open(createPrivateKey(parsed(ssh2.utils.parseKey(text)).getPrivatePEM()));
  }
  if (passphrase === undefined) {
    return { kind: 'locked', publicKey };
  }
  const [key] = [ssh2.utils.parseKey(text, passphrase)].flat();
  if (key instanceof Error && /^Unsupported|^Malformed/.test(key.message)) {
    throw key;
  }
  // a wrong passphrase shows in many ways, by the cipher
  return !key || key instanceof Error ? { kind: 'locked', publicKey } : open(createPrivateKey(key.getPrivatePEM()));
}

function readPem(text: string, passphrase: string | undefined): KeyFile {
  const isLocked = text.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----') || /^Proc-Type: 4,ENCRYPTED/m.test(text);
  if (!isLocked) {
    return open(createPrivateKey(text));
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
  return open(key);
}

async function readPpk(text: string, passphrase: string | undefined): Promise<KeyFile> {
  const ppk = parsePpk(text);
  const locked = { kind: 'locked', publicKey: ppk.publicKey } as const;
  if (ppk.encryption !== 'none' && passphrase === undefined) {
    return locked;
  }
  const key = await openPpk(ppk, passphrase ?? '');
  return key ? open(key) : locked;
}

function open(key: KeyObject): KeyFile {
  return { kind: 'open', key: privateKeyOf(key) };
}

/**
 * What stands in clear in a key file of OpenSSH's: by what it is encrypted, and the public half.
 * Source: OpenSSH's PROTOCOL.key: magic, cipher, kdf, kdf options, number of keys, public key, …
 */
function outside(text: string): { readonly cipher: string; readonly publicKey: Buffer } {
  const armour = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(text);
  const body = Buffer.from(armour?.[1] ?? '', 'base64');
  const magic = 'openssh-key-v1\0';
  if (!body.toString('latin1').startsWith(magic)) {
    throw new Error("It is no key file of OpenSSH's.");
  }
  const reader = new WireReader(body.subarray(magic.length));
  const cipher = reader.text();
  reader.string();
  reader.string();
  reader.uint32();
  return { cipher, publicKey: reader.string() };
}

function parsed(key: ParsedKey | Error): ParsedKey {
  // the types say one key, the code may give a list of them
  const [first] = [key].flat();
  if (!first || first instanceof Error) {
    throw first ?? new Error('No key in it');
  }
  return first;
}
