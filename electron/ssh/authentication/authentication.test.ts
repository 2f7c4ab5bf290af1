import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeKey, type TestKey } from '../testing/server.ts';
import { type AuthenticationOptions, prepareAuthentication } from './authentication.ts';

const peer = { name: 'pi4', host: 'pi4.local', port: 22, user: 'kim' };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'auth-'));
  await mkdir(join(folder, '.ssh'));
});

afterEach(() => rm(folder, { recursive: true }));

/** Everything that would be tried if the server refused it all. */
async function ways(options: Partial<AuthenticationOptions>): Promise<readonly string[]> {
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

async function encryptedFile(): Promise<{ path: string; publicLine: string }> {
  const path = join(folder, 'locked');
  const key = makeKey('ed25519', 'secret');
  await writeFile(path, key.text, { mode: 0o600 });
  return { path, publicLine: key.line };
}

describe('without an agent', () => {
  test('the named identity is tried, and no default key beside it', async () => {
    await keyFile('.ssh/id_ed25519');
    const identity = await keyFile('mine');
    expect(await ways({ identity })).toEqual([`the key file ${identity}`]);
  });

  test('the default keys that are there are tried in the order of OpenSSH', async () => {
    const ecdsa = await keyFile('.ssh/id_ecdsa', makeKey('ecdsa'));
    const ed25519 = await keyFile('.ssh/id_ed25519');
    await writeFile(join(folder, '.ssh/id_rsa'), 'not a key');
    expect(await ways({})).toEqual([`the key file ${ed25519}`, `the key file ${ecdsa}`]);
  });

  test('nothing is tried where there is nothing', async () => {
    expect(await ways({ agentSocket: join(folder, 'no-agent') })).toEqual([]);
  });

  test('a missing identity is named', async () => {
    const identity = join(folder, 'gone');
    await expect(ways({ identity })).rejects.toMatchObject({
      problem: { code: 'ssh.identity', message: `There is no identity file ${identity}.` },
    });
  });

  test('an identity that is no key is named, with the way to convert it', async () => {
    const identity = join(folder, 'other');
    await writeFile(identity, '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n');
    await expect(ways({ identity })).rejects.toMatchObject({
      problem: { code: 'ssh.identity', fix: expect.stringContaining(`ssh-keygen -p -f ${identity}`) },
    });
  });

  test('of several identities all that are there are tried, in their order', async () => {
    const one = await keyFile('one');
    const two = await keyFile('two');
    expect(await ways({ identities: [one, join(folder, 'gone'), two] })).toEqual([
      `the key file ${one}`,
      `the key file ${two}`,
    ]);
  });

  test('of several identities none of which can be used, the first is named', async () => {
    const identities = [join(folder, 'gone'), join(folder, 'gone too')];
    await expect(ways({ identities })).rejects.toThrow(`There is no identity file ${identities[0]}.`);
  });

  test("the connection's identity is tried in place of the configuration's", async () => {
    const mine = await keyFile('mine');
    expect(await ways({ identity: mine, identities: [await keyFile('other')] })).toEqual([`the key file ${mine}`]);
  });

  test('no identity at all is not the same as the usual ones', async () => {
    await keyFile('.ssh/id_ed25519');
    expect(await ways({ identities: [] })).toEqual([]);
  });

  test('an encrypted identity asks for an agent', async () => {
    const { path } = await encryptedFile();
    await expect(ways({ identity: path })).rejects.toMatchObject({
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
      // it says where it listens once it does
      await once(agent.stdout, 'data');
    }
  });

  afterEach(async () => {
    const gone = once(agent, 'exit');
    agent.kill();
    await gone;
  });

  function add(...paths: string[]): void {
    execFileSync('ssh-add', paths, {
      env: { ...process.env, SSH_AUTH_SOCK: agentSocket, SSH_ASKPASS: '/bin/false' },
      stdio: 'ignore',
    });
  }

  test('its keys come first, and default keys that it holds are not tried twice', async () => {
    const held = await keyFile('.ssh/id_ed25519');
    const other = await keyFile('.ssh/id_ecdsa', makeKey('ecdsa'));
    add(held, await keyFile('more'));
    expect(await ways({ agentSocket })).toEqual(['2 keys of the agent', `the key file ${other}`]);
  });

  test('a named identity comes first, and only a few others after it', async () => {
    const identity = await keyFile('mine');
    add(identity);
    for (let count = 0; count < 8; count++) {
      add(await keyFile(`other${count}`));
    }
    expect(await ways({ agentSocket, identity })).toEqual([`the agent's key for ${identity}`, '4 keys of the agent']);
  });

  test('several identities leave fewer tries to the others of an agent', async () => {
    const identities = [await keyFile('one'), await keyFile('two'), await keyFile('three')];
    add(...identities);
    for (let count = 0; count < 4; count++) {
      add(await keyFile(`other${count}`));
    }
    expect((await ways({ agentSocket, identities })).slice(3)).toEqual(['2 keys of the agent']);
  });

  test('with identitiesOnly an agent offers nothing but what the files name', async () => {
    const usual = await keyFile('.ssh/id_ed25519');
    const mine = await keyFile('mine');
    add(usual, await keyFile('other'));
    expect(await ways({ agentSocket, identities: [mine], identitiesOnly: true })).toEqual([`the key file ${mine}`]);
    expect(await ways({ agentSocket, identitiesOnly: true })).toEqual(['the one key of the agent']);
    expect(await ways({ agentSocket, identities: [], identitiesOnly: true })).toEqual([]);
  });

  test('an encrypted identity is used through the agent that holds it', async () => {
    const key = makeKey();
    const plain = await keyFile('same', key);
    add(plain);
    // as after `ssh-add FILE`: the agent has the key, the file stays locked
    execFileSync('ssh-keygen', ['-q', '-p', '-N', 'secret', '-f', plain]);
    await rm(`${plain}.pub`, { force: true });
    expect(await ways({ agentSocket, identity: plain })).toEqual([`the agent's key for ${plain}`]);
  });

  test('an encrypted identity that the agent does not hold is a problem even if the agent has others', async () => {
    add(await keyFile('other'));
    const { path } = await encryptedFile();
    await expect(ways({ agentSocket, identity: path })).rejects.toMatchObject({ problem: { code: 'ssh.identity' } });
  });

  test('a public key names which key of the agent is meant', async () => {
    const key = makeKey();
    add(await keyFile('private', key), await keyFile('other'));
    const identity = join(folder, 'mine.pub');
    await writeFile(identity, key.line);
    expect(await ways({ agentSocket, identity })).toEqual([
      `the agent's key for ${identity}`,
      'the one key of the agent',
    ]);
  });
});
