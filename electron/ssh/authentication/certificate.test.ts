import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuthenticationOptions, prepareAuthentication } from './authentication.ts';
import { parseCertificate, readCertificate, uselessCertificate, wrongPrincipal } from './certificate.ts';
import { readPublicKey } from './key-file.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'certificate-'));
  keygen('-t', 'ed25519', '-f', join(folder, 'authority'));
});
afterAll(() => rm(folder, { recursive: true }));

function keygen(...args: string[]): void {
  execFileSync('ssh-keygen', ['-q', '-N', '', ...args]);
}

/** Makes a key and a certificate of it. @returns the path of the key */
function makeCertified(name: string, keyArgs: readonly string[], ...certificateArgs: string[]): string {
  const path = join(folder, name);
  keygen(...keyArgs, '-f', path);
  sign(path, ...certificateArgs);
  return path;
}

function sign(path: string, ...args: string[]): void {
  execFileSync('ssh-keygen', ['-q', '-s', join(folder, 'authority'), '-I', 'kim', ...args, `${path}.pub`]);
}

async function certificateOf(path: string) {
  return (await readCertificate(`${path}-cert.pub`)) ?? expect.fail('no certificate');
}

describe('a certificate', () => {
  test.each([
    ['ed25519', ['-t', 'ed25519'], 'ssh-ed25519-cert-v01@openssh.com'],
    ['ecdsa256', ['-t', 'ecdsa', '-b', '256'], 'ecdsa-sha2-nistp256-cert-v01@openssh.com'],
    ['ecdsa521', ['-t', 'ecdsa', '-b', '521'], 'ecdsa-sha2-nistp521-cert-v01@openssh.com'],
    ['rsa', ['-t', 'rsa', '-b', '2048'], 'rsa-sha2-512-cert-v01@openssh.com'],
  ] as const)('of an %s key names its key, principals and time', async (name, keyArgs, algorithm) => {
    const path = makeCertified(name, keyArgs, '-n', 'kim,root', '-V', '20260101000000Z:20260201000000Z');
    const certificate = await certificateOf(path);
    expect(certificate).toMatchObject({ algorithm, isForUsers: true, principals: ['kim', 'root'] });
    expect(certificate.publicKey.equals(readPublicKey(readFileSync(`${path}.pub`, 'utf8')))).toBe(true);
    expect(uselessCertificate(certificate, new Date('2026-01-15'))).toBeUndefined();
    expect(uselessCertificate(certificate, new Date('2026-02-15'))).toBe(
      `The certificate ${path}-cert.pub expired at 2026-02-01 00:00:00 UTC.`,
    );
    expect(uselessCertificate(certificate, new Date('2025-12-31'))).toBe(
      `The certificate ${path}-cert.pub is not valid before 2026-01-01 00:00:00 UTC.`,
    );
    expect(wrongPrincipal(certificate, 'root')).toBeUndefined();
    expect(wrongPrincipal(certificate, 'deploy')).toContain('is for kim, root, not for deploy.');
  });

  test('without principals and without an end is valid for all, always', async () => {
    const certificate = await certificateOf(makeCertified('forever', ['-t', 'ed25519']));
    expect(uselessCertificate(certificate, new Date('9000-01-01'))).toBeUndefined();
    expect(wrongPrincipal(certificate, 'anyone')).toBeUndefined();
  });

  test('of a host signs in no user', async () => {
    const certificate = await certificateOf(makeCertified('host', ['-t', 'ed25519'], '-h', '-n', 'pi4'));
    expect(uselessCertificate(certificate)).toContain('is for hosts');
  });

  test('that is cut off at any byte is an error, not a crash', async () => {
    const { blob } = await certificateOf(makeCertified('cut', ['-t', 'ed25519'], '-n', 'kim'));
    for (let length = 0; length < 120; length++) {
      expect(() => parseCertificate(blob.subarray(0, length), 'it')).toThrow();
    }
  });
});

describe('a key with a certificate', () => {
  /** The methods that are tried when the server refuses all of them, and what is said of certificates. */
  async function refused(options: Partial<AuthenticationOptions>) {
    const peer = { name: 'pi4', host: 'pi4.local', port: 22, user: 'kim' };
    const authentication = await prepareAuthentication({ ...peer, agentSocket: '', home: folder, ...options });
    while (await authentication.next(null, false)) {
      // refused
    }
    return { tried: authentication.tried(), notes: authentication.certificateNotes() };
  }

  test('offers the certificate first, then the key', async () => {
    const path = makeCertified('first', ['-t', 'ed25519'], '-n', 'kim');
    expect(await refused({ identity: path })).toEqual({
      tried: [`the certificate ${path}-cert.pub`, `the key file ${path}`],
      notes: [],
    });
  });

  test('may be named by its certificate', async () => {
    const path = makeCertified('named', ['-t', 'ed25519'], '-n', 'kim');
    expect((await refused({ identity: `${path}-cert.pub` })).tried).toContain(`the certificate ${path}-cert.pub`);
  });

  test('has further certificates by the SSH configuration', async () => {
    const path = join(folder, 'elsewhere');
    keygen('-t', 'ed25519', '-f', path);
    sign(path, '-n', 'kim');
    const file = join(folder, 'of-the-configuration');
    await writeFile(file, readFileSync(`${path}-cert.pub`));
    await rm(`${path}-cert.pub`);
    expect((await refused({ identities: [path], certificateFiles: [file, join(folder, 'gone')] })).tried).toEqual([
      `the certificate ${file}`,
      `the key file ${path}`,
    ]);
  });

  test('does not offer a certificate that has expired, and says so', async () => {
    const path = makeCertified('expired', ['-t', 'ed25519'], '-n', 'kim', '-V', '20200101:20200201');
    expect(await refused({ identity: path })).toEqual({
      tried: [`the key file ${path}`],
      notes: [expect.stringMatching(/expired-cert\.pub expired at 2020-0/)],
    });
  });

  test('says who the certificate is for, where it is for others', async () => {
    const path = makeCertified('others', ['-t', 'ed25519'], '-n', 'deploy');
    expect((await refused({ identity: path })).notes).toEqual([
      `The certificate ${path}-cert.pub is for deploy, not for kim.`,
    ]);
  });

  test('does not offer a certificate of another key', async () => {
    const path = makeCertified('mine', ['-t', 'ed25519'], '-n', 'kim');
    const other = makeCertified('not-mine', ['-t', 'ed25519'], '-n', 'kim');
    await writeFile(`${path}-cert.pub`, readFileSync(`${other}-cert.pub`));
    expect((await refused({ identity: path })).tried).toEqual([`the key file ${path}`]);
  });
});
