import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listHosts } from './hosts.ts';
import { type ConfigFile, configFiles } from './read.ts';
import { type ResolveOptions, resolveHost } from './resolve.ts';

let home: string;
let config: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'ssh-config-'));
  config = join(home, '.ssh', 'config');
  await mkdir(dirname(config));
});
afterEach(() => rm(home, { recursive: true }));

/** The person's own file only: what this machine's system file says is none of these tests' business. */
function files(): ConfigFile[] {
  return configFiles('', home).slice(0, 1);
}

async function resolve(text: string, host = 'pi4', options: Partial<ResolveOptions> = {}) {
  await write('config', text);
  return resolveHost(host, { files: files(), home, env: {}, ...options });
}

async function write(name: string, text: string): Promise<string> {
  const path = join(home, '.ssh', name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

describe('a host', () => {
  test('that no file knows is itself, at port 22, as who we are', async () => {
    const { host, user, port, identities, jumps, notes } = await resolveHost('pi4', { files: files(), home, env: {} });
    expect({ host, user, port }).toEqual({ host: 'pi4', user: userInfo().username, port: 22 });
    expect(identities).toBeUndefined();
    expect([jumps, notes]).toEqual([[], []]);
  });

  test('gets the first value of each option, and every identity file', async () => {
    const resolved = await resolve(`
      Host pi4
        Port 2222
        IdentityFile ~/.ssh/one
      Host pi*
        HostName %h.lan
        User pi
        Port 3333
        IdentityFile "%d/two %r"
        IdentityFile ~/.ssh/one
    `);
    expect(resolved).toMatchObject({ host: 'pi4.lan', user: 'pi', port: 2222 });
    expect(resolved.identities).toEqual([join(home, '.ssh/one'), join(home, 'two pi')]);
  });

  test('gets what is asked for before what is written', async () => {
    const given = { user: 'kim', port: 5 };
    expect(await resolve('User pi\nPort 6\n', 'pi4', given)).toMatchObject(given);
  });

  test('whose identity is none has none, which is not the usual ones', async () => {
    expect((await resolve('IdentityFile none')).identities).toEqual([]);
  });

  test('is matched by its real name once a final Match wants that', async () => {
    const text = 'Host pi4\n  HostName big.lan\nMatch final host big.lan\n  User final\n';
    expect((await resolve(text)).user).toBe('final');
  });

  test.each([
    ['none', {}, ''],
    ['SSH_AUTH_SOCK', { SSH_AUTH_SOCK: '/run/agent' }, '/run/agent'],
    ['$OTHER', { OTHER: '/run/other' }, '/run/other'],
    ['$OTHER', {}, ''],
    [`\${OTHER}/%r`, { OTHER: '/run/other' }, '/run/other/kim'],
  ])('with the IdentityAgent %s and %o has the socket %s', async (agent, env, socket) => {
    expect((await resolve(`User kim\nIdentityAgent ${agent}`, 'pi4', { env })).agentSocket).toBe(socket);
  });

  test('has more files of known hosts, and seconds', async () => {
    const text = 'UserKnownHostsFile ~/a /b/%n\nConnectTimeout 1m\nServerAliveInterval 10\nServerAliveCountMax 2\n';
    expect(await resolve(text)).toMatchObject({
      knownHostsFiles: [join(home, 'a'), '/b/pi4'],
      connectSeconds: 60,
      aliveSeconds: 10,
      aliveMisses: 2,
    });
  });
});

describe('ways there', () => {
  test.each([
    ['none', []],
    ['a', [{ host: 'a' }]],
    [
      'kim@a:22,[::1]:23,ssh://k%40m@b:24',
      [
        { host: 'a', user: 'kim', port: 22 },
        { host: '::1', port: 23 },
        { host: 'b', user: 'k@m', port: 24 },
      ],
    ],
  ])('ProxyJump %s', async (text, jumps) => {
    expect((await resolve(`ProxyJump ${text}\nProxyJump z\n`)).jumps).toEqual(jumps);
  });

  test.each(['a,', '@a', 'a:0', 'a:x', 'a, b', '::1'])('ProxyJump %s is refused', async (text) => {
    await expect(resolve(`ProxyJump ${text}`)).rejects.toMatchObject({ problem: { code: 'ssh.config' } });
  });

  test('a host that is its own jump host is refused, as ssh does', async () => {
    await expect(resolve('ProxyJump pi4')).rejects.toThrow('ProxyJump leads to pi4 through pi4 itself.');
    expect((await resolve('ProxyJump pi4:2222')).jumps).toEqual([{ host: 'pi4', port: 2222 }]);
  });

  test('ProxyCommand is told, not run, and only where no ProxyJump came first', async () => {
    expect((await resolve('User kim\nProxyCommand nc %h %p # x\nProxyJump a')).proxyCommand).toEqual({
      text: 'nc %h %p # x',
      file: config,
      line: 2,
      passesDescriptor: false,
      tokens: { h: 'pi4', k: 'pi4', n: 'pi4', p: '22', r: 'kim' },
    });
    expect((await resolve('ProxyUseFdpass yes\nProxyCommand nc %h')).proxyCommand?.passesDescriptor).toBe(true);
    expect((await resolve('ProxyJump a\nProxyCommand nc %h %p')).proxyCommand).toBeUndefined();
    expect((await resolve('ProxyCommand none\nProxyJump a')).jumps).toEqual([]);
    expect((await resolve('ProxyCommand NONE\nProxyCommand nc')).proxyCommand).toBeUndefined();
  });
});

describe('what is not done', () => {
  test('Match exec runs nothing, does not apply, and is noted where it might have', async () => {
    const marker = join(home, 'ran');
    const text = `Match host pi4 exec "touch ${marker}"\n  User exec\nMatch host other exec "true"\n  User exec\n`;
    const { user, notes } = await resolve(text);
    expect(user).toBe(userInfo().username);
    expect(notes).toEqual([`${config}:1: Match exec is skipped: Barnraiser runs nothing to read a configuration.`]);
    expect(await rm(marker).catch(() => 'not there')).toBe('not there');
  });

  test('StrictHostKeyChecking no makes nothing weaker, and is noted', async () => {
    expect((await resolve('StrictHostKeyChecking no')).notes).toEqual([
      expect.stringContaining('StrictHostKeyChecking no is ignored'),
    ]);
  });
});

describe('Include', () => {
  test('takes files by pattern from ~/.ssh, in their order, and leaves folders and what is missing', async () => {
    await write('conf.d/20.conf', 'User second\nPort 20\n');
    await write('conf.d/10.conf', 'User first\n');
    await write('conf.d/.30.conf', 'HostName hidden\n');
    await mkdir(join(home, '.ssh/conf.d/folder.conf'));
    expect(await resolve('Include conf.d/*.conf ~/.ssh/missing')).toMatchObject({
      user: 'first',
      port: 20,
      host: 'pi4',
    });
  });

  test('applies where it stands: in a Host that is not meant nothing does, and its own Host ends with it', async () => {
    await write('inner', 'User inner\nHost *\n  Port 7\n');
    expect(await resolve('Host other\nInclude inner\n  HostName other.lan\n')).toMatchObject({ port: 22, host: 'pi4' });
    expect(await resolve('Host pi4\nInclude inner\n  HostName pi4.lan\n')).toMatchObject({
      user: 'inner',
      port: 7,
      host: 'pi4.lan',
    });
  });

  test('in a circle is cut, and the place is named', async () => {
    await write('loop', 'Include loop\n');
    await expect(resolve('Include loop')).rejects.toMatchObject({
      problem: { code: 'ssh.config', message: expect.stringMatching(/loop:1: Include goes deeper than 16/) },
    });
  });

  test('that doubles with each file is cut too', async () => {
    for (let depth = 0; depth < 15; depth++) {
      await write(`bomb${depth}`, `Include bomb${depth + 1}\nInclude bomb${depth + 1}\n`);
    }
    await write('bomb15', '');
    await expect(resolve('Include bomb0')).rejects.toMatchObject({
      problem: { code: 'ssh.config', message: expect.stringContaining('too large') },
    });
  });
});

test('a line of very many blanks is read in moments', async () => {
  expect((await resolve(`${' '.repeat(500_000)}User kim${' '.repeat(500_000)}\t\r\n`)).user).toBe('kim');
});

describe('a configuration that cannot be used stops, and the file and line are named', () => {
  test.each([
    ['Host a\n  ProxyJmp b', 2, 'There is no option proxyjmp.'],
    ['__proto__ x', 1, 'There is no option __proto__.'],
    ['constructor x', 1, 'There is no option constructor.'],
    [`IdentityAgent $\{constructor}`, 1, `$\{constructor} is not set.`],
    ['\n\nPort 70000', 3, 'is no port'],
    ['Host other\n Port x', 2, 'is no port'],
    ['User', 1, 'says nothing'],
    ['User "a', 1, 'A quote is not closed'],
    ['User a b', 1, 'more than one value'],
    ['Match nonsense x', 1, 'Match knows no nonsense'],
    ['Match host', 1, 'lacks its value'],
    ['IdentitiesOnly perhaps', 1, 'is yes or no'],
    ['ConnectTimeout soon', 1, 'is no time'],
  ])('%j', async (text, line, message) => {
    const failed = resolve(text);
    await expect(failed).rejects.toMatchObject({
      problem: { code: 'ssh.config', message: expect.stringContaining(message) },
    });
    await expect(failed).rejects.toThrow(`${config}:${line}: `);
  });

  test('but for an option that it names in IgnoreUnknown', async () => {
    expect((await resolve('IgnoreUnknown New*\nNewOption x\nUser kim')).user).toBe('kim');
  });

  test('where a path has a token or a variable that there is not', async () => {
    await expect(resolve('IdentityFile /a/%Z')).rejects.toThrow(/%Z/);
    await expect(resolve(`IdentityFile \${NOPE}/a`)).rejects.toThrow(/NOPE, which is not set/);
  });

  test('where others can write to it', async () => {
    await write('config', 'User kim');
    await chmod(config, 0o666);
    await expect(resolveHost('pi4', { files: files(), home, env: {} })).rejects.toThrow(/written by others/);
  });

  test('where a file that was named is not there, or is none', async () => {
    const named = (path: string) => resolveHost('pi4', { files: configFiles(path, home), home, env: {} });
    await expect(named(join(home, 'gone'))).rejects.toThrow(/There is no SSH configuration/);
    await expect(named(home)).rejects.toMatchObject({ problem: { code: 'ssh.config' } });
    await symlink('itself', join(home, 'itself'));
    await expect(named(join(home, 'itself'))).rejects.toMatchObject({ problem: { code: 'ssh.config' } });
  });
});

test('$BARNRAISER_SSH_CONFIG names another file, or none at all', async () => {
  const other = await write('other', 'User other\n');
  await write('config', 'User kim\n');
  const user = async (env: NodeJS.ProcessEnv) => (await resolveHost('pi4', { home, env })).user;
  expect(await user({ BARNRAISER_SSH_CONFIG: other })).toBe('other');
  expect(await user({ BARNRAISER_SSH_CONFIG: 'none' })).toBe(userInfo().username);
  expect(await user({})).toBe('kim');
});

test('the hosts of a configuration are those with a name of their own and a HostName, also of included files', async () => {
  await write('more', 'Host pi6 pi7\n  HostName %h.lan\n');
  await write(
    'config',
    'Include more\nHost pi4 pi5 !pi9 pi*\n  User pi\nHost pi4\n  HostName pi4.lan\nHost *\n  Port 5\n',
  );
  expect(await listHosts({ files: files(), home })).toEqual(['pi6', 'pi7', 'pi4']);
});
