import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, verify } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readKeyFile } from './key-file.ts';
import type { PrivateKey } from './private-key.ts';
import { WireReader } from './wire.ts';

const passphrase = 'öpen sesame';
let folder: string;
let serial = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'key-file-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A key file from ssh-keygen, with the public half that ssh-keygen wrote. */
async function makeWithKeygen(
  args: readonly string[],
  secret: string,
): Promise<{ content: Buffer; publicLine: string }> {
  const path = join(folder, `key${serial++}`);
  execFileSync('ssh-keygen', ['-q', ...args, '-N', secret, '-C', 'kim@home', '-f', path]);
  return { content: await readFile(path), publicLine: await readFile(`${path}.pub`, 'utf8') };
}

async function unlock(content: Buffer, secret?: string): Promise<PrivateKey> {
  const keyFile = await readKeyFile(content, secret);
  if (keyFile.kind !== 'unlocked') {
    throw new Error(`The key file is ${keyFile.kind}.`);
  }
  return keyFile.key;
}

/** A signature in the form that node:crypto and ssh2 verify: without the algorithm's name, and of ECDSA as DER. */
function signatureOf(key: PrivateKey, data: Buffer, hash?: string): Buffer {
  const reader = new WireReader(key.sign(data, hash));
  const algorithm = reader.text();
  const value = reader.string();
  if (!algorithm.startsWith('ecdsa')) {
    return value;
  }
  const numbers = new WireReader(value);
  const parts = [numbers.string(), numbers.string()].map((part) => der(2, part));
  return der(0x30, Buffer.concat(parts));
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  return Buffer.concat([Buffer.from(length < 128 ? [tag, length] : [tag, 0x81, length]), content]);
}

/** Signs with the private key, and verifies the signature with the public half. */
function expectMatches(key: PrivateKey, publicLine: string): void {
  const publicKey = ssh2.utils.parseKey(publicLine.trim());
  if (publicKey instanceof Error) {
    throw publicKey;
  }
  expect(key.publicKey.equals(publicKey.getPublicSSH())).toBe(true);
  expect(key.type).toBe(publicKey.type);
  const data = Buffer.from('signed data');
  const hashes = key.type === 'ssh-rsa' ? ['sha256', 'sha512'] : [undefined];
  for (const hash of hashes) {
    expect(publicKey.verify(data, signatureOf(key, data, hash), hash)).toBe(true);
  }
}

const types = [
  ['ed25519', ['-t', 'ed25519']],
  ['ecdsa of 256 bits', ['-t', 'ecdsa', '-b', '256']],
  ['ecdsa of 384 bits', ['-t', 'ecdsa', '-b', '384']],
  ['ecdsa of 521 bits', ['-t', 'ecdsa', '-b', '521']],
  ['rsa', ['-t', 'rsa', '-b', '2048']],
] as const;

describe.each(types)('an %s key', (name, args) => {
  const pemFormats = name === 'ed25519' ? [] : (['PEM', 'PKCS8'] as const);

  test.each(['OpenSSH', ...pemFormats])('is read in the format %s', async (format) => {
    const file = await makeWithKeygen([...args, ...(format === 'OpenSSH' ? [] : ['-m', format])], '');
    expectMatches(await unlock(file.content), file.publicLine);
  });

  test.each(['OpenSSH', ...pemFormats])(
    'is read encrypted in the format %s, only with its passphrase',
    async (format) => {
      const file = await makeWithKeygen(
        [...args, ...(format === 'OpenSSH' ? ['-a', '1'] : ['-m', format])],
        passphrase,
      );
      expect(await readKeyFile(file.content)).toMatchObject({ kind: 'locked' });
      expect(await readKeyFile(file.content, 'another')).toMatchObject({ kind: 'locked' });
      expectMatches(await unlock(file.content, passphrase), file.publicLine);
    },
  );
});

test('an ed25519 key of OpenSSL is read, plain and encrypted', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const plain = Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const locked = Buffer.from(
    privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x1' }),
  );
  for (const key of [await unlock(plain), await unlock(locked, 'x1')]) {
    expect(verify(null, Buffer.from('data'), publicKey, signatureOf(key, Buffer.from('data')))).toBe(true);
  }
  expect(await readKeyFile(locked, 'x2')).toEqual({ kind: 'locked' });
});

describe.skipIf(!existsSync('/usr/bin/puttygen'))('a PuTTY key file (needs puttygen, of putty-tools)', () => {
  const puttyTypes = [
    ['ed25519', []],
    ['ecdsa', ['-b', '256']],
    ['ecdsa', ['-b', '384']],
    ['ecdsa', ['-b', '521']],
    ['rsa', ['-b', '2048']],
  ] as const;
  const cases = puttyTypes.flatMap(([type, bits]) => ([2, 3] as const).map((version) => ({ type, bits, version })));

  async function makeWithPuttygen(
    args: readonly string[],
    secret: string,
  ): Promise<{ content: Buffer; publicLine: string }> {
    const path = join(folder, `key${serial++}.ppk`);
    const secretFile = join(folder, 'passphrase');
    await writeFile(secretFile, secret);
    execFileSync('puttygen', [...args, '-C', 'kim@höme', '-q', '-o', path, '--new-passphrase', secretFile]);
    return { content: await readFile(path), publicLine: execFileSync('puttygen', ['-L', path], { encoding: 'utf8' }) };
  }

  test.each(cases)(
    'of version $version with a key of type $type $bits is read',
    async ({ type, bits, version }) => {
      const args = ['-t', type, ...bits, '--ppk-param', `version=${version}`];
      const plain = await makeWithPuttygen(args, '');
      expectMatches(await unlock(plain.content), plain.publicLine);
      const locked = await makeWithPuttygen(args, passphrase);
      expect(locked.content.toString()).toContain('Encryption: aes256-cbc');
      expect(await readKeyFile(locked.content)).toMatchObject({ kind: 'locked', publicKey: expect.any(Buffer) });
      expect(await readKeyFile(locked.content, 'another')).toMatchObject({ kind: 'locked' });
      expectMatches(await unlock(locked.content, passphrase), locked.publicLine);
      // finding primes takes long
    },
    60_000,
  );

  test.each(['argon2id', 'argon2i', 'argon2d'])('with the key derivation %s is read', async (kdf) => {
    const file = await makeWithPuttygen(
      ['-t', 'ed25519', '--ppk-param', `kdf=${kdf},memory=64,passes=2,parallelism=2`],
      'x1',
    );
    expectMatches(await unlock(file.content, 'x1'), file.publicLine);
  });

  test('is refused when any of its fields was changed', async () => {
    const { content } = await makeWithPuttygen(['-t', 'ed25519'], '');
    const changed = content.toString().replace('kim@höme', 'tim@home');
    await expect(readKeyFile(Buffer.from(changed))).rejects.toThrow('Private-MAC');
  });

  test('may not require more memory than a computer has', async () => {
    const { content } = await makeWithPuttygen(['-t', 'ed25519', '--ppk-param', 'memory=64'], 'x1');
    const tooLarge = content.toString().replace('Argon2-Memory: 64', 'Argon2-Memory: 99999999');
    await expect(readKeyFile(Buffer.from(tooLarge), 'x1')).rejects.toThrow('is not a number from 1 to');
  });
});

test('a file with the handle of a security key returns its public half', async () => {
  // built by hand, because ssh-keygen needs a security key to create one
  const string = (value: Buffer | string) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(value));
    return Buffer.concat([length, Buffer.from(value)]);
  };
  const wire = Buffer.concat([string('sk-ssh-ed25519@openssh.com'), string(Buffer.alloc(32, 7)), string('ssh:')]);
  const body = [string('none'), string('none'), string(''), Buffer.from([0, 0, 0, 1]), string(wire), string('handle')];
  const bytes = Buffer.concat([Buffer.from('openssh-key-v1\0'), ...body]);
  const text = `-----BEGIN OPENSSH PRIVATE KEY-----\n${bytes.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`;
  expect(await readKeyFile(Buffer.from(text))).toEqual({ kind: 'public', publicKey: wire });
  const line = `sk-ssh-ed25519@openssh.com ${wire.toString('base64')} kim@home\n`;
  expect(await readKeyFile(Buffer.from(line))).toEqual({ kind: 'public', publicKey: wire });
});

test.each([
  ['nothing', ''],
  ['something else', 'hello'],
  ['a public key with the type of another one', 'ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAI'],
  ['a broken PEM', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'],
  ['a broken OpenSSH key', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n'],
  ['half of a PuTTY key', 'PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\n'],
  ['a future version of a PuTTY key', 'PuTTY-User-Key-File-9: ssh-ed25519\nEncryption: none\nComment: x\n'],
])('%s is not accepted as a key', async (_name, text) => {
  await expect(readKeyFile(Buffer.from(text))).rejects.toThrow();
});
