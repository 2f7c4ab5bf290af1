import { execFile } from 'node:child_process';
import { access, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { configFiles } from '../electron/ssh/ssh-config/read.ts';
import { resolveHost } from '../electron/ssh/ssh-config/resolve.ts';
import { makeProject, Person, theLab } from './harness.ts';
import type { ExtraSshd } from './lab/extra-sshd.ts';
import { startExtraSshd } from './lab/lab.ts';
import { type ConfigCase, makeCases } from './ssh-config-cases.ts';

const run = promisify(execFile);

const lab = await theLab();
const target = lab.node('amd-a');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ssh-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('what ssh -G says is what is resolved', () => {
  const seed = Number(process.env.SSH_CONFIG_SEED ?? Date.now() % 1_000_000);
  const count = Number(process.env.SSH_CONFIG_COUNT ?? 200);

  test(`for ${count} configurations made by chance (SSH_CONFIG_SEED=${seed})`, async () => {
    console.log(`SSH_CONFIG_SEED=${seed}`);
    const cases = makeCases(seed, count, folder);
    let accepted = 0;
    for (const each of cases) {
      const file = await written(each);
      const [ssh, ours] = await Promise.all([askSsh(file, each), askUs(file, each)]);
      expect(ours, `${JSON.stringify(each, null, 1)}\nssh says: ${ssh}`).toBe(ssh);
      accepted += ssh === refused ? 0 : 1;
    }
    // the generator must not make files that are mostly refused, which would compare nothing
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

  test('is reached by its alias alone, through three of them, and builds', async () => {
    await person.must('connection', 'add', 'far', 'ssh://goal/run/podman/podman.sock', '--no-test');
    expect(await person.must('connection', 'test', 'far')).toMatch(
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

  test('is found where the configuration names it', async () => {
    const { stdout } = await run('ssh', ['-G', '-F', config, 'goal']);
    const resolved = (await person.must('connection', 'resolve', 'goal')).trim().split('\n');
    expect(resolved).toContain('proxyjump two,three');
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(resolved));
    const json = await person.must('connection', 'resolve', 'goal', '--json');
    expect(JSON.parse(json).lines).toContainEqual({ key: 'port', value: String(target.port) });
  });

  test('is not reached through one whose host key has changed, and that one is named', async () => {
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(person.home, 'other')]);
    const other = (await readFile(join(person.home, 'other.pub'), 'utf8')).split(' ').slice(0, 2).join(' ');
    const known = (await readFile(person.knownHosts, 'utf8')).split('\n');
    const forged = known.map((line) =>
      line.startsWith(`[127.0.0.1]:${two.port} `) ? `[127.0.0.1]:${two.port} ${other}` : line,
    );
    await writeFile(person.knownHosts, forged.join('\n'));
    const said = await failedTest('--accept-new-host-keys');
    expect(said).toContain(`Node far: jump host two: 127.0.0.1:${two.port} shows`);
    expect(said).toContain('is recorded for it');
  });

  test('is not reached through one whose host key nobody has trusted; it is learnt when that is asked for', async () => {
    const known = (await readFile(person.knownHosts, 'utf8')).split('\n');
    await writeFile(person.knownHosts, known.filter((line) => !line.startsWith(`[127.0.0.1]:${two.port} `)).join('\n'));
    expect(await failedTest()).toContain(`Node far: jump host two: 127.0.0.1:${two.port} shows`);
    await person.must('connection', 'test', 'far', '--accept-new-host-keys');
    expect(await readFile(person.knownHosts, 'utf8')).toContain(`[127.0.0.1]:${two.port} ssh-ed25519`);
  });

  test('is reached when the configuration says where the host keys are', async () => {
    const text = await readFile(config, 'utf8');
    const known = join(person.home, 'elsewhere');
    await rename(person.knownHosts, known);
    await writeFile(config, `${text}\nHost *\n  UserKnownHostsFile ${known}\n`);
    await person.must('connection', 'add', 'far', 'ssh://goal/run/podman/podman.sock', '--no-test');
    await person.must('connection', 'test', 'far');
  });

  test('is not reached through one that is down, and that one is named', async () => {
    const text = await readFile(config, 'utf8');
    await writeFile(config, text.replace(`Port ${two.port}`, 'Port 1'));
    expect(await failedTest()).toContain('Node far: jump host two: jump host one could not reach it at 127.0.0.1:1.');
    await writeFile(config, text.replace(`Port ${one.port}`, 'Port 1'));
    expect(await failedTest()).toContain('Node far: jump host one: 127.0.0.1:1 refused the connection.');
  });

  test('is not reached by a command where nobody can be asked about it, which says so', async () => {
    const marker = join(person.home, 'ran');
    await writeFile(config, `Host goal\n  ProxyCommand touch ${marker}\n`);
    const said = await failedTest('--accept-new-host-keys');
    expect(said).toContain(`reaches goal by running \`touch ${marker}\`, which nobody has allowed.`);
    expect(said).toMatch(
      /Connect on a terminal or in Barnraiser's window and allow it there, or write `ProxyJump HOST`/,
    );
    const { code, stdout } = await person.barnraiser('connection', 'test', 'far', '--json');
    expect([code, stdout]).toEqual([1, expect.stringContaining('"code":"ssh.cancelled"')]);
    await expect(access(marker)).rejects.toThrow();
  });

  test('a configuration that cannot be understood stops, and says where', async () => {
    await writeFile(config, 'Host goal\n  ProxyJmp two\n');
    expect(await failedTest()).toContain(`${config}:2: There is no option proxyjmp.`);
  });

  /** What is said when the node cannot be reached. */
  async function failedTest(...args: string[]): Promise<string> {
    await person.barnraiser('connection', 'add', 'far', 'ssh://goal/run/podman/podman.sock', '--no-test');
    const { code, stdout, stderr } = await person.barnraiser('connection', 'test', 'far', ...args);
    expect(code, stdout + stderr).toBe(1);
    return stderr;
  }
});

const refused = 'refused';
/** Differ between versions of OpenSSH. */
const versioned = /^identityfile ~\/\.ssh\/id_(dsa|xmss)$/;

async function written(each: ConfigCase): Promise<string> {
  for (const [name, content] of Object.entries(each.files)) {
    await writeFile(join(folder, name), content);
  }
  return join(folder, Object.keys(each.files)[0] ?? '');
}

async function askSsh(file: string, each: ConfigCase): Promise<string> {
  const { host, user, port } = each;
  const given = [...(user ? ['-l', user] : []), ...(port ? ['-p', String(port)] : [])];
  try {
    const { stdout } = await run('ssh', ['-G', '-F', file, ...given, host]);
    const handled = new Set(
      'host user hostname port hashknownhosts identitiesonly kbdinteractiveauthentication passwordauthentication pubkeyauthentication numberofpasswordprompts serveralivecountmax serveraliveinterval hostkeyalias identityagent identityfile userknownhostsfile connecttimeout proxyjump proxycommand'.split(
        ' ',
      ),
    );
    return stdout
      .split('\n')
      .filter((line) => handled.has(line.split(' ')[0] ?? '') && !versioned.test(line))
      .join('\n');
  } catch {
    return refused;
  }
}

async function askUs(file: string, each: ConfigCase): Promise<string> {
  try {
    // ssh looks for ~ where the account says, not where $HOME does
    const { lines } = await resolveHost(each.host, { ...each, files: configFiles(file), home: userInfo().homedir });
    return lines
      .map(({ key, value }) => `${key} ${value}`)
      .filter((line) => !versioned.test(line))
      .join('\n');
  } catch (error) {
    if (error instanceof Error && error.name === 'Failure') {
      return refused;
    }
    throw error;
  }
}
