import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeKey, TestServer, type TestServerOptions } from '../testing/test-server.ts';

const hostKey = makeKey();
let folder: string;
let server: TestServer;
let child: ChildProcess;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snapshot-'));
});
afterEach(async () => {
  child.kill();
  await server.stop();
  await rm(folder, { recursive: true });
});

/**
 * The heap of a process that is signed in. A secret must not be in it; the host's name must, which proves that the
 * search works.
 */
async function heapAfterSignIn(
  options: Partial<TestServerOptions>,
  secrets: Readonly<Record<string, readonly string[]>>,
  identity?: string,
): Promise<{ readonly requests: readonly string[]; readonly heap: Buffer }> {
  server = await TestServer.start({ hostKeys: [hostKey], userKeys: [], ...options });
  const knownHosts = join(folder, 'known_hosts');
  await writeFile(knownHosts, `[127.0.0.1]:${server.port} ${hostKey.line}\n`);
  const snapshot = join(folder, 'heap.heapsnapshot');
  child = fork(join(import.meta.dirname, '../testing/heap-snapshot-process.ts'), { execArgv: ['--import', 'tsx'] });
  child.send({ port: server.port, knownHosts, snapshot, ...(identity ? { identity } : {}) });
  const requests: string[] = [];
  child.on('message', (message: { request?: string }) => {
    if (message.request) {
      requests.push(message.request);
      child.send({ secrets: secrets[message.request] });
    }
  });
  await once(child, 'exit');
  return { requests, heap: await readFile(snapshot) };
}

test('a password is not in memory after the sign-in', async () => {
  const password = 'correct-horse-battery-staple';
  const { requests, heap } = await heapAfterSignIn({ password }, { password: [password] });
  expect(requests).toEqual(['password']);
  expect(heap.includes('127.0.0.1')).toBe(true);
  expect(heap.includes(password)).toBe(false);
});

test('answers to prompts of a server are not in memory after the sign-in', async () => {
  const answer = 'correct-horse-battery-staple';
  const rounds = [{ prompts: [{ prompt: 'Password: ', echo: false }], answers: [answer] }];
  const { requests, heap } = await heapAfterSignIn({ rounds }, { prompts: [answer] });
  expect(requests).toEqual(['prompts']);
  expect(heap.includes('127.0.0.1')).toBe(true);
  expect(heap.includes(answer)).toBe(false);
});

test.each(['ed25519', 'rsa'])(
  'the passphrase and the private half of an encrypted %s key are not in memory after the sign-in',
  async (type) => {
    const passphrase = 'correct-horse-battery-staple';
    const identity = join(folder, 'locked');
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-a', '1', '-f', identity]);
    const [algorithm = '', encoded = ''] = (await readFile(`${identity}.pub`, 'utf8')).split(' ');
    const user = { text: '', wire: Buffer.from(encoded, 'base64'), line: `${algorithm} ${encoded}` };
    const { requests, heap } = await heapAfterSignIn({ userKeys: [user] }, { passphrase: [passphrase] }, identity);
    expect(requests).toEqual(['passphrase']);
    expect(heap.includes('127.0.0.1')).toBe(true);
    expect(heap.includes(passphrase)).toBe(false);
    for (const line of await privateLines(identity, passphrase)) {
      expect(heap.includes(line)).toBe(false);
    }
  },
  60_000,
);

/** The lines of the private half in PEM format. */
async function privateLines(path: string, passphrase: string): Promise<string[]> {
  const key = ssh2.utils.parseKey(await readFile(path), passphrase);
  if (key instanceof Error) {
    throw key;
  }
  return key
    .getPrivatePEM()
    .split('\n')
    .filter((line) => !line.startsWith('-----') && line.length > 40);
}
