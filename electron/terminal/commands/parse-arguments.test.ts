import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defaultParts, pruneOrder } from '../../../shared/storage-kinds.ts';
import type { Command } from '../command.ts';
import { platform } from '../testing/recorded-build.ts';
import { type ParseOptions, parseArguments } from './parse-arguments.ts';

const options: ParseOptions = { env: { GREETING: 'hello' }, cwd: '/home/me' };

/** Splits the line at spaces: no argument in these tests contains one. */
function parse(line: string, parseOptions = options) {
  return parseArguments(line === '' ? [] : line.split(' '), parseOptions);
}

function command(line: string, parseOptions = options): Command {
  const parsed = parse(line, parseOptions);
  if (parsed.kind !== 'command') {
    throw new Error(`"${line}" was parsed as ${JSON.stringify(parsed)}`);
  }
  return parsed.command;
}

function request(line: string, parseOptions = options) {
  const build = command(`build ${line}`, parseOptions);
  return build.kind === 'build' ? build.request : undefined;
}

function error(line: string): string {
  const parsed = parse(line);
  if (parsed.kind !== 'invalid') {
    throw new Error(`"${line}" was parsed as ${JSON.stringify(parsed)}`);
  }
  expect(parsed.problem.code).toBe('input.invalid');
  return `${parsed.problem.message} ${parsed.problem.fix}`;
}

const arm64 = platform('arm64');

const emptyImport = {
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
    [
      'connection add big tcp://big:2376 --tls-ca ca.pem --tls-cert /c/cert.pem --tls-key key.pem --tls-server-name big',
      {
        kind: 'connection.add',
        connection: {
          name: 'big',
          uri: 'tcp://big:2376',
          tlsCa: '/home/me/ca.pem',
          tlsCert: '/c/cert.pem',
          tlsKey: '/home/me/key.pem',
          tlsServerName: 'big',
        },
        test: true,
      },
    ],
    [
      'connection add big tcp://big:2375 --allow-unencrypted --no-test',
      {
        kind: 'connection.add',
        connection: { name: 'big', uri: 'tcp://big:2375', allowUnencrypted: true },
        test: false,
      },
    ],
    [
      'connection update a --tls-ca= --no-allow-unencrypted --platforms=',
      { kind: 'connection.update', change: { name: 'a', tlsCa: '', allowUnencrypted: false, platforms: [] } },
    ],
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
    ['connection import', { ...emptyImport }],
    [
      'connection import a b --farm f,g --farm h --dry-run --from podman --from docker,podman',
      {
        ...emptyImport,
        names: ['a', 'b'],
        farms: ['f', 'g', 'h'],
        dryRun: true,
        sources: ['podman', 'docker'],
      },
    ],
    ['connection import --file x/y.json --all', { ...emptyImport, all: true, file: '/home/me/x/y.json' }],
    ['connection import --file - a', { ...emptyImport, names: ['a'], file: '-' }],
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
    ['df', { kind: 'df', selection: {} }],
    ['prune', { kind: 'prune', selection: {}, rules: { parts: defaultParts }, dryRun: false, yes: false }],
    [
      'prune pis --all --older-than 7d --keep-storage 1.5GB -y',
      {
        kind: 'prune',
        selection: { farm: 'pis' },
        rules: { parts: pruneOrder, olderThanMs: 604_800_000, keepBytes: 1_500_000_000 },
        dryRun: false,
        yes: true,
      },
    ],
    ['builds', { kind: 'builds', text: '', limit: 50 }],
    ['builds api failed -n 3', { kind: 'builds', text: 'api failed', limit: 3 }],
    ['builds --all', { kind: 'builds', text: '' }],
    ['retry b1', { kind: 'retry', request: { id: 'b1' }, outputFiles: {} }],
    [
      'retry b1 --platform arm64,amd64 --iidfile id',
      {
        kind: 'retry',
        request: { id: 'b1', platforms: ['linux/arm64', 'linux/amd64'] },
        outputFiles: { iidfile: '/home/me/id' },
      },
    ],
    ['logs 20260102-030405-abcd', { kind: 'logs', build: '20260102-030405-abcd', follow: false }],
    ['logs', { kind: 'logs', follow: false }],
    ['logs --last -f', { kind: 'logs', follow: true }],
    ['logs linux/arm64', { kind: 'logs', platform: arm64, follow: false }],
    ['logs --last arm64', { kind: 'logs', platform: arm64, follow: false }],
    ['logs b1 arm64 --follow', { kind: 'logs', build: 'b1', platform: arm64, follow: true }],
    ['cancel b1', { kind: 'cancel', build: 'b1' }],
    ['cancel b1 arm64', { kind: 'cancel', build: 'b1', platform: arm64 }],
    ['builds rm b1 b2 b1', { kind: 'builds.remove', ids: ['b1', 'b2'] }],
    ['builds rm --ended', { kind: 'builds.remove', ids: [], all: true }],
    ['builds removed', { kind: 'builds', text: 'removed', limit: 50 }],
    [
      'prune --node a,b --cache --dry-run',
      {
        kind: 'prune',
        selection: { connections: ['a', 'b'] },
        rules: { parts: [...defaultParts, 'project'] },
        dryRun: true,
        yes: false,
      },
    ],
    [
      'connection update a --rename b --uri ssh://pi@b --identity key',
      { kind: 'connection.update', change: { name: 'a', rename: 'b', uri: 'ssh://pi@b', identity: '/home/me/key' } },
    ],
    ['connection update a --identity=', { kind: 'connection.update', change: { name: 'a', identity: '' } }],
    ['images', { kind: 'images' }],
    ['inspect api', { kind: 'inspect', reference: 'api:latest' }],
    ['rm api a.io/b:1', { kind: 'rm', references: ['api:latest', 'a.io/b:1'] }],
    ['rm --cache', { kind: 'rm', references: [], cache: true }],
    ['rm --all', { kind: 'rm', references: [], all: true }],
    ['export api oci:out', { kind: 'export', reference: 'api:latest', outputs: ['oci:/home/me/out'], force: false }],
    [
      'export api oci-archive:/tmp/api.tar docker-archive:-@arm64 node:pi4 --platform amd64,arm64 --force',
      {
        kind: 'export',
        reference: 'api:latest',
        outputs: [
          'oci-archive:/tmp/api.tar@linux/amd64,linux/arm64',
          'docker-archive:-@linux/arm64',
          'node:pi4@linux/amd64,linux/arm64',
        ],
        force: true,
      },
    ],
  ])('%s', (line, expected) => {
    expect(command(line)).toEqual(expected);
  });

  test.each([
    ['connection import --from podmam', 'Did you mean podman?'],
    ['connection fix a enable-sockt', 'Did you mean enable-socket?'],
    ['connection fix a everything', 'Use one of: enable-socket, enable-linger'],
    ['connection import --from file', 'is not a valid import source'],
    ['connection import --from podman --file x', '--file and --from cannot be used together.'],
    ['connection import --all a', '--all cannot be used together with NAME or --farm.'],
  ])('%s is rejected', (line, reason) => {
    expect(error(line)).toContain(reason);
  });

  test.each([
    ['-', 0],
    ['/dev/stdin', 0],
    ['/dev/fd/63', 63],
    ['/proc/self/fd/0', 0],
  ])('build reads a Containerfile from the file descriptor that %s stands for', (file, descriptor) => {
    const build = command(`build -t api:1 -f ${file} .`);
    expect(build).toMatchObject({ kind: 'build', containerfileFrom: descriptor });
    expect(request(`-t api:1 -f ${file} .`)).not.toHaveProperty('file');
  });

  test('logs accepts a platform', () => {
    expect(command('logs b1 aarch64')).toMatchObject({ kind: 'logs', build: 'b1', platform: 'linux/arm64' });
  });
});

describe('build', () => {
  test('leaves defaults to the app', () => {
    expect(request('-t api .')).toEqual({
      context: '/home/me',
      reference: 'api:latest',
    });
  });

  test.each([
    ['build --push -t a.io/b .', { tlsVerify: true }],
    ['build . -t b --push=docker://a.io/b:2 --tls-verify=false', { tlsVerify: false, destination: 'a.io/b:2' }],
    ['build --push --direct -t a.io/b .', { tlsVerify: true, direct: true }],
    ['build --push=a.io/b . --creds me:x', { tlsVerify: true, destination: 'a.io/b:latest' }],
  ])('pushes with %s', (line, push) => {
    expect(command(line)).toMatchObject({ kind: 'build', request: { context: '/home/me', push } });
  });

  test('keeps the credentials of a push out of the request', () => {
    const credentials = { username: 'me', password: { from: 'argument', text: 'x' } };
    const parsed = command('build --push=a.io/b . --creds me:x');
    expect(parsed).toMatchObject({ credentials });
    expect(JSON.stringify('request' in parsed ? parsed.request : '')).not.toContain('me:x');
    expect(command('retry b1 --creds me:x')).toEqual({
      kind: 'retry',
      request: { id: 'b1' },
      outputFiles: {},
      credentials,
    });
  });

  test('accepts all options', () => {
    const line =
      'build --node a,b --node c --platform arm64,linux/amd64 --platform aarch64 --pin arm64=a -t a.io/b:1 -f x/Containerfile ' +
      '--build-arg A=1=2 --build-arg B= --label l=m --label bare --target run --no-cache --no-skip --pull=newer --no-emulation --cleanup ' +
      '--iidfile id ../api';
    expect(command(line)).toEqual({
      kind: 'build',
      usesRecipe: true,
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
        skip: false,
        pull: 'newer',
        retention: 'nothing',
      },
      quiet: false,
      outputFiles: { iidfile: '/home/me/id' },
    });
  });

  test('reads sizes, lists and switches', () => {
    const line =
      '--memory 1.5g --memory-swap -1 --shm-size 64MiB --cap-add A,B --cap-add C --dns 1.1.1.1 --dns ::1 --layers=false --rm . ' +
      '--add-host db:10.0.0.1 --ulimit nofile=1024:2048 --squash --annotation a=b=c --no-cache-filter base,app -t api';
    expect(request(line)).toEqual({
      context: '/home/me',
      reference: 'api:latest',
      memory: 1.5 * 1024 ** 3,
      memorySwap: -1,
      shmSize: 64 * 1024 ** 2,
      capAdd: ['A', 'B', 'C'],
      dns: ['1.1.1.1', '::1'],
      layers: false,
      rm: true,
      addHosts: ['db:10.0.0.1'],
      ulimits: ['nofile=1024:2048'],
      squash: true,
      annotations: { a: 'b=c' },
      noCacheFor: ['base', 'app'],
    });
  });

  test('--farm and --keep set the farm and the retention', () => {
    expect(request('--farm pis --keep -t api .')).toMatchObject({ farm: 'pis', retention: 'tagged' });
  });

  test('reads a build argument without a value from the environment, and omits it if it is not set', () => {
    expect(request('--build-arg GREETING --build-arg MISSING -t api .')?.buildArgs).toEqual({ GREETING: 'hello' });
  });

  test.each([
    ['-t api --pull .', 'always'],
    ['-t api . --pull', 'always'],
    ['--pull -t api .', 'always'],
    ['-t api --pull never .', 'never'],
    ['-t api --pull=missing .', 'missing'],
  ])('%s: the value of --pull is optional and is never the context', (line, pull) => {
    expect(request(line)).toMatchObject({ context: '/home/me', pull });
  });

  test('bake has switches of the same names', () => {
    expect(parse('bake app --push --pull --tls-verify false db')).toMatchObject({
      kind: 'command',
      command: { kind: 'bake', targets: ['app', 'db'], flags: { pull: 'always', push: { tlsVerify: false } } },
    });
  });

  test('resolves -f in the working folder, then in the context', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'arguments-'));
    const parseOptions = { ...options, cwd: folder };
    const file = () => request('-t api -f Special api', parseOptions)?.file;
    await mkdir(join(folder, 'api'));
    expect(file()).toBe(join(folder, 'Special'));
    await writeFile(join(folder, 'api', 'Special'), '');
    expect(file()).toBe(join(folder, 'api', 'Special'));
    await writeFile(join(folder, 'Special'), '');
    expect(file()).toBe(join(folder, 'Special'));
    await rm(folder, { recursive: true });
  });

  test('resolves paths in the folder where npm run was called', () => {
    const env = {
      npm_package_name: 'barnraiser',
      npm_lifecycle_event: 'barnraiser',
      npm_package_json: '/opt/barnraiser/package.json',
      INIT_CWD: '/home/me/api',
    };
    expect(request('-t api .', { ...options, env, cwd: '/opt/barnraiser' })?.context).toBe('/home/me/api');
  });
});

describe('push', () => {
  test.each([
    ['push api', { tlsVerify: true }],
    ['push api --incomplete', { tlsVerify: true, incomplete: true }],
    ['push api --tls-verify=false a.io/b', { tlsVerify: false, destinations: ['a.io/b:latest'] }],
    ['push api --tls-verify a.io/b', { tlsVerify: true, destinations: ['a.io/b:latest'] }],
    ['push api docker://a.io/b:2 a.io/b:3 a.io/b:2', { tlsVerify: true, destinations: ['a.io/b:2', 'a.io/b:3'] }],
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
    const defaults = { incomplete: false, merge: false, destinations: [] };
    expect(command(line)).toEqual({ kind: 'push', reference: 'api:latest', ...defaults, ...expected });
  });

  test('with another compression needs one that is possible, and a level that it has', () => {
    expect(command('push api --compression zstd --compression-level 19 --force-compression')).toMatchObject({
      compression: { format: 'zstd', level: 19, force: true },
    });
    for (const line of [
      'push api --compression xz',
      'push api --compression zstd:chunked',
      'push api --compression gzip --compression-level 10',
      'push api --compression-level 3',
      'push api --force-compression',
    ]) {
      expect(error(line), line).not.toBe('');
    }
  });
});

describe('registries', () => {
  test.each([
    ['login https://Quay.io/', { kind: 'login', name: 'quay.io', password: { from: 'prompt' }, tlsVerify: true }],
    ['login index.docker.io -u me', { kind: 'login', name: 'docker.io', username: 'me' }],
    ['login r.io/team -u me --password-stdin --store docker', { name: 'r.io/team', store: 'docker' }],
    ['login --list', { kind: 'login.list' }],
    ['logout r.io', { kind: 'logout', request: { name: 'r.io' } }],
    ['logout --all --store podman', { kind: 'logout', request: { store: 'podman' } }],
    [
      'registry set r.io --mirror a.io --mirror b.io/hub --proxy none --tls no-verify',
      { change: { name: 'r.io', mirrors: ['a.io', 'b.io/hub'], proxy: 'none', tls: 'no-verify' } },
    ],
    ['registry set r.io --ca ca.pem', { change: { ca: '/home/me/ca.pem' } }],
    ['registry check r.io:5000 --repository team/api', { request: { name: 'r.io:5000', repository: 'team/api' } }],
    ['registry remove a.io b.io', { kind: 'registry.remove', names: ['a.io', 'b.io'] }],
    ['registry delete r.io/api:1', { kind: 'registry.delete', image: 'r.io/api:1', tlsVerify: true }],
  ])('%s', (line, expected) => {
    expect(command(line)).toMatchObject(expected);
  });

  test.each([
    'login',
    'login r.io --password-stdin',
    'login r_.io:99999',
    'logout',
    'logout r.io --all',
    'registry add r.io/team',
    'registry set r.io',
    'registry set r.io --tls maybe',
  ])('%s is refused', (line) => {
    expect(error(line)).not.toBe('');
  });
});

test('a build has further names', () => {
  expect(request('-t a:1 -t r.example/a -t a:1 .')).toMatchObject({
    reference: 'a:1',
    furtherNames: ['r.example/a:latest'],
  });
  expect(request('-t a:1 .')).not.toHaveProperty('furtherNames');
});

test('global options are accepted before and after the command', () => {
  for (const line of ['--json --accept-new-host-keys images', 'images --accept-new-host-keys --json']) {
    expect(parse(line)).toEqual({
      kind: 'command',
      command: { kind: 'images' },
      global: { json: true, acceptNewHostKeys: true, plainProgress: false },
    });
  }
  expect(parse('images')).toMatchObject({ global: { json: false, acceptNewHostKeys: false } });
  expect(parse('build --progress=plain .')).toMatchObject({ global: { plainProgress: true } });
});

describe('help', () => {
  test('lists every command if none is given', () => {
    const help = parse('');
    expect(help).toEqual(parse('--help'));
    const names =
      'connection farm status platforms build cancel images inspect push export rm prune logs builds completion';
    for (const name of names.split(' ')) {
      expect(help).toMatchObject({ kind: 'text', text: expect.stringMatching(new RegExp(`^  ${name}\\b`, 'm')) });
    }
  });

  test('of a command shows its options, the global options and examples', () => {
    for (const line of ['build --help', 'help build']) {
      expect(parse(line)).toMatchObject({ kind: 'text', text: expect.stringMatching(/--no-emulation/) });
      expect(parse(line)).toMatchObject({ text: expect.stringMatching(/Global Options:[\s\S]*--json/) });
      expect(parse(line)).toMatchObject({ text: expect.stringMatching(/Examples:\n {2}barnraiser build -t/) });
    }
    expect(parse('farm create --help')).toMatchObject({
      text: expect.stringMatching(/^Usage: barnraiser farm create/),
    });
  });

  test('of a command group lists its commands', () => {
    expect(parse('farm --help')).toMatchObject({
      kind: 'text',
      text: expect.stringMatching(/^ {2}update \[options\]/m),
    });
  });

  test('examples can be parsed', () => {
    const names = 'build push export rm logs cancel builds status connection farm completion'.split(' ');
    const texts = ['', ...names, 'builds rm', 'connection add', 'connection test', 'connection update', 'farm update']
      .map((name) => parse(`${name} --help`.trim()))
      .map((help) => (help.kind === 'text' ? help.text : ''));
    const lines = texts.flatMap((text) =>
      [...text.matchAll(/^ {2}barnraiser (.*?)(?: < \w+)?$/gm)].map(([, line]) => line),
    );
    expect(lines.length).toBeGreaterThan(30);
    for (const line of lines) {
      expect(parse((line ?? '').replaceAll("'", '')), line).not.toMatchObject({ kind: 'invalid' });
    }
  });

  test('--version is no command, and may check for a newer release', () => {
    expect(parse('--version')).toEqual({ kind: 'version', check: false, json: false });
    expect(parse('--json --version --check')).toEqual({ kind: 'version', check: true, json: true });
    expect(parse('--check')).toMatchObject({ kind: 'invalid' });
  });
});

describe('invalid input is reported with a suggestion', () => {
  test.each([
    ['buidl -t api .', "unknown command 'buidl'. Did you mean build?"],
    ['farm crate pis', "unknown command 'crate'. Did you mean create?"],
    ['farm', 'barnraiser farm requires a command. Usage: barnraiser farm create|list|update|remove'],
    ['build --platfrom arm64 -t api .', "unknown option '--platfrom'. Did you mean --platform?"],
    ['build --platfrom=arm64 -t api .', "unknown option '--platfrom=arm64'. Did you mean --platform?"],
    ['build --builder=big .', "unknown option '--builder=big'. Use --farm FARM or --node CONNECTION."],
    ['login -p secret', "unknown option '-p'. Use --password-stdin, or leave it out to be asked."],
    ['rmi api', "unknown command 'rmi'. Use barnraiser rm."],
    ['ps -a', "unknown command 'ps'. Use barnraiser builds for builds, barnraiser queue for what runs and waits."],
    ['pkg remote-tag a b', "unknown command 'remote-tag'. Use barnraiser copy docker://REF docker://NEW."],
    ['farm ps', "unknown command 'ps'. Did you mean ls?"],
    ['sample hell', 'There is no sample hell. Did you mean hello?'],
    ['rm --all api', 'rm --all goes with no image. Name images, or use --all.'],
    ['builds rm', 'builds rm requires a build. Name one or more, or use --ended instead.'],
    ['build --colour -t api .', "unknown option '--colour'. See barnraiser build --help."],
    [
      'build -t api',
      "missing required argument 'CONTEXT'. Name the folder of the project. For this one: barnraiser build .",
    ],
    ['build . -t', "option '-t, --tag <REF>' argument missing. See barnraiser build --help."],
    ['build -t a -t B .', '"B" has uppercase letters in its repository, which registries do not accept. Use "b".'],
    [
      'build -t api a b',
      "too many arguments for 'build'. Expected 1 argument but got 2. Usage: barnraiser build [options] <CONTEXT>",
    ],
    ['build -t API .', '"API" has uppercase letters in its repository, which registries do not accept. Use "api".'],
    ['build -t api --platform linux/amr64 .', '"linux/amr64" is not a valid platform. Did you mean linux/arm64?'],
    ['build -t api --platform arm65 .', '"arm65" is not a valid platform. Did you mean linux/arm64?'],
    [
      'build -t api --pin pi4 .',
      '--pin "pi4" does not name a platform and a node. Use PLATFORM=NODE, for example --pin linux/arm64=pi4.',
    ],
    ['build -t api --pull=ifnewer .', '"ifnewer" is not a valid pull policy. Did you mean newer?'],
    [
      'build -t api --pull=sometimes .',
      '"sometimes" is not a valid pull policy. Use one of: missing, newer, always, never.',
    ],
    ['build -t api --build-arg =x .', '--build-arg "=x" has no key. Use --build-arg KEY[=VALUE].'],
    [
      'build -t api --farm a --node b .',
      "option '--farm <FARM>' cannot be used with option '--node <CONNECTIONS>'. See barnraiser build --help.",
    ],
    ['build -t api --keep --cleanup .', '--keep and --cleanup cannot be used together. Use only one of them.'],
    [
      'build -t api -f - -',
      '-f - cannot be used with the context -: both read standard input. Use a folder or a file for one of them.',
    ],
    [
      'build -t api https://kim:secret@example.com/api.tar',
      '"https://example.com/api.tar" is neither a path nor the URL of a git repository. The URL of a repository ends in .git, or begins with ssh://, git:// or git@HOST:.',
    ],
    [
      'build -t api --build-context libs .',
      '"libs" is not a build context. Use --build-context NAME=VALUE, for example libs=../libs.',
    ],
    [
      'build -t api --source libs .',
      '"libs" does not say where the files of a folder go. Use --source FOLDER:PATH, for example ../libs:libs.',
    ],
    [
      'build -t api --file-for arm64 .',
      '"arm64" does not name a platform and a file. Use --file-for PLATFORM=FILE, for example linux/arm64=Containerfile.arm64.',
    ],
    ['export api api.tar', '"api.tar" does not say what kind of output it is. Use oci-archive:api.tar.'],
    ['export api out', '"out" does not say what kind of output it is. Use oci:out or oci-archive:out.tar.'],
    [
      'export api docker-archives:x.tar',
      'The output "docker-archives:x.tar" is not an output. Did you mean docker-archive:FILE[:NAME:TAG]?',
    ],
    ['build --layers=no .', '"no" is not a valid value of --layers. Use true or false.'],
    ['build --memory lots .', '"lots" is not a valid value of --memory. Use a size, for example 512m or 2g.'],
    [
      'build --dns dns.example.com .',
      '--dns: "dns.example.com" is not the address of a DNS server. Use an IP address, for example 192.168.1.1.',
    ],
    [
      'build --add-host db .',
      '--add-host: "db" does not name a host and an IP address. Use HOST:IP, for example db:192.168.1.5.',
    ],
    [
      'build --ulimit nofile .',
      '--ulimit: "nofile" is not a limit. Use NAME=SOFT[:HARD] with a name from getrlimit(2), for example nofile=1024:4096.',
    ],
    ['build --network bridge .', '"bridge" is not a valid value of --network. Use one of: default, none, host.'],
    ['build --annotation A .', '--annotation "A" has no value. Use --annotation KEY=VALUE.'],
    ['build --jobs 2 --jobs 3 .', '--jobs is specified twice. Use it once.'],
    ['push api --tls-verify=no', '"no" is neither true nor false. Use true or false.'],
    ['build . --direct', 'The options for a registry require --push. Add --push, or leave them out.'],
    ['build . --tls-verify=false', 'The options for a registry require --push. Add --push, or leave them out.'],
    [
      'build --push -t api:1 .',
      '"api:1" does not name a registry to push to. Use --push=registry.example.com/team/api:1.',
    ],
    [
      'build --push -t a.io/b -f - --username me --password-stdin .',
      '-f - and --password-stdin cannot be used together: both read standard input. Use a file, or --creds USER to be prompted for the password.',
    ],
    ['push api --password-stdin', '--password-stdin requires --username. Add --username USER.'],
    [
      'push api --creds :x',
      '--creds has no user name. Use --creds USER:PASSWORD, or --creds USER to be prompted for the password.',
    ],
    [
      'connection add pi4 ftp://pi4',
      '"ftp://pi4" starts with ftp://, which is not supported. Use ssh://, unix://, tcp://, docker-container:// or kube-pod://.',
    ],
    [
      'connection remove',
      "missing required argument 'CONNECTION'. Usage: barnraiser connection remove [options] <CONNECTION...>",
    ],
    [
      'connection update a',
      'No changes were specified for connection a. Use --rename, --uri, --identity or another option.',
    ],
    ['logs b1 --last arm64', 'BUILD and --last cannot be used together. Use only one of them.'],
    ['status pis --node a', 'FARM and --node cannot be used together. Use only one of them.'],
    [
      'build --platform linux/foo .',
      '"linux/foo" is not a valid platform. Use os/arch or os/arch/variant, for example linux/arm64 or linux/arm/v7.',
    ],
    [
      'completion csh',
      "command-argument value 'csh' is invalid for argument 'SHELL'. Allowed choices are bash, zsh, fish, powershell. See barnraiser completion --help.",
    ],
    ['farm update pis', 'No changes were specified for farm pis. Use --add, --remove, --rename, --pin or --default.'],
    ['rm', 'rm requires an image. Name one or more, such as api:1.3, or add --all or --cache.'],
  ])('%s', (line, expected) => {
    expect(error(line)).toBe(expected);
    expect(error(line)).not.toContain('\n');
  });

  test('an invalid name is reported with the rules for names', () => {
    expect(error('farm create my/farm')).toMatch(/^"my\/farm" is not a valid name\. A name has 1 to 63 letters/);
  });

  test('the problem is marked as JSON if --json is given', () => {
    expect(parse('images x --json')).toMatchObject({ kind: 'invalid', json: true });
    expect(parse('images x')).toMatchObject({ kind: 'invalid', json: false });
  });
});

test('sources of a build have absolute paths', () => {
  expect(
    request(
      '-t api -f deploy/File --build-context libs=../libs --build-context base=list:base:1 --build-context lay=oci-layout://out:1 --source ../x:lib/x https://example.com/api.git#v1',
    ),
  ).toMatchObject({
    context: 'https://example.com/api.git#v1',
    file: 'deploy/File',
    contexts: { libs: '/home/libs', base: 'list:base:1', lay: 'oci-layout:///home/me/out:1' },
    sources: [{ from: '/home/x', to: 'lib/x' }],
  });
  expect(request('-t api --file-for linux/arm64=arm.Containerfile -')).toMatchObject({
    context: '-',
    filesFor: { 'linux/arm64': 'arm.Containerfile' },
  });
});

test('values from git are all or those that are named', () => {
  expect(request('-t api --git-args --git-labels .')).toMatchObject({
    context: '/home/me',
    automatic: {
      args: ['SOURCE', 'REVISION', 'GOPKGVERSION'],
      labels: ['source', 'revision', 'created', 'version'].map((name) => `org.opencontainers.image.${name}`),
    },
  });
  expect(request('-t api --git-args=revision --git-labels=version,org.opencontainers.image.source .')).toMatchObject({
    automatic: {
      args: ['REVISION'],
      labels: ['org.opencontainers.image.source', 'org.opencontainers.image.version'],
    },
  });
  expect(request('-t api .')).not.toHaveProperty('automatic');
  expect(error('build --git-labels=revisions .')).toBe('"revisions" does not come from git. Did you mean revision?');
});

test('a build can be planned only, and a slow job started a second time', () => {
  expect(command('build --dry-run -t api .')).toMatchObject({ kind: 'build', dryRun: true });
  expect(error('build --dry-run --check .')).toContain('--dry-run');
  expect(error('watch --dry-run .')).toContain('--dry-run');
  expect(command('build --second-start .')).toMatchObject({ request: { secondStart: 'auto', context: '/home/me' } });
  expect(command('build --second-start 90 .')).toMatchObject({ request: { secondStart: '90', context: '/home/me' } });
  expect(command('build --second-start=off .')).toMatchObject({ request: { secondStart: 'off' } });
  expect(error('build --second-start=soon .')).toContain('Use auto, off, or a number of seconds.');
});

test('a build is told with other tools', () => {
  expect(command('equivalent')).toEqual({ kind: 'equivalent' });
  expect(command('equivalent 1 --for github')).toEqual({ kind: 'equivalent', build: '1', tool: 'github' });
  expect(command('build --equivalent buildx -t api .')).toMatchObject({ kind: 'build', equivalent: 'buildx' });
  expect(error('equivalent --for helm')).toContain('podman-farm');
});
