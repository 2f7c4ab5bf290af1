import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listHosts } from './list-hosts.ts';
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

/** The user's file only, so that the tests do not depend on this machine's system file. */
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

describe('the options of a host', () => {
  test('that no file mentions are its own name, port 22 and the current user', async () => {
    const { host, user, port, identities, jumps, notes } = await resolveHost('pi4', { files: files(), home, env: {} });
    expect({ host, user, port }).toEqual({ host: 'pi4', user: userInfo().username, port: 22 });
    expect(identities).toBeUndefined();
    expect([jumps, notes]).toEqual([[], []]);
  });

  test('are the first value of each, and all identity files', async () => {
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

  test('in the query take precedence over the configuration', async () => {
    const query = { user: 'kim', port: 5 };
    expect(await resolve('User pi\nPort 6\n', 'pi4', query)).toMatchObject(query);
  });

  test('have no identities, not the default ones, with IdentityFile none', async () => {
    expect((await resolve('IdentityFile none')).identities).toEqual([]);
  });

  test('are matched against the HostName in a Match final', async () => {
    const text = 'Host pi4\n  HostName big.lan\nMatch final host big.lan\n  User final\n';
    expect((await resolve(text)).user).toBe('final');
  });

  test.each([
    ['none', {}, ''],
    ['SSH_AUTH_SOCK', { SSH_AUTH_SOCK: '/run/agent' }, '/run/agent'],
    ['$OTHER', { OTHER: '/run/other' }, '/run/other'],
    ['$OTHER', {}, ''],
    [`\${OTHER}/%r`, { OTHER: '/run/other' }, '/run/other/kim'],
  ])('with the IdentityAgent %s and the environment %o have the agent socket %s', async (agent, env, socket) => {
    expect((await resolve(`User kim\nIdentityAgent ${agent}`, 'pi4', { env })).agentSocket).toBe(socket);
  });

  test('include further known hosts files, and times in seconds', async () => {
    const text = 'UserKnownHostsFile ~/a /b/%n\nConnectTimeout 1m\nServerAliveInterval 10\nServerAliveCountMax 2\n';
    expect(await resolve(text)).toMatchObject({
      knownHostsFiles: [join(home, 'a'), '/b/pi4'],
      connectTimeoutSeconds: 60,
      serverAliveSeconds: 10,
      serverAliveCountMax: 2,
    });
  });
});

describe('the route to a host', () => {
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
  ])('ProxyJump %s goes through these jump hosts', async (text, jumps) => {
    expect((await resolve(`ProxyJump ${text}\nProxyJump z\n`)).jumps).toEqual(jumps);
  });

  test.each(['a,', '@a', 'a:0', 'a:x', 'a, b', '::1'])('ProxyJump %s is refused', async (text) => {
    await expect(resolve(`ProxyJump ${text}`)).rejects.toMatchObject({ problem: { code: 'ssh.config' } });
  });

  test('a host that is its own jump host is refused, as in ssh', async () => {
    await expect(resolve('ProxyJump pi4')).rejects.toThrow('ProxyJump connects to pi4 through pi4 itself.');
    expect((await resolve('ProxyJump pi4:2222')).jumps).toEqual([{ host: 'pi4', port: 2222 }]);
  });

  test('a ProxyCommand is returned but not run, and only without an earlier ProxyJump', async () => {
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

describe('an unsupported option', () => {
  test('Match exec runs nothing and does not apply, and a note says so where it could apply', async () => {
    const marker = join(home, 'ran');
    const text = `Match host pi4 exec "touch ${marker}"\n  User exec\nMatch host other exec "true"\n  User exec\n`;
    const { user, notes } = await resolve(text);
    expect(user).toBe(userInfo().username);
    expect(notes).toEqual([`${config}:1: Match exec is ignored: Barnraiser runs no commands to read a configuration.`]);
    expect(await rm(marker).catch(() => 'not there')).toBe('not there');
  });

  test('StrictHostKeyChecking no has no effect, and a note says so', async () => {
    expect((await resolve('StrictHostKeyChecking no')).notes).toEqual([
      expect.stringContaining('StrictHostKeyChecking no is ignored'),
    ]);
  });
});

describe('Include', () => {
  test('reads the files that match a pattern in ~/.ssh, sorted, and skips folders and missing files', async () => {
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

  test('belongs to the section that contains it, and a Host section of the included file ends with that file', async () => {
    await write('inner', 'User inner\nHost *\n  Port 7\n');
    expect(await resolve('Host other\nInclude inner\n  HostName other.lan\n')).toMatchObject({ port: 22, host: 'pi4' });
    expect(await resolve('Host pi4\nInclude inner\n  HostName pi4.lan\n')).toMatchObject({
      user: 'inner',
      port: 7,
      host: 'pi4.lan',
    });
  });

  test('in a loop is an error that names the line', async () => {
    await write('loop', 'Include loop\n');
    await expect(resolve('Include loop')).rejects.toMatchObject({
      problem: { code: 'ssh.config', message: expect.stringMatching(/loop:1: Include is nested more than 16/) },
    });
  });

  test('that doubles with each file is an error', async () => {
    for (let depth = 0; depth < 15; depth++) {
      await write(`bomb${depth}`, `Include bomb${depth + 1}\nInclude bomb${depth + 1}\n`);
    }
    await write('bomb15', '');
    await expect(resolve('Include bomb0')).rejects.toMatchObject({
      problem: { code: 'ssh.config', message: expect.stringContaining('too large') },
    });
  });
});

test('a line of a million blanks is read at once', async () => {
  expect((await resolve(`${' '.repeat(500_000)}User kim${' '.repeat(500_000)}\t\r\n`)).user).toBe('kim');
});

describe('a configuration with an error fails with its file and line', () => {
  test.each([
    ['Host a\n  ProxyJmp b', 2, '"proxyjmp" is not an option of ssh.'],
    ['__proto__ x', 1, '"__proto__" is not an option of ssh.'],
    ['constructor x', 1, '"constructor" is not an option of ssh.'],
    [`IdentityAgent $\{constructor}`, 1, `$\{constructor} is not set.`],
    ['\n\nPort 70000', 3, 'is not a port'],
    ['Host other\n Port x', 2, 'is not a port'],
    ['User', 1, 'has no value'],
    ['User "a', 1, 'A quote is not closed'],
    ['User a b', 1, 'more than one value'],
    ['Match nonsense x', 1, 'Match has no criterion "nonsense"'],
    ['Match host', 1, 'has no value'],
    ['IdentitiesOnly perhaps', 1, 'must be yes or no'],
    ['ConnectTimeout soon', 1, 'is not a time'],
  ])('%j', async (text, line, message) => {
    const failed = resolve(text);
    await expect(failed).rejects.toMatchObject({
      problem: { code: 'ssh.config', message: expect.stringContaining(message) },
    });
    await expect(failed).rejects.toThrow(`${config}:${line}: `);
  });

  test('except for an option that IgnoreUnknown names', async () => {
    expect((await resolve('IgnoreUnknown New*\nNewOption x\nUser kim')).user).toBe('kim');
  });

  test('where a path contains an unknown token or variable', async () => {
    await expect(resolve('IdentityFile /a/%Z')).rejects.toThrow(/%Z/);
    await expect(resolve(`IdentityFile \${NOPE}/a`)).rejects.toThrow(/NOPE, which is not set/);
  });

  test('where other users can write to the file', async () => {
    await write('config', 'User kim');
    await chmod(config, 0o666);
    await expect(resolveHost('pi4', { files: files(), home, env: {} })).rejects.toThrow(/Other users can write to/);
  });

  test('where a chosen file does not exist or is not a file', async () => {
    const readChosen = (path: string) => resolveHost('pi4', { files: configFiles(path, home), home, env: {} });
    await expect(readChosen(join(home, 'gone'))).rejects.toThrow(/^The SSH configuration .* does not exist/);
    await expect(readChosen(home)).rejects.toMatchObject({ problem: { code: 'ssh.config' } });
    await symlink('itself', join(home, 'itself'));
    await expect(readChosen(join(home, 'itself'))).rejects.toMatchObject({ problem: { code: 'ssh.config' } });
  });
});

test('$BARNRAISER_SSH_CONFIG names another file, or no file with none', async () => {
  const other = await write('other', 'User other\n');
  await write('config', 'User kim\n');
  const user = async (env: NodeJS.ProcessEnv) => (await resolveHost('pi4', { home, env })).user;
  expect(await user({ BARNRAISER_SSH_CONFIG: other })).toBe('other');
  expect(await user({ BARNRAISER_SSH_CONFIG: 'none' })).toBe(userInfo().username);
  expect(await user({})).toBe('kim');
});

test('listHosts returns the hosts without wildcards that have a HostName, also from included files', async () => {
  await write('more', 'Host pi6 pi7\n  HostName %h.lan\n');
  await write(
    'config',
    'Include more\nHost pi4 pi5 !pi9 pi*\n  User pi\nHost pi4\n  HostName pi4.lan\nHost *\n  Port 5\n',
  );
  expect(await listHosts({ files: files(), home })).toEqual(['pi6', 'pi7', 'pi4']);
});
