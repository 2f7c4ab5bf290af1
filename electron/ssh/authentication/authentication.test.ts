import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeKey, type TestKey } from '../testing/test-server.ts';
import { type AuthenticationOptions, prepareAuthentication } from './authentication.ts';

const peer = { name: 'pi4', host: 'pi4.local', port: 22, user: 'kim' };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'auth-'));
  await mkdir(join(folder, '.ssh'));
});

afterEach(() => rm(folder, { recursive: true }));

/** The methods that are tried when the server refuses all of them. */
async function triedMethods(options: Partial<AuthenticationOptions>): Promise<readonly string[]> {
  const authentication = await prepareAuthentication({ ...peer, agentSocket: '', home: folder, ...options });
  while (await authentication.next(null, false)) {
    // refused
  }
  return authentication.tried();
}

async function keyFile(name: string, key: TestKey = makeKey()): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, key.text, { mode: 0o600 });
  return path;
}

async function encryptedKeyFile(): Promise<{ path: string; publicLine: string }> {
  const path = join(folder, 'locked');
  const key = makeKey('ed25519', 'secret');
  await writeFile(path, key.text, { mode: 0o600 });
  return { path, publicLine: key.line };
}

describe('without an agent', () => {
  test('the named identity is tried, but no default key', async () => {
    await keyFile('.ssh/id_ed25519');
    const identity = await keyFile('mine');
    expect(await triedMethods({ identity })).toEqual([`the key file ${identity}`]);
  });

  test('the existing default keys are tried in the order of OpenSSH', async () => {
    const ecdsa = await keyFile('.ssh/id_ecdsa', makeKey('ecdsa'));
    const ed25519 = await keyFile('.ssh/id_ed25519');
    await writeFile(join(folder, '.ssh/id_rsa'), 'not a key');
    expect(await triedMethods({})).toEqual([`the key file ${ed25519}`, `the key file ${ecdsa}`]);
  });

  test('nothing is tried without any keys', async () => {
    expect(await triedMethods({ agentSocket: join(folder, 'no-agent') })).toEqual([]);
  });

  test('a missing identity is an error that names it', async () => {
    const identity = join(folder, 'gone');
    await expect(triedMethods({ identity })).rejects.toMatchObject({
      problem: { code: 'ssh.identity', message: `The identity file ${identity} does not exist.` },
    });
  });

  test('an identity that is not a key is an error that says how to convert it', async () => {
    const identity = join(folder, 'other');
    await writeFile(identity, '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n');
    await expect(triedMethods({ identity })).rejects.toMatchObject({
      problem: { code: 'ssh.identity', fix: expect.stringContaining(`ssh-keygen -p -f ${identity}`) },
    });
  });

  test('all existing identities of several are tried, in their order', async () => {
    const one = await keyFile('one');
    const two = await keyFile('two');
    expect(await triedMethods({ identities: [one, join(folder, 'gone'), two] })).toEqual([
      `the key file ${one}`,
      `the key file ${two}`,
    ]);
  });

  test('if none of several identities can be used, the error names the first', async () => {
    const identities = [join(folder, 'gone'), join(folder, 'gone too')];
    await expect(triedMethods({ identities })).rejects.toThrow(`The identity file ${identities[0]} does not exist.`);
  });

  test("the connection's identity is tried instead of the configuration's", async () => {
    const mine = await keyFile('mine');
    expect(await triedMethods({ identity: mine, identities: [await keyFile('other')] })).toEqual([
      `the key file ${mine}`,
    ]);
  });

  test('an empty list of identities does not mean the default keys', async () => {
    await keyFile('.ssh/id_ed25519');
    expect(await triedMethods({ identities: [] })).toEqual([]);
  });

  test('an encrypted identity needs an agent', async () => {
    const { path } = await encryptedKeyFile();
    await expect(triedMethods({ identity: path })).rejects.toMatchObject({
      problem: {
        code: 'ssh.identity',
        message: expect.stringContaining('is encrypted'),
        fix: expect.stringContaining(`ssh-add ${path}`),
      },
    });
  });
});

describe.skipIf(!existsSync('/usr/bin/ssh-agent'))('with an agent', () => {
  let agent: ReturnType<typeof spawn>;
  let agentSocket: string;

  beforeEach(async () => {
    agentSocket = join(folder, 'agent.sock');
    agent = spawn('ssh-agent', ['-D', '-a', agentSocket], { stdio: ['ignore', 'pipe', 'ignore'] });
    if (agent.stdout) {
      // ssh-agent prints its socket once it listens
      await once(agent.stdout, 'data');
    }
  });

  afterEach(async () => {
    const exited = once(agent, 'exit');
    agent.kill();
    await exited;
  });

  function add(...paths: string[]): void {
    execFileSync('ssh-add', paths, {
      env: { ...process.env, SSH_AUTH_SOCK: agentSocket, SSH_ASKPASS: '/bin/false' },
      stdio: 'ignore',
    });
  }

  test('its keys come first, and default keys that it also holds are tried only once', async () => {
    const shared = await keyFile('.ssh/id_ed25519');
    const other = await keyFile('.ssh/id_ecdsa', makeKey('ecdsa'));
    add(shared, await keyFile('more'));
    expect(await triedMethods({ agentSocket })).toEqual(['2 keys from the agent', `the key file ${other}`]);
  });

  test('a named identity comes first, followed by only a few other keys', async () => {
    const identity = await keyFile('mine');
    add(identity);
    for (let count = 0; count < 8; count++) {
      add(await keyFile(`other${count}`));
    }
    expect(await triedMethods({ agentSocket, identity })).toEqual([
      `the agent's key for ${identity}`,
      '4 keys from the agent',
    ]);
  });

  test('several identities leave fewer tries for the other keys of the agent', async () => {
    const identities = [await keyFile('one'), await keyFile('two'), await keyFile('three')];
    add(...identities);
    for (let count = 0; count < 4; count++) {
      add(await keyFile(`other${count}`));
    }
    expect((await triedMethods({ agentSocket, identities })).slice(3)).toEqual(['2 keys from the agent']);
  });

  test('with identitiesOnly the agent offers only the keys of the files', async () => {
    const defaultKey = await keyFile('.ssh/id_ed25519');
    const mine = await keyFile('mine');
    add(defaultKey, await keyFile('other'));
    expect(await triedMethods({ agentSocket, identities: [mine], identitiesOnly: true })).toEqual([
      `the key file ${mine}`,
    ]);
    expect(await triedMethods({ agentSocket, identitiesOnly: true })).toEqual(['1 key from the agent']);
    expect(await triedMethods({ agentSocket, identities: [], identitiesOnly: true })).toEqual([]);
  });

  test('an encrypted identity is used through the agent that holds it', async () => {
    const key = makeKey();
    const plain = await keyFile('same', key);
    add(plain);
    // as after `ssh-add FILE`, the agent has the key, and the file stays encrypted
    execFileSync('ssh-keygen', ['-q', '-p', '-N', 'secret', '-f', plain]);
    await rm(`${plain}.pub`, { force: true });
    expect(await triedMethods({ agentSocket, identity: plain })).toEqual([`the agent's key for ${plain}`]);
  });

  test('an encrypted identity that the agent does not hold is an error even if the agent has other keys', async () => {
    add(await keyFile('other'));
    const { path } = await encryptedKeyFile();
    await expect(triedMethods({ agentSocket, identity: path })).rejects.toMatchObject({
      problem: { code: 'ssh.identity' },
    });
  });

  test('a public key file selects a key of the agent', async () => {
    const key = makeKey();
    add(await keyFile('private', key), await keyFile('other'));
    const identity = join(folder, 'mine.pub');
    await writeFile(identity, key.line);
    expect(await triedMethods({ agentSocket, identity })).toEqual([
      `the agent's key for ${identity}`,
      '1 key from the agent',
    ]);
  });
});
