/** Compares the resolved SSH configuration with `ssh -G`, and connects to nodes through jump hosts. */
import { execFile } from 'node:child_process';
import { access, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { configFiles } from '../electron/ssh/ssh-config/read.ts';
import { resolveHost } from '../electron/ssh/ssh-config/resolve.ts';
import { makeProject, Person, setUpLab } from './harness.ts';
import type { ExtraSshd } from './lab/extra-sshd.ts';
import { startExtraSshd } from './lab/lab.ts';
import { type ConfigCase, makeCases } from './ssh-config-cases.ts';

const run = promisify(execFile);

const lab = await setUpLab();
const target = lab.node('amd-a');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ssh-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the resolved configuration equals the output of ssh -G', () => {
  const seed = Number(process.env.SSH_CONFIG_SEED ?? Date.now() % 1_000_000);
  const count = Number(process.env.SSH_CONFIG_COUNT ?? 200);

  test(`for ${count} random configurations (SSH_CONFIG_SEED=${seed})`, async () => {
    console.log(`SSH_CONFIG_SEED=${seed}`);
    const cases = makeCases(seed, count, folder);
    let accepted = 0;
    for (const each of cases) {
      const file = await writeConfig(each);
      const [ssh, ours] = await Promise.all([resolveWithSsh(file, each), resolveWithApp(file, each)]);
      expect(ours, `${JSON.stringify(each, null, 1)}\nssh -G: ${ssh}`).toBe(ssh);
      accepted += ssh === refused ? 0 : 1;
    }
    // if ssh refused most files, the test would compare little
    expect(accepted).toBeGreaterThan(count * 0.75);
  });
});

describe('a node behind jump hosts', () => {
  let person: Person;
  let config: string;
  let one: ExtraSshd;
  let two: ExtraSshd;

  beforeAll(async () => {
    [one, two] = await Promise.all([startExtraSshd('amd-a', { config: [] }), startExtraSshd('amd-b', { config: [] })]);
  });
  afterAll(() => Promise.all([one.stop(), two.stop()]));

  beforeEach(async () => {
    config = join(await mkdtemp(join(folder, 'chain-')), 'config');
    person = await Person.create({ BARNRAISER_SSH_CONFIG: config });
    await writeFile(
      config,
      `Host one two three goal
        HostName 127.0.0.1
        User root
        IdentityFile ${target.identity}
        IdentitiesOnly yes
      Host one
        Port ${one.port}
      Host two
        Port ${two.port}
        ProxyJump one
      Host three
        Port ${lab.node('amd-b').port}
      Host goal
        Port ${target.port}
        ProxyJump two,three
      `,
    );
    const known = [one.knownHosts, two.knownHosts, lab.node('amd-b').knownHosts, target.knownHosts];
    await writeFile(person.knownHosts, (await Promise.all(known.map((file) => readFile(file, 'utf8')))).join(''));
  });
  afterEach(() => person.remove());

  test('is reached by its alias through three jump hosts, and builds', async () => {
    await person.mustRun('connection', 'add', 'far', 'ssh://goal/run/podman/podman.sock', '--no-test');
    expect(await person.mustRun('connection', 'test', 'far')).toMatch(
      /far passed.*three sign-in.*platforms .*linux\/amd64/s,
    );
    const project = await makeProject({ Containerfile: `${lab.from}RUN echo far > /far\n` });
    try {
      const { build, outcome } = await person.build('-t', 'far:1', '--node', 'far', project);
      expect(build.status, outcome.stderr).toBe('done');
    } finally {
      await rm(project, { recursive: true });
    }
  });

  test('is resolved as in the output of ssh -G', async () => {
    const { stdout } = await run('ssh', ['-G', '-F', config, 'goal']);
    const resolved = (await person.mustRun('connection', 'resolve', 'goal')).trim().split('\n');
    expect(resolved).toContain('proxyjump two,three');
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(resolved));
    const json = await person.mustRun('connection', 'resolve', 'goal', '--json');
    expect(JSON.parse(json).lines).toContainEqual({ key: 'port', value: String(target.port) });
  });

  test('is not reached if the host key of a jump host has changed; the problem names that host', async () => {
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(person.home, 'other')]);
    const other = (await readFile(join(person.home, 'other.pub'), 'utf8')).split(' ').slice(0, 2).join(' ');
    const known = (await readFile(person.knownHosts, 'utf8')).split('\n');
    const forged = known.map((line) =>
      line.startsWith(`[127.0.0.1]:${two.port} `) ? `[127.0.0.1]:${two.port} ${other}` : line,
    );
    await writeFile(person.knownHosts, forged.join('\n'));
    const message = await failedTest('--accept-new-host-keys');
    expect(message).toContain(`Node far: jump host two: 127.0.0.1:${two.port} shows`);
    expect(message).toContain('the recorded key is');
  });

  test('is not reached if the host key of a jump host is unknown, unless an option accepts it', async () => {
    const known = (await readFile(person.knownHosts, 'utf8')).split('\n');
    await writeFile(person.knownHosts, known.filter((line) => !line.startsWith(`[127.0.0.1]:${two.port} `)).join('\n'));
    expect(await failedTest()).toContain(`Node far: jump host two: 127.0.0.1:${two.port} shows`);
    await person.mustRun('connection', 'test', 'far', '--accept-new-host-keys');
    expect(await readFile(person.knownHosts, 'utf8')).toContain(`[127.0.0.1]:${two.port} ssh-ed25519`);
  });

  test('is reached with the known_hosts file of the configuration', async () => {
    const text = await readFile(config, 'utf8');
    const known = join(person.home, 'elsewhere');
    await rename(person.knownHosts, known);
    await writeFile(config, `${text}\nHost *\n  UserKnownHostsFile ${known}\n`);
    await person.mustRun('connection', 'add', 'far', 'ssh://goal/run/podman/podman.sock', '--no-test');
    await person.mustRun('connection', 'test', 'far');
  });

  test('is not reached if a jump host is down; the problem names that host', async () => {
    const text = await readFile(config, 'utf8');
    await writeFile(config, text.replace(`Port ${two.port}`, 'Port 1'));
    expect(await failedTest()).toContain('Node far: jump host two: jump host one could not reach it at 127.0.0.1:1.');
    await writeFile(config, text.replace(`Port ${one.port}`, 'Port 1'));
    expect(await failedTest()).toContain('Node far: jump host one: 127.0.0.1:1 refused the connection.');
  });

  test('is not reached through a proxy command that was not allowed, and the command does not run', async () => {
    const marker = join(person.home, 'ran');
    await writeFile(config, `Host goal\n  ProxyCommand touch ${marker}\n`);
    const message = await failedTest('--accept-new-host-keys');
    expect(message).toContain(`connects to goal by running \`touch ${marker}\`, which is not allowed.`);
    expect(message).toMatch(
      /Connect in a terminal or in Barnraiser's window and allow it there, or replace it with `ProxyJump HOST`/,
    );
    const { code, stdout } = await person.barnraiser('connection', 'test', 'far', '--json');
    expect([code, stdout]).toEqual([1, expect.stringContaining('"code":"ssh.cancelled"')]);
    await expect(access(marker)).rejects.toThrow();
  });

  test('is not reached if the configuration is invalid; the problem names the line', async () => {
    await writeFile(config, 'Host goal\n  ProxyJmp two\n');
    expect(await failedTest()).toContain(`${config}:2: "proxyjmp" is not an option of ssh.`);
  });

  /** Checks the node, which must fail, and resolves with the messages. */
  async function failedTest(...args: string[]): Promise<string> {
    await person.barnraiser('connection', 'add', 'far', 'ssh://goal/run/podman/podman.sock', '--no-test');
    const { code, stdout, stderr } = await person.barnraiser('connection', 'test', 'far', ...args);
    expect(code, stdout + stderr).toBe(1);
    return stderr;
  }
});

const refused = 'refused';
/** Options that differ between versions of OpenSSH. */
const versionSpecific = /^identityfile ~\/\.ssh\/id_(dsa|xmss)$/;

async function writeConfig(each: ConfigCase): Promise<string> {
  for (const [name, content] of Object.entries(each.files)) {
    await writeFile(join(folder, name), content);
  }
  return join(folder, Object.keys(each.files)[0] ?? '');
}

async function resolveWithSsh(file: string, each: ConfigCase): Promise<string> {
  const { host, user, port } = each;
  const options = [...(user ? ['-l', user] : []), ...(port ? ['-p', String(port)] : [])];
  try {
    const { stdout } = await run('ssh', ['-G', '-F', file, ...options, host]);
    const supported = new Set(
      'host user hostname port hashknownhosts identitiesonly kbdinteractiveauthentication passwordauthentication pubkeyauthentication numberofpasswordprompts serveralivecountmax serveraliveinterval hostkeyalias identityagent identityfile certificatefile userknownhostsfile connecttimeout proxyjump proxycommand'.split(
        ' ',
      ),
    );
    return stdout
      .split('\n')
      .filter((line) => supported.has(line.split(' ')[0] ?? '') && !versionSpecific.test(line))
      .join('\n');
  } catch {
    return refused;
  }
}

async function resolveWithApp(file: string, each: ConfigCase): Promise<string> {
  try {
    // ssh expands ~ to the home folder of the account, not to $HOME
    const { printed } = await resolveHost(each.host, { ...each, files: configFiles(file), home: userInfo().homedir });
    return printed
      .map(({ key, value }) => `${key} ${value}`)
      .filter((line) => !versionSpecific.test(line))
      .join('\n');
  } catch (error) {
    if (error instanceof Error && error.name === 'Failure') {
      return refused;
    }
    throw error;
  }
}
