import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseArguments, type Surroundings } from './arguments.ts';
import type { Command } from './command.ts';

const here: Surroundings = { version: '1.2.3', env: { GREETING: 'hello' }, cwd: '/home/me' };

/** Splits at spaces: no argument of these tests has one. */
function parse(line: string, surroundings = here) {
  return parseArguments(line === '' ? [] : line.split(' '), surroundings);
}

function command(line: string, surroundings = here): Command {
  const parsed = parse(line, surroundings);
  if (parsed.kind !== 'command') {
    throw new Error(`"${line}" gave ${JSON.stringify(parsed)}`);
  }
  return parsed.command;
}

function request(line: string, surroundings = here) {
  const build = command(`build ${line}`, surroundings);
  return build.kind === 'build' ? build.request : undefined;
}

function error(line: string): string {
  const parsed = parse(line);
  if (parsed.kind !== 'wrong') {
    throw new Error(`"${line}" was not refused but gave ${JSON.stringify(parsed)}`);
  }
  expect(parsed.problem.code).toBe('input.invalid');
  return `${parsed.problem.message} ${parsed.problem.fix}`;
}

const nothingChosen = {
  kind: 'connection.import',
  sources: [],
  names: [],
  farms: [],
  all: false,
  dryRun: false,
} as const;

describe('commands', () => {
  test.each<[string, Command]>([
    [
      'connection add pi4 ssh://pi@pi4:2222 --identity=~/.ssh/pi --no-test',
      {
        kind: 'connection.add',
        connection: { name: 'pi4', uri: 'ssh://pi@pi4:2222', identity: join(homedir(), '.ssh/pi') },
        test: false,
      },
    ],
    ['connection add pi4 pi@pi4', { kind: 'connection.add', connection: { name: 'pi4', uri: 'pi@pi4' }, test: true }],
    ['connection list', { kind: 'connection.list' }],
    ['connection remove a b a', { kind: 'connection.remove', names: ['a', 'b'] }],
    ['connection test a', { kind: 'connection.test', names: ['a'] }],
    ['connection fix a enable-socket', { kind: 'connection.fix', name: 'a', fix: 'enable-socket' }],
    ['connection resolve a', { kind: 'connection.resolve', request: { host: 'a' } }],
    [
      'connection resolve kim@a --ssh-config x/config',
      { kind: 'connection.resolve', request: { host: 'kim@a', sshConfig: '/home/me/x/config' } },
    ],
    [
      'connection resolve a --ssh-config none',
      { kind: 'connection.resolve', request: { host: 'a', sshConfig: 'none' } },
    ],
    ['connection import', { ...nothingChosen }],
    [
      'connection import a b --farm f,g --farm h --dry-run --from podman --from docker,podman',
      {
        ...nothingChosen,
        names: ['a', 'b'],
        farms: ['f', 'g', 'h'],
        dryRun: true,
        sources: ['podman', 'docker'],
      },
    ],
    ['connection import --file x/y.json --all', { ...nothingChosen, all: true, file: '/home/me/x/y.json' }],
    ['connection import --file - a', { ...nothingChosen, names: ['a'], file: '-' }],
    ['connection export', { kind: 'connection.export', force: false }],
    ['connection export out.json --force', { kind: 'connection.export', force: true, file: '/home/me/out.json' }],
    [
      'farm create pis a b --default',
      { kind: 'farm.create', farm: { name: 'pis', connections: ['a', 'b'], makeDefault: true } },
    ],
    ['farm create pis', { kind: 'farm.create', farm: { name: 'pis', connections: [], makeDefault: false } }],
    ['farm list', { kind: 'farm.list' }],
    [
      'farm update pis --add a,b --add c --remove d --rename x --default',
      {
        kind: 'farm.update',
        change: { name: 'pis', add: ['a', 'b', 'c'], remove: ['d'], rename: 'x', makeDefault: true },
      },
    ],
    ['farm remove a b', { kind: 'farm.remove', names: ['a', 'b'] }],
    ['status', { kind: 'status', selection: {} }],
    ['status pis', { kind: 'status', selection: { farm: 'pis' } }],
    ['platforms pis', { kind: 'platforms', selection: { farm: 'pis' } }],
    ['prune', { kind: 'prune', selection: {} }],
    ['builds', { kind: 'builds' }],
    ['logs 20260102-030405-abcd', { kind: 'logs', build: '20260102-030405-abcd' }],
    ['images', { kind: 'images' }],
    ['inspect api', { kind: 'inspect', reference: 'api:latest' }],
    ['rm api a.io/b:1', { kind: 'rm', references: ['api:latest', 'a.io/b:1'] }],
    ['export api oci:out', { kind: 'export', reference: 'api:latest', destination: 'oci:/home/me/out' }],
    [
      'export api oci-archive:/tmp/api.tar',
      { kind: 'export', reference: 'api:latest', destination: 'oci-archive:/tmp/api.tar' },
    ],
  ])('%s', (line, expected) => {
    expect(command(line)).toEqual(expected);
  });

  test.each([
    ['connection import --from podmam', 'Did you mean podman?'],
    ['connection fix a enable-sockt', 'Did you mean enable-socket?'],
    ['connection fix a everything', 'Choose one of enable-socket, enable-linger'],
    ['connection import --from file', 'no place to import from'],
    ['connection import --from podman --file x', '--file and --from exclude each other.'],
    ['connection import --all a', '--all leaves nothing to name.'],
  ])('%s is refused', (line, reason) => {
    expect(error(line)).toContain(reason);
  });

  test('logs of one platform', () => {
    expect(command('logs b1 aarch64')).toEqual({ kind: 'logs', build: 'b1', platform: 'linux/arm64' });
  });
});

describe('build', () => {
  test('without options asks for nothing special', () => {
    expect(request('-t api .')).toEqual({
      context: '/home/me',
      reference: 'api:latest',
      emulate: true,
      buildArgs: {},
      labels: {},
      noCache: false,
      pull: 'missing',
      residue: 'cache',
    });
  });

  test('with all options', () => {
    const line =
      'build --node a,b --node c --platform arm64,linux/amd64 --platform aarch64 --pin arm64=a -t a.io/b:1 -f x/Containerfile ' +
      '--build-arg A=1=2 --build-arg B= --label l=m --label bare --target run --no-cache --pull=newer --no-emulation --cleanup ' +
      '--iidfile id ../api';
    expect(command(line)).toEqual({
      kind: 'build',
      request: {
        context: '/home/api',
        reference: 'a.io/b:1',
        connections: ['a', 'b', 'c'],
        platforms: ['linux/arm64', 'linux/amd64'],
        pins: { 'linux/arm64': 'a' },
        file: '/home/me/x/Containerfile',
        target: 'run',
        emulate: false,
        buildArgs: { A: '1=2', B: '' },
        labels: { l: 'm', bare: '' },
        noCache: true,
        pull: 'newer',
        residue: 'cleanup',
      },
      digestFile: '/home/me/id',
    });
  });

  test('on a farm, keeping the image on its nodes', () => {
    expect(request('--farm pis --keep -t api .')).toMatchObject({ farm: 'pis', residue: 'keep' });
  });

  test('takes a build argument without a value from the environment, and leaves out one that is not there', () => {
    expect(request('--build-arg GREETING --build-arg MISSING -t api .')?.buildArgs).toEqual({ GREETING: 'hello' });
  });

  test.each([
    ['-t api --pull .', 'always'],
    ['-t api . --pull', 'always'],
    ['--pull -t api .', 'always'],
    ['-t api --pull never .', 'never'],
    ['-t api --pull=missing .', 'missing'],
  ])('%s: --pull may stand alone and never takes the context for its value', (line, pull) => {
    expect(request(line)).toMatchObject({ context: '/home/me', pull });
  });

  test('finds -f where the person is, else in the context', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'arguments-'));
    const surroundings = { ...here, cwd: folder };
    const file = () => request('-t api -f Special api', surroundings)?.file;
    await mkdir(join(folder, 'api'));
    expect(file()).toBe(join(folder, 'Special'));
    await writeFile(join(folder, 'api', 'Special'), '');
    expect(file()).toBe(join(folder, 'api', 'Special'));
    await writeFile(join(folder, 'Special'), '');
    expect(file()).toBe(join(folder, 'Special'));
    await rm(folder, { recursive: true });
  });

  test('by npm run, starts from the folder where the person is', () => {
    const env = {
      npm_package_name: 'barnraiser',
      npm_lifecycle_event: 'barnraiser',
      npm_package_json: '/opt/barnraiser/package.json',
      INIT_CWD: '/home/me/api',
    };
    expect(request('-t api .', { ...here, env, cwd: '/opt/barnraiser' })?.context).toBe('/home/me/api');
  });
});

describe('push', () => {
  test.each([
    ['push api', { tlsVerify: true }],
    ['push api --tls-verify=false a.io/b', { tlsVerify: false, destination: 'a.io/b:latest' }],
    ['push api --tls-verify a.io/b', { tlsVerify: true, destination: 'a.io/b:latest' }],
    ['push api docker://a.io/b:2', { tlsVerify: true, destination: 'a.io/b:2' }],
    [
      'push api --creds me:a:b',
      { tlsVerify: true, credentials: { username: 'me', password: { from: 'argument', text: 'a:b' } } },
    ],
    ['push api --creds me', { tlsVerify: true, credentials: { username: 'me', password: { from: 'prompt' } } }],
    ['push api --username me', { tlsVerify: true, credentials: { username: 'me', password: { from: 'prompt' } } }],
    [
      'push api --username me --password-stdin',
      { tlsVerify: true, credentials: { username: 'me', password: { from: 'input' } } },
    ],
  ])('%s', (line, expected) => {
    expect(command(line)).toEqual({ kind: 'push', reference: 'api:latest', ...expected });
  });
});

test('global options may stand before and behind the command', () => {
  for (const line of ['--json --accept-new-host-keys images', 'images --accept-new-host-keys --json']) {
    expect(parse(line)).toEqual({
      kind: 'command',
      command: { kind: 'images' },
      global: { json: true, acceptNewHostKeys: true },
    });
  }
  expect(parse('images')).toMatchObject({ global: { json: false, acceptNewHostKeys: false } });
});

describe('help', () => {
  test('lists every command where none is given', () => {
    const help = parse('');
    expect(help).toEqual(parse('--help'));
    for (const name of 'connection farm status platforms build images inspect push export rm prune logs builds'.split(
      ' ',
    )) {
      expect(help).toMatchObject({ kind: 'text', text: expect.stringMatching(new RegExp(`^  ${name}\\b`, 'm')) });
    }
  });

  test('of a command shows its options, the global ones and examples', () => {
    for (const line of ['build --help', 'help build']) {
      expect(parse(line)).toMatchObject({ kind: 'text', text: expect.stringMatching(/--no-emulation/) });
      expect(parse(line)).toMatchObject({ text: expect.stringMatching(/Global Options:[\s\S]*--json/) });
      expect(parse(line)).toMatchObject({ text: expect.stringMatching(/Examples:\n {2}barnraiser build -t/) });
    }
    expect(parse('farm create --help')).toMatchObject({
      text: expect.stringMatching(/^Usage: barnraiser farm create/),
    });
  });

  test('of a group lists its commands', () => {
    expect(parse('farm --help')).toMatchObject({
      kind: 'text',
      text: expect.stringMatching(/^ {2}update \[options\]/m),
    });
  });

  test('examples are understood', () => {
    const texts = ['', 'build', 'push', 'export', 'rm', 'logs', 'connection add', 'connection test', 'farm update']
      .map((name) => parse(`${name} --help`.trim()))
      .map((help) => (help.kind === 'text' ? help.text : ''));
    const lines = texts.flatMap((text) =>
      [...text.matchAll(/^ {2}barnraiser (.*?)(?: < \w+)?$/gm)].map(([, line]) => line),
    );
    expect(lines.length).toBeGreaterThan(15);
    for (const line of lines) {
      expect(() => command(line ?? '')).not.toThrow();
    }
  });

  test('the version is printed alone', () => {
    expect(parse('--version')).toEqual({ kind: 'text', text: '1.2.3\n' });
  });
});

describe('bad input is named, with the nearest right thing', () => {
  test.each([
    ['buidl -t api .', "unknown command 'buidl'. Did you mean build?"],
    ['farm crate pis', "unknown command 'crate'. Did you mean create?"],
    ['farm', 'barnraiser farm needs a command. Write barnraiser farm create|list|update|remove.'],
    ['build --platfrom arm64 -t api .', "unknown option '--platfrom'. Did you mean --platform?"],
    ['build --colour -t api .', "unknown option '--colour'. See barnraiser build --help."],
    ['build -t api', "missing required argument 'CONTEXT'. Usage: barnraiser build [options] <CONTEXT>"],
    ['build .', "required option '-t, --tag <REF>' not specified. See barnraiser build --help."],
    ['build . -t', "option '-t, --tag <REF>' argument missing. See barnraiser build --help."],
    ['build -t a -t b .', '-t is given twice. A build has one name; give it others with `barnraiser push REF OTHER`.'],
    [
      'build -t api a b',
      "too many arguments for 'build'. Expected 1 argument but got 2. Usage: barnraiser build [options] <CONTEXT>",
    ],
    ['build -t API .', '"API" has capital letters in its repository, which registries refuse. Write "api".'],
    ['build -t api --platform linux/amr64 .', '"linux/amr64" is not a platform. Did you mean linux/arm64?'],
    ['build -t api --platform arm65 .', '"arm65" is not a platform. Did you mean linux/arm64?'],
    ['build -t api --pin pi4 .', '--pin "pi4" is not a platform and a node. Write it as in --pin linux/arm64=pi4.'],
    ['build -t api --pull=ifnewer .', '"ifnewer" is not a pull policy. Did you mean newer?'],
    ['build -t api --pull=sometimes .', '"sometimes" is not a pull policy. There are missing, always, never, newer.'],
    ['build -t api --build-arg =x .', '--build-arg "=x" names no key. Write --build-arg KEY=VALUE.'],
    [
      'build -t api --farm a --node b .',
      "option '--farm <NAME>' cannot be used with option '--node <LIST>'. See barnraiser build --help.",
    ],
    [
      'build -t api --keep --cleanup .',
      "option '--keep' cannot be used with option '--cleanup'. See barnraiser build --help.",
    ],
    ['build -t api -', 'The context cannot be read from standard input. Name the folder of the project, as in `.`.'],
    [
      'build -t api https://example.com/api.git',
      '"https://example.com/api.git" is not a folder on this computer. Clone or unpack it first, and name its folder.',
    ],
    ['export api api.tar', '"api.tar" is not a place to export to. Write oci-archive:api.tar.'],
    ['export api out', '"out" is not a place to export to. Write oci:out or oci-archive:out.tar.'],
    ['export api docker-archive:x.tar', '"docker-archive:x.tar" is not a place to export to. Write oci-archive:x.tar.'],
    ['push api --tls-verify=no', '"no" is neither true nor false. Write one of them.'],
    ['push api --password-stdin', '--password-stdin gives a password of nobody. Say whose it is with --username USER.'],
    [
      'push api --creds :x',
      '--creds names no user. Write --creds USER:PASSWORD, or --creds USER to be asked for the password.',
    ],
    [
      'connection add pi4 ftp://pi4',
      '"ftp://pi4" starts with ftp://, which Barnraiser cannot use. Write ssh://… or unix://….',
    ],
    ['connection remove', "missing required argument 'NAME'. Usage: barnraiser connection remove [options] <NAME...>"],
    ['farm update pis', 'Nothing to change of farm pis. Say --add, --remove, --rename or --default.'],
    ['rm', "missing required argument 'REF'. Usage: barnraiser rm [options] <REF...>"],
  ])('%s', (line, expected) => {
    expect(error(line)).toBe(expected);
    expect(error(line)).not.toContain('\n');
  });

  test('a name that is none', () => {
    expect(error('farm create my/farm')).toMatch(/^"my\/farm" is not a name\. A name is 1 to 63 letters/);
  });

  test('a script that wants JSON is told so', () => {
    expect(parse('images x --json')).toMatchObject({ kind: 'wrong', json: true });
    expect(parse('images x')).toMatchObject({ kind: 'wrong', json: false });
  });
});
