import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fingerprint } from '../public-key.ts';
import { makeKey } from '../testing/test-server.ts';
import { KnownHosts, knownHostsFiles } from './known-hosts.ts';
import { rememberHostKey } from './remember-host-key.ts';

const [a, b, c] = [makeKey(), makeKey(), makeKey()];
const ecdsa = makeKey('ecdsa');

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'known-hosts-'));
  file = join(folder, 'known_hosts');
});

afterEach(() => rm(folder, { recursive: true }));

async function load(...lines: string[]): Promise<KnownHosts> {
  await writeFile(file, `${lines.join('\n')}\n`);
  return KnownHosts.load([file]);
}

describe('the key of a host', () => {
  test('is known when a file records it, regardless of case and of other lines', async () => {
    const hosts = await load('# a comment', '', 'garbage', `pi4,10.0.0.4 ${a.line} root@pi4`, `other ${b.line}`);
    expect(hosts.check('Pi4', 22, a.wire)).toEqual({ kind: 'known' });
    expect(hosts.check('10.0.0.4', 22, a.wire)).toEqual({ kind: 'known' });
    expect(hosts.check('other', 22, b.wire)).toEqual({ kind: 'known' });
  });

  test('is unknown when no line names the host', async () => {
    const hosts = await load(`pi4 ${a.line}`);
    expect(hosts.check('pi5', 22, a.wire)).toEqual({
      kind: 'unknown',
      keyType: 'ssh-ed25519',
      fingerprint: fingerprint(a.wire),
      authorities: [],
    });
  });

  test('has changed when another key is recorded, and the check names each line that records one', async () => {
    const hosts = await load('', `pi4 ${a.line}`, `p* ${b.line}`);
    expect(hosts.check('pi4', 22, c.wire)).toEqual({
      kind: 'changed',
      keyType: 'ssh-ed25519',
      fingerprint: fingerprint(c.wire),
      authorities: [],
      expected: [
        { keyType: 'ssh-ed25519', fingerprint: fingerprint(a.wire), file, line: 2 },
        { keyType: 'ssh-ed25519', fingerprint: fingerprint(b.wire), file, line: 3 },
      ],
    });
  });

  test('has changed, and is not unknown, when only keys of other types are recorded', async () => {
    const hosts = await load(`pi4 ${ecdsa.line}`);
    const check = hosts.check('pi4', 22, a.wire);
    expect(check.kind).toBe('changed');
    expect(check.kind === 'changed' && check.expected[0]?.keyType).toBe('ecdsa-sha2-nistp256');
  });

  test('is revoked even when another line trusts it, and also for other ports of the host', async () => {
    const hosts = await load(`pi4 ${a.line}`, `@revoked * ${a.line}`);
    expect(hosts.check('pi4', 22, a.wire)).toMatchObject({ kind: 'revoked', revokedBy: { line: 2 } });
    expect(hosts.check('pi4', 2222, a.wire).kind).toBe('revoked');
    expect(hosts.check('pi4', 22, b.wire).kind).toBe('changed');
  });

  test('is not trusted because it is recorded as a certificate authority', async () => {
    const hosts = await load(`@cert-authority * ${a.line}`);
    expect(hosts.check('pi4', 22, a.wire).kind).toBe('unknown');
    expect(hosts.keyTypes('pi4', 22)).toEqual([]);
  });
});

describe('the host names of a line', () => {
  test('may contain wildcards and exceptions', async () => {
    const hosts = await load(`*.farm,!bad.farm,pi? ${a.line}`);
    expect(hosts.check('good.farm', 22, a.wire).kind).toBe('known');
    expect(hosts.check('pi4', 22, a.wire).kind).toBe('known');
    expect(hosts.check('bad.farm', 22, a.wire).kind).toBe('unknown');
    expect(hosts.check('pi42', 22, a.wire).kind).toBe('unknown');
    expect(hosts.check('goodxfarm', 22, a.wire).kind).toBe('unknown');
  });

  test('include the port unless it is 22', async () => {
    const hosts = await load(`[pi4]:2222 ${a.line}`, `[::1]:2222 ${b.line}`);
    expect(hosts.check('pi4', 2222, a.wire).kind).toBe('known');
    expect(hosts.check('::1', 2222, b.wire).kind).toBe('known');
    expect(hosts.check('pi4', 22, a.wire).kind).toBe('unknown');
    expect(hosts.check('pi4', 2223, a.wire).kind).toBe('unknown');
  });

  test('without a port confirm a key on other ports of the host, and never contradict it', async () => {
    const hosts = await load(`pi4 ${a.line}`);
    expect(hosts.check('pi4', 2222, a.wire).kind).toBe('known');
    expect(hosts.check('pi4', 2222, b.wire).kind).toBe('unknown');
  });

  test.skipIf(!existsSync('/usr/bin/ssh-keygen'))('may be hashed as ssh-keygen -H does', async () => {
    await writeFile(file, `pi4 ${a.line}\n[pi4]:2222 ${b.line}\n`);
    execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' });
    expect(await readFile(file, 'utf8')).not.toContain('pi4');
    const hosts = await KnownHosts.load([file]);
    expect(hosts.check('pi4', 22, a.wire).kind).toBe('known');
    expect(hosts.check('pi4', 2222, b.wire).kind).toBe('known');
    expect(hosts.check('pi4', 22, c.wire).kind).toBe('changed');
    expect(hosts.check('pi5', 22, a.wire).kind).toBe('unknown');
  });
});

describe('a certificate authority', () => {
  test('is returned once with an unknown or changed key, with its file and line', async () => {
    const hosts = await load(`@cert-authority * ${b.line}`, `pi5 ${c.line}`);
    const authorities = [{ keyType: 'ssh-ed25519', fingerprint: fingerprint(b.wire), file, line: 1 }];
    expect(hosts.check('pi4', 2222, a.wire)).toMatchObject({ kind: 'unknown', authorities });
    expect(hosts.check('pi5', 22, a.wire)).toMatchObject({ kind: 'changed', authorities });
  });

  test('does not count as a host key, even when a host shows it', async () => {
    const hosts = await load(`@cert-authority pi4 ${a.line}`);
    expect(hosts.check('pi4', 22, a.wire).kind).toBe('unknown');
    expect(hosts.keyTypes('pi4', 22)).toEqual([]);
  });
});

test('keyTypes returns the types of the recorded keys', async () => {
  const hosts = await load(`pi4 ${ecdsa.line}`, `pi4 ${a.line}`, `pi4 ${b.line}`, `@revoked pi5 ${a.line}`);
  expect(hosts.keyTypes('pi4', 22)).toEqual(['ecdsa-sha2-nistp256', 'ssh-ed25519']);
  expect(hosts.keyTypes('pi5', 22)).toEqual([]);
});

test.skipIf(!existsSync('/usr/bin/ssh-keygen'))('a fingerprint has the form that ssh-keygen prints', async () => {
  await writeFile(file, a.line);
  const printed = execFileSync('ssh-keygen', ['-l', '-f', file], { encoding: 'utf8' });
  expect(printed).toContain(` ${fingerprint(a.wire)} `);
});

describe('the known hosts files', () => {
  test('are those of OpenSSH, or the one that $BARNRAISER_KNOWN_HOSTS names', () => {
    expect(knownHostsFiles({}, '/home/kim')[0]).toBe('/home/kim/.ssh/known_hosts');
    expect(knownHostsFiles({ BARNRAISER_KNOWN_HOSTS: '/x/hosts' }, '/home/kim')).toEqual(['/x/hosts']);
  });

  test('are all read, and missing ones count as empty', async () => {
    const second = join(folder, 'second');
    await writeFile(second, `pi4 ${a.line}\n`);
    const hosts = await KnownHosts.load([file, second]);
    expect(hosts.check('pi4', 22, b.wire)).toMatchObject({ expected: [{ file: second, line: 1 }] });
  });

  test('cause a failure when one exists but cannot be read', async () => {
    await mkdir(file);
    await expect(KnownHosts.load([file])).rejects.toMatchObject({ problem: { code: 'ssh.known-hosts' } });
  });
});

describe('a remembered key', () => {
  test('is saved in a private folder and file, and is known afterwards, also to OpenSSH', async () => {
    const inFolder = join(folder, '.ssh', 'known_hosts');
    await rememberHostKey(inFolder, 'pi4', 2222, a.wire);
    expect((await stat(join(folder, '.ssh'))).mode & 0o777).toBe(0o700);
    expect((await stat(inFolder)).mode & 0o777).toBe(0o600);
    expect(await readFile(inFolder, 'utf8')).toBe(`[pi4]:2222 ${a.line}\n`);
    expect((await KnownHosts.load([inFolder])).check('pi4', 2222, a.wire).kind).toBe('known');
  });

  test('goes on a new line when the last line has no line end', async () => {
    await writeFile(file, `pi3 ${b.line}`);
    await rememberHostKey(file, 'pi4', 22, a.wire);
    expect(await readFile(file, 'utf8')).toBe(`pi3 ${b.line}\npi4 ${a.line}\n`);
  });

  test('is written only once', async () => {
    await rememberHostKey(file, 'pi4', 22, a.wire);
    await rememberHostKey(file, 'pi4', 22, a.wire);
    expect(await readFile(file, 'utf8')).toBe(`pi4 ${a.line}\n`);
  });

  test('can be saved with a hashed host name that OpenSSH can read', async () => {
    await rememberHostKey(file, 'Pi4', 2222, a.wire, { hashName: true });
    const text = await readFile(file, 'utf8');
    expect(text).toMatch(/^\|1\|[A-Za-z0-9+/=]{28}\|[A-Za-z0-9+/=]{28} ssh-ed25519 /);
    expect(text.toLowerCase()).not.toContain('pi4');
    expect((await KnownHosts.load([file])).check('pi4', 2222, a.wire).kind).toBe('known');
    await rememberHostKey(file, 'pi4', 2222, a.wire, { hashName: true });
    expect(await readFile(file, 'utf8')).toBe(text);
    const output = execFileSync('ssh-keygen', ['-F', '[pi4]:2222', '-f', file], { encoding: 'utf8' });
    expect(output).toContain(a.line);
  });

  test('is not lost when four processes save many keys at once while another appends lines as ssh does', async () => {
    const script = join(folder, 'remember.mts');
    await writeFile(
      script,
      `import { rememberHostKey } from ${JSON.stringify(new URL('./remember-host-key.ts', import.meta.url).pathname)};
       const [file, prefix, key] = process.argv.slice(2);
       const names = Array.from({ length: 25 }, (_, index) => prefix + index);
       await Promise.all(names.map((name) => rememberHostKey(file, name, 22, Buffer.from(key, 'base64'))));`,
    );
    const ends = ['w', 'x', 'y', 'z'].map((prefix) =>
      once(fork(script, [file, prefix, a.wire.toString('base64')], { execArgv: ['--import', 'tsx'] }), 'exit'),
    );
    for (let index = 0; index < 25; index++) {
      await appendFile(file, `ssh${index} ${b.line}\n`);
    }
    expect((await Promise.all(ends)).map(([code]) => code)).toEqual([0, 0, 0, 0]);
    const hosts = await KnownHosts.load([file]);
    for (let index = 0; index < 25; index++) {
      expect(hosts.check(`ssh${index}`, 22, b.wire).kind).toBe('known');
      for (const prefix of ['w', 'x', 'y', 'z']) {
        expect(hosts.check(`${prefix}${index}`, 22, a.wire).kind).toBe('known');
      }
    }
  }, 120_000);

  test('is not lost when two processes save several keys at once', async () => {
    const script = join(folder, 'remember.mts');
    await writeFile(
      script,
      `import { rememberHostKey } from ${JSON.stringify(new URL('./remember-host-key.ts', import.meta.url).pathname)};
       const [file, prefix, key] = process.argv.slice(2);
       await Promise.all([1, 2, 3, 4].map((n) => rememberHostKey(file, prefix + n, 22, Buffer.from(key, 'base64'))));`,
    );
    const start = (prefix: string) =>
      fork(script, [file, prefix, a.wire.toString('base64')], { execArgv: ['--import', 'tsx'] });
    const ends = await Promise.all([once(start('x'), 'exit'), once(start('y'), 'exit')]);
    expect(ends).toEqual([
      [0, null],
      [0, null],
    ]);
    const names = (await readFile(file, 'utf8')).trim().split('\n');
    expect(names.map((line) => line.split(' ')[0]).sort()).toEqual(['x1', 'x2', 'x3', 'x4', 'y1', 'y2', 'y3', 'y4']);
  }, 120_000);

  test.skipIf(process.getuid?.() === 0)('cannot be saved in a read-only folder', async () => {
    await chmod(folder, 0o500);
    await expect(rememberHostKey(file, 'pi4', 22, a.wire)).rejects.toMatchObject({
      problem: { code: 'ssh.known-hosts' },
    });
  });

  test('cannot be saved in a folder', async () => {
    await mkdir(file);
    await expect(rememberHostKey(file, 'pi4', 22, a.wire)).rejects.toMatchObject({
      problem: { code: 'ssh.known-hosts' },
    });
  });
});
