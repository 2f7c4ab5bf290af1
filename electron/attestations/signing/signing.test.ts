import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Digest } from '../../../shared/image.ts';
import { sanitizeLine } from '../../../shared/untrusted-text.ts';
import { digestOf } from '../../images/digest.ts';
import { keyAnnotation } from '../../images/tagged-manifest.ts';
import { preAuthenticated, signStatement, statementType } from './dsse.ts';
import {
  fingerprintOf,
  generateKey,
  isSignedBy,
  needsPassword,
  readPrivateKey,
  readPublicKey,
  signBytes,
} from './keys.ts';
import {
  examineSignature,
  type SignatureLayer,
  signatureAnnotation,
  signatureTag,
  signImage,
} from './simple-signing.ts';

const image: Digest = `sha256:${'12'.repeat(32)}`;
const other: Digest = `sha256:${'34'.repeat(32)}`;
const made = { creator: 'barnraiser/0.1.0', at: new Date('2026-01-02T03:04:05Z') };

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const examine = (layer: SignatureLayer, key = newKey(), digest = image) =>
  examineSignature(digest, { digest: digestOf(layer.payload), annotations: layer.annotations }, layer.payload, [
    { key },
  ]);

test('a generated key is encrypted, and only its password opens it', async () => {
  const { privateFile, publicFile } = await generateKey('secret');
  expect(privateFile).toMatch(/^-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n/);
  expect(needsPassword(privateFile)).toBe(true);
  const key = await readPrivateKey(privateFile, 'cosign.key', 'secret');
  const publicKey = await readPublicKey(publicFile, 'cosign.pub');
  expect(fingerprintOf(key)).toBe(fingerprintOf(publicKey));
  expect(isSignedBy(Buffer.from('text'), signBytes(Buffer.from('text'), key), publicKey)).toBe(true);
  // the private file does for its public key, too
  expect(fingerprintOf(await readPublicKey(privateFile, 'cosign.key', 'secret'))).toBe(fingerprintOf(key));
  await expect(readPrivateKey(privateFile, 'cosign.key', 'wrong')).rejects.toMatchObject({
    problem: { code: 'key.password' },
  });
  await expect(readPrivateKey(privateFile, 'cosign.key', undefined)).rejects.toMatchObject({
    problem: { code: 'key.password' },
  });
  // the older name of the same format
  const older = privateFile.replaceAll('SIGSTORE', 'COSIGN');
  expect(fingerprintOf(await readPrivateKey(older, 'cosign.key', 'secret'))).toBe(fingerprintOf(key));
});

test('keys in PEM of other programs are read', async () => {
  for (const key of [
    newKey(),
    generateKeyPairSync('ed25519').privateKey,
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  ]) {
    const plain = key.export({ format: 'pem', type: 'pkcs8' }).toString();
    const locked = key.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'pw' }).toString();
    expect(fingerprintOf(await readPrivateKey(plain, 'k', undefined))).toBe(fingerprintOf(key));
    expect(fingerprintOf(await readPrivateKey(locked, 'k', 'pw'))).toBe(fingerprintOf(key));
    await expect(readPrivateKey(locked, 'k', 'no')).rejects.toMatchObject({ problem: { code: 'key.password' } });
    const signature = signBytes(Buffer.from('text'), key);
    expect(isSignedBy(Buffer.from('text'), signature, createPublicKey(key))).toBe(true);
    expect(isSignedBy(Buffer.from('texT'), signature, createPublicKey(key))).toBe(false);
  }
});

test('what is no key, of another kind, or would take all memory is refused', async () => {
  const curve = generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey;
  const greedy = Buffer.from(
    JSON.stringify({
      kdf: { name: 'scrypt', params: { N: 2 ** 30, r: 8, p: 1 }, salt: '' },
      cipher: { name: 'nacl/secretbox', nonce: '' },
      ciphertext: '',
    }),
  ).toString('base64');
  for (const file of [
    'no key',
    curve.export({ format: 'pem', type: 'pkcs8' }).toString(),
    `-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\n${greedy}\n-----END ENCRYPTED COSIGN PRIVATE KEY-----\n`,
  ]) {
    await expect(readPrivateKey(file, 'k', 'pw')).rejects.toMatchObject({ problem: { code: 'key.invalid' } });
  }
});

test('a signature is valid for its image and its key alone', () => {
  const key = newKey();
  const layer = signImage({ digest: image, identity: 'registry.example.com/team/api' }, key, made);
  expect(JSON.parse(layer.payload.toString())).toEqual({
    critical: {
      identity: { 'docker-reference': 'registry.example.com/team/api' },
      image: { 'docker-manifest-digest': image },
      type: 'cosign container image signature',
    },
    optional: { creator: 'barnraiser/0.1.0', timestamp: 1767323045 },
  });
  expect(examine(layer, key)).toEqual({
    digest: digestOf(layer.payload),
    verdict: 'valid',
    identity: 'registry.example.com/team/api',
    key: fingerprintOf(key),
    creator: 'barnraiser/0.1.0',
    createdAt: '2026-01-02T03:04:05.000Z',
  });
  expect(examine(layer)).toMatchObject({ verdict: 'other-key' });
  expect(examine(layer, key, other)).toMatchObject({ verdict: 'other-image' });
  const payload = Buffer.from(layer.payload.toString().replace('team/api', 'team/apx'));
  expect(examine({ ...layer, payload }, key)).toMatchObject({ verdict: 'changed' });
  expect(examine({ payload: layer.payload, annotations: {} }, key)).toMatchObject({ verdict: 'unreadable' });
  // without our annotation a changed payload looks like another key
  const { [signatureAnnotation]: text = '' } = layer.annotations;
  expect(examine({ payload: layer.payload, annotations: { [signatureAnnotation]: text } }, key).verdict).toBe('valid');
  expect(examine({ payload, annotations: { [signatureAnnotation]: text } }, key).verdict).toBe('other-key');
  expect(examineSignature(image, { digest: other, annotations: layer.annotations }, undefined, [{ key }]).verdict).toBe(
    'changed',
  );
});

test('something else that the key has signed is no signature of an image', () => {
  const key = newKey();
  for (const text of [
    'null',
    '{}',
    'text',
    JSON.stringify({ critical: { image: { 'docker-manifest-digest': image } } }),
  ]) {
    const payload = Buffer.from(text);
    const annotations = { [signatureAnnotation]: signBytes(payload, key).toString('base64') };
    expect(examine({ payload, annotations }, key).verdict).toBe('unreadable');
  }
});

test('the tag of signatures follows from the digest', () => {
  expect(signatureTag(image)).toBe(`sha256-${'12'.repeat(32)}.sig`);
  expect(signatureTag(image, 'att')).toBe(`sha256-${'12'.repeat(32)}.att`);
});

test('a signed statement is an envelope of DSSE', () => {
  // from the specification of DSSE 1.0
  expect(preAuthenticated('http://example.com/HelloWorld', Buffer.from('hello world')).toString()).toBe(
    'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  );
  const key = newKey();
  const statement = Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}');
  const { payload, payloadType, signatures } = JSON.parse(signStatement(statement, key).toString()) as {
    payload: string;
    payloadType: string;
    signatures: { sig: string }[];
  };
  expect(payloadType).toBe(statementType);
  expect(Buffer.from(payload, 'base64')).toEqual(statement);
  const signature = Buffer.from(signatures[0]?.sig ?? '', 'base64');
  expect(isSignedBy(preAuthenticated(statementType, statement), signature, createPublicKey(key))).toBe(true);
});

test('of several trusted keys, the one that made a signature is named', () => {
  const [release, ci] = [newKey(), newKey()];
  const layer = signImage({ digest: image, identity: 'a/b' }, ci, made);
  const keys = [
    { key: release, name: 'release' },
    { key: ci, name: 'ci' },
  ];
  const signature = { digest: digestOf(layer.payload), annotations: layer.annotations };
  expect(examineSignature(image, signature, layer.payload, keys)).toMatchObject({ verdict: 'valid', signer: 'ci' });
  expect(examineSignature(other, signature, layer.payload, keys)).toMatchObject({
    verdict: 'other-image',
    signer: 'ci',
  });
  const none = examineSignature(image, signature, layer.payload, keys.slice(0, 1));
  expect(none).toMatchObject({ verdict: 'other-key' });
  expect(none.signer).toBeUndefined();
});

test('a key of another kind verifies nothing, whatever the signature says of its key', () => {
  const ec = newKey();
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const ed = generateKeyPairSync('ed25519').privateKey;
  for (const [signer, reader] of [
    [ec, rsa],
    [rsa, ec],
    [ed, ec],
    [ec, ed],
    [rsa, ed],
  ] as const) {
    const layer = signImage({ digest: image, identity: 'a/b' }, signer, made);
    expect(examine(layer, reader).verdict).toBe('other-key');
    const claimed = { ...layer.annotations, [keyAnnotation]: fingerprintOf(reader) };
    expect(examine({ ...layer, annotations: claimed }, reader).verdict).toBe('changed');
  }
});

test('hostile payloads and annotations are unreadable, and change nothing', () => {
  const key = newKey();
  const signed = (payload: Buffer): SignatureLayer => ({
    payload,
    annotations: { [signatureAnnotation]: signBytes(payload, key).toString('base64') },
  });
  const critical = (extra: object): Buffer =>
    Buffer.from(
      JSON.stringify({
        critical: {
          identity: { 'docker-reference': 'a/b' },
          image: { 'docker-manifest-digest': image },
          type: 'cosign container image signature',
          ...extra,
        },
        optional: null,
      }),
    );
  expect(examine(signed(critical({})), key).verdict).toBe('valid');
  for (const payload of [
    Buffer.alloc(0),
    Buffer.from('null'),
    Buffer.from('[]'),
    Buffer.from('{"critical":[]}'),
    Buffer.from('['.repeat(100_000)),
    critical({ type: 'atomic container signature' }),
    critical({ image: { 'docker-manifest-digest': 7 } }),
    critical({ image: { 'docker-manifest-digest': 'sha256:12' } }),
    critical({ identity: null }),
  ]) {
    expect(examine(signed(payload), key).verdict).toBe('unreadable');
  }
  const escapes = signed(critical({ identity: { 'docker-reference': 'a\u001b[2Jb\u202e' } }));
  expect(examine(escapes, key).identity).toBe(sanitizeLine('a\u001b[2Jb\u202e', 300));
  const times = Buffer.from(critical({}).toString().replace('null', '{"timestamp":1e300,"creator":5}'));
  expect(examine(signed(times), key)).toMatchObject({ verdict: 'valid' });
  for (const text of ['!', 'x'.repeat(1_000_000), '=']) {
    expect(examine({ payload: critical({}), annotations: { [signatureAnnotation]: text } }, key).verdict).not.toBe(
      'valid',
    );
  }
});

test('openssl makes and verifies the same signatures', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-keys-'));
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, encoding: 'buffer' });
  try {
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'ec.pem');
    openssl('genrsa', '-out', 'rsa.pem', '2048');
    openssl('genpkey', '-algorithm', 'ed25519', '-out', 'ed.pem');
    for (const name of ['ec', 'rsa', 'ed']) {
      openssl('pkey', '-in', `${name}.pem`, '-pubout', '-out', `${name}.pub`);
      const read = (file: string) => readFile(join(folder, file), 'utf8');
      const key = await readPrivateKey(await read(`${name}.pem`), name, undefined);
      const publicKey = await readPublicKey(await read(`${name}.pub`), name);
      const { payload, annotations } = signImage({ digest: image, identity: 'a/b' }, key, made);
      await writeFile(join(folder, 'payload'), payload);
      await writeFile(join(folder, 'signature'), Buffer.from(annotations[signatureAnnotation] ?? '', 'base64'));
      const raw = name === 'ed' ? ['-rawin'] : ['-rawin', '-digest', 'sha256'];
      const files = ['-in', 'payload', '-sigfile', 'signature', ...raw];
      expect(openssl('pkeyutl', '-verify', '-pubin', '-inkey', `${name}.pub`, ...files).toString()).toContain(
        'Verified Successfully',
      );
      const theirs = openssl('pkeyutl', '-sign', '-inkey', `${name}.pem`, '-in', 'payload', ...raw);
      expect(isSignedBy(payload, theirs, publicKey)).toBe(true);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
