import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeKey, TestServer, type TestServerOptions } from '../testing/server.ts';

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

/** The heap of a process that has signed in and still is, in which a connection's name must be found. */
async function heapAfter(
  options: Partial<TestServerOptions>,
  secrets: Readonly<Record<string, readonly string[]>>,
  identity?: string,
): Promise<{ readonly asked: readonly string[]; readonly heap: Buffer }> {
  server = await TestServer.start({ hostKeys: [hostKey], users: [], ...options });
  const knownHosts = join(folder, 'known_hosts');
  await writeFile(knownHosts, `[127.0.0.1]:${server.port} ${hostKey.line}\n`);
  const snapshot = join(folder, 'heap.heapsnapshot');
  child = fork(join(import.meta.dirname, 'snapshot-subject.ts'), { execArgv: ['--import', 'tsx'] });
  child.send({ port: server.port, knownHosts, snapshot, ...(identity ? { identity } : {}) });
  const asked: string[] = [];
  child.on('message', (message: { asks?: string }) => {
    if (message.asks) {
      asked.push(message.asks);
      child.send({ secrets: secrets[message.asks] });
    }
  });
  await once(child, 'exit');
  return { asked, heap: await readFile(snapshot) };
}

test('a password is not in memory any more once it has let us in', async () => {
  const password = 'correct-horse-battery-staple';
  const { asked, heap } = await heapAfter({ password }, { password: [password] });
  expect(asked).toEqual(['password']);
  expect(heap.includes('127.0.0.1')).toBe(true);
  expect(heap.includes(password)).toBe(false);
});

test('nor are answers to what a server asks', async () => {
  const answer = 'correct-horse-battery-staple';
  const rounds = [{ prompts: [{ prompt: 'Password: ', echo: false }], answers: [answer] }];
  const { asked, heap } = await heapAfter({ rounds }, { prompts: [answer] });
  expect(asked).toEqual(['prompts']);
  expect(heap.includes('127.0.0.1')).toBe(true);
  expect(heap.includes(answer)).toBe(false);
});

test.each(['ed25519', 'rsa'])(
  'nor are the passphrase and the private half of an encrypted %s key',
  async (type) => {
    const passphrase = 'correct-horse-battery-staple';
    const identity = join(folder, 'locked');
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-a', '1', '-f', identity]);
    const [algorithm = '', encoded = ''] = (await readFile(`${identity}.pub`, 'utf8')).split(' ');
    const user = { text: '', wire: Buffer.from(encoded, 'base64'), line: `${algorithm} ${encoded}` };
    const { asked, heap } = await heapAfter({ users: [user] }, { passphrase: [passphrase] }, identity);
    expect(asked).toEqual(['passphrase']);
    expect(heap.includes('127.0.0.1')).toBe(true);
    expect(heap.includes(passphrase)).toBe(false);
    for (const line of await privateLines(identity, passphrase)) {
      expect(heap.includes(line)).toBe(false);
    }
  },
  60_000,
);

/** The lines of the private half, as PEM writes them. */
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
