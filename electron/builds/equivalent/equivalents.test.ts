import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { type BuildRequest, buildRequestSchema } from '../../../shared/build.ts';
import type { Equivalent, EquivalentKind } from '../../../shared/equivalent.ts';
import { parsePlatform } from '../../../shared/platform.ts';
import { standardInput } from '../../context/containerfile.ts';
import type { JobInput } from './ci-jobs.ts';
import { equivalents } from './equivalents.ts';
import { shellWord } from './shell-word.ts';

const platform = (text: string) => parsePlatform(text) ?? expect.fail(text);
const amd64 = { platform: platform('amd64'), node: 'big', mode: 'native' as const };
const arm64 = { platform: platform('arm64'), node: 'pi4', mode: 'native' as const };
type Given = Partial<z.input<typeof buildRequestSchema>>;

function input(given: Given = {}, more: Partial<JobInput> = {}): JobInput {
  const request: BuildRequest = buildRequestSchema.parse({ context: '/home/anna/api', reference: 'api:1.4', ...given });
  return {
    request,
    platforms: [amd64, arm64],
    containerfile: '/home/anna/api/Containerfile',
    root: '/home/anna',
    automatic: undefined,
    ...more,
  };
}

function tell(kind: EquivalentKind, ...given: Parameters<typeof input>): Equivalent {
  return equivalents(input(...given)).find((each) => each.kind === kind) ?? expect.fail(kind);
}

/** The arguments that a program gets from a shell. */
function argumentsOf(command: string): string[] {
  const program = command.replace(/^(?:podman|docker)/, 'show');
  const script = `show() { printf '%s\\0' "$@"; }\n${program}`;
  return execFileSync('bash', ['--norc', '-c', script], {
    encoding: 'utf8',
    env: {
      GITHUB_SHA: 'sha',
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_REPOSITORY: 'team/api',
      PATH: process.env.PATH,
    },
  })
    .split('\0')
    .slice(0, -1);
}

/** What GitHub replaces. */
const expressionStart = '$' + '{{';

const hard = [
  'a b',
  "it's",
  '$HOME `id` "x" \\',
  'two\nlines\tand\u202e',
  '*',
  '',
  '#',
  '~',
  '-n',
  `${expressionStart} secrets.TOKEN }}`,
];

test.each(hard)('a shell reads %j as one word', (text) => {
  expect(argumentsOf(`show ${shellWord(text)}`)).toEqual([text]);
});

describe('podman build', () => {
  test('builds each platform, names where it was built, and joins them in one list', () => {
    const { text } = tell('podman');
    expect(text.split('\n\n').map((command) => command.split('\n')[0])).toEqual(['# on big', '# on pi4']);
    expect(text.split('\n\n').map((command) => argumentsOf(command.split('\n').slice(1).join('\n')))).toEqual([
      ['build', '--platform=linux/amd64', '--manifest=api:1.4', '/home/anna/api'],
      ['build', '--platform=linux/arm64', '--manifest=api:1.4', '/home/anna/api'],
    ]);
  });

  test('pushes the list to each destination, as buildx does by its tags', () => {
    const push = { destination: 'a.example.com/api:1.4', more: ['b.example.com/api:1.4'] };
    expect(tell('podman', { push }).text.split('\n\n').slice(-2)).toEqual([
      'podman manifest push --all api:1.4 docker://a.example.com/api:1.4',
      'podman manifest push --all api:1.4 docker://b.example.com/api:1.4',
    ]);
    const tags = argumentsOf(tell('buildx', { push }).text).filter((word) => word.startsWith('--tag='));
    expect(tags).toEqual(['--tag=a.example.com/api:1.4', '--tag=b.example.com/api:1.4']);
  });

  test('has every option that podman knows, and says what it has not', () => {
    const { text, notes } = tell(
      'podman',
      {
        buildArgs: { VERSION: "it's 1\n2" },
        labels: { a: '' },
        annotations: { b: 'c d' },
        pull: 'newer',
        format: 'docker',
        noCache: true,
        layers: false,
        forceRm: false,
        shmSize: 128 * 1024 * 1024,
        capAdd: ['SYS_PTRACE', 'NET_RAW'],
        cacheFrom: ['type=registry,ref=registry.example.com/cache:main'],
        secrets: [
          { id: 'a', source: { kind: 'file', path: '/home/anna/my secret' } },
          { id: 'b', source: { kind: 'env', name: 'TOKEN' } },
          { id: '1.key', source: { kind: 'typed' } },
        ],
        ssh: [{ id: 'default', source: { kind: 'agent' } }],
        contexts: { data: '/home/anna/data', base: 'docker-image://busybox', mine: 'list:base:1' },
        noCacheFor: ['build'],
        skip: false,
        emulate: false,
        push: { destination: 'registry.example.com/api:1.4', tlsVerify: false },
      },
      { platforms: [amd64] },
    );
    const [build = '', push = ''] = text.split('\n\n');
    expect(argumentsOf(build.replace('# on big\n', ''))).toEqual([
      'build',
      '--platform=linux/amd64',
      '--tag=api:1.4',
      "--build-arg=VERSION=it's 1\n2",
      '--build-context=data=/home/anna/data',
      '--build-context=base=docker-image://busybox',
      '--format=docker',
      '--label=a=',
      '--annotation=b=c d',
      '--pull=newer',
      '--no-cache',
      '--layers=false',
      '--cache-from=registry.example.com/cache',
      '--secret=id=a,src=/home/anna/my secret',
      '--secret=id=b,env=TOKEN',
      '--secret=id=1.key,env=SECRET_1_KEY',
      '--ssh=default',
      '--shm-size=128m',
      '--cap-add=SYS_PTRACE',
      '--cap-add=NET_RAW',
      '--force-rm=false',
      '/home/anna/api',
    ]);
    expect(push).toBe('podman push --tls-verify=false api:1.4 docker://registry.example.com/api:1.4');
    expect(notes).toEqual([
      "The build context mine is an image of Barnraiser's local storage: push it, and use docker-image://.",
      'podman has no option for the emulation.',
      'podman has no option for the stages without cache: podman has no such option.',
      'podman has no option for the skipping unchanged platforms.',
      'Put what you typed into the environment first: SECRET_1_KEY.',
    ]);
  });

  test('reads a Containerfile that is in no file from a here-document', () => {
    const { text } = tell(
      'podman',
      { containerfile: 'FROM scratch\nEOF\n' },
      { platforms: [amd64], containerfile: standardInput },
    );
    expect(text).toContain("--file=- \\\n  /home/anna/api <<'EOF_'\nFROM scratch\nEOF\nEOF_");
  });

  test('takes the Containerfile of each platform', () => {
    const { text } = tell('podman', { filesFor: { 'linux/arm64': '/home/anna/api/Containerfile.arm' } });
    expect(text.match(/--file=\S+/g)).toEqual(['--file=/home/anna/api/Containerfile.arm']);
    expect(tell('buildx', { filesFor: { 'linux/arm64': '/home/anna/api/x' } }).notes).toContain(
      'All platforms have the same Containerfile there.',
    );
  });
});

test.each([
  ['https://git.example.com/api.git#main:web', 'Dockerfile', 'https://git.example.com/api.git#main:web', undefined],
  ['/home/anna/api.tar', 'web/Containerfile', '- < /home/anna/api.tar', '--file=web/Containerfile'],
  ['-', 'Containerfile', '-', '--file=Containerfile'],
])('a context that is not a folder, %s, is read as docker reads it', (context, containerfile, words, file) => {
  const { text } = tell('buildx', { context }, { containerfile, platforms: [amd64], root: undefined });
  expect(text.split(' \\\n  ').at(-1)).toBe(words.startsWith('https') ? `'${words}'` : words);
  expect(text.match(/--file=\S+/)?.[0]).toBe(file);
});

test('podman farm build names the farm, and a registry', () => {
  const { text, notes } = tell('podman-farm', { farm: 'home', pins: { 'linux/arm64': 'pi4' } });
  expect(argumentsOf(text)).toEqual([
    'farm',
    'build',
    '--farm=home',
    '--platforms=linux/amd64,linux/arm64',
    '--tag=registry.example.com/api:1.4',
    '/home/anna/api',
  ]);
  expect(notes.join(' ')).toMatch(/Replace registry\.example\.com\/api:1\.4 .*|Platforms cannot be pinned/);
});

describe('docker buildx build', () => {
  test('names a Containerfile, which docker does not find by itself, and writes an archive', () => {
    expect(argumentsOf(tell('buildx').text)).toEqual([
      'buildx',
      'build',
      '--platform=linux/amd64,linux/arm64',
      '--tag=api:1.4',
      '--provenance=false',
      '--file=/home/anna/api/Containerfile',
      '--output=type=oci,dest=api-1.4.tar',
      '/home/anna/api',
    ]);
  });

  test('writes options in the forms of docker', () => {
    const { text, notes } = tell(
      'buildx',
      {
        pull: 'always',
        sourceDateEpoch: 1,
        listAnnotations: { a: 'b' },
        cacheTo: ['registry.example.com/cache:main'],
        dns: ['192.168.1.1'],
        memory: 1024,
        push: { destination: 'registry.example.com/api:1.4' },
      },
      { containerfile: '/home/anna/api/Dockerfile' },
    );
    expect(argumentsOf(text).slice(5, -1)).toEqual([
      '--annotation=index:a=b',
      '--build-arg=SOURCE_DATE_EPOCH=1',
      '--pull',
      '--cache-to=type=registry,ref=registry.example.com/cache:main',
      '--push',
    ]);
    expect(text).toContain('--tag=registry.example.com/api:1.4');
    expect(notes.filter((note) => note.startsWith('docker has no option'))).toEqual([
      'docker has no option for the DNS servers: BuildKit takes DNS servers only from its own configuration.',
      'docker has no option for the memory limit: BuildKit has no such option.',
    ]);
  });
});

const githubSchema = z.object({
  jobs: z.object({
    build: z.object({
      permissions: z.record(z.string(), z.string()).optional(),
      steps: z.array(
        z.object({
          uses: z.string().optional(),
          run: z.string().optional(),
          env: z.record(z.string(), z.string()).optional(),
          with: z.record(z.string(), z.unknown()).optional(),
        }),
      ),
    }),
  }),
});

describe('a job', () => {
  const labels = Object.fromEntries(hard.map((text, index) => [`label${index}`, text]));
  const automatic = {
    args: { REVISION: 'abc', GOPKGVERSION: 'v1.4.0' },
    labels: { 'org.opencontainers.image.source': 'https://github.com/team/api' },
    notes: [],
  };
  const given: Given = {
    labels: { ...labels, ...automatic.labels },
    buildArgs: automatic.args,
    secrets: [{ id: 'npm', source: { kind: 'file', path: '/home/anna/.npmrc' } }],
    contexts: { data: '/home/anna/data', other: '/srv/other' },
    push: { destination: 'ghcr.io/team/api:1.4' },
  };

  test('of GitHub is valid YAML whose script has the same arguments, with what the job knows of its commit', () => {
    const { text, notes } = tell('github', given, { automatic });
    const { permissions, steps } = githubSchema.parse(parse(text)).jobs.build;
    expect(permissions).toEqual({ contents: 'read', packages: 'write' });
    expect(steps.map(({ uses }) => uses)).toEqual([
      'actions/checkout@v4',
      'docker/setup-qemu-action@v3',
      'docker/setup-buildx-action@v3',
      'docker/login-action@v3',
      undefined,
    ]);
    expect(steps[1]?.with).toEqual({ platforms: 'arm64' });
    const { run = '', env } = steps[4] ?? {};
    expect(env).toEqual({ NPM: `${expressionStart} secrets.NPM }}` });
    const escaped = `${expressionStart} '${expressionStart}' }}`;
    // what GitHub makes of the script before a shell gets it
    const expressions = run.replaceAll(escaped, expressionStart);
    expect(run.replaceAll(escaped, '')).not.toContain(expressionStart);
    const words = argumentsOf(expressions);
    for (const [name, value] of Object.entries(labels)) {
      expect(words).toContain(`--label=${name}=${value}`);
    }
    expect(words).toEqual(
      expect.arrayContaining([
        '--build-arg=REVISION=sha',
        '--build-arg=GOPKGVERSION=v1.4.0',
        '--label=org.opencontainers.image.source=https://github.com/team/api',
        '--secret=id=npm,env=NPM',
        '--build-context=data=data',
        '--file=api/Containerfile',
        '--push',
      ]),
    );
    expect(words.at(-1)).toBe('api');
    expect(notes).toEqual(
      expect.arrayContaining([
        'The build context other is a folder that is not there: /srv/other.',
        'Give the values of the secrets in the variables NPM.',
        'GOPKGVERSION: the value is that of this build.',
      ]),
    );
  });

  test('of GitLab is valid YAML, with a sign-in and an emulator', () => {
    const { text } = tell('gitlab', { ...given, push: { destination: 'registry.example.com/api:1.4' } }, { automatic });
    const job = z
      .object({ 'build-image': z.object({ before_script: z.array(z.string()), script: z.tuple([z.string()]) }) })
      .parse(parse(text))['build-image'];
    expect(job.before_script).toEqual([
      'echo "$REGISTRY_PASSWORD" | docker login --username "$REGISTRY_USERNAME" --password-stdin registry.example.com',
      'docker run --privileged --rm tonistiigi/binfmt --install arm64',
      'docker context create builder',
      'docker buildx create --use builder',
    ]);
    const words = argumentsOf(job.script[0]);
    for (const [name, value] of Object.entries(labels)) {
      expect(words).toContain(`--label=${name}=${value}`);
    }
  });

  test('keeps the archive of an image that is not pushed', () => {
    const { text } = tell('github', { reference: 'registry.example.com/team/api:1.4' }, { platforms: [amd64] });
    const { steps } = githubSchema.parse(parse(text)).jobs.build;
    expect(steps.at(-1)).toEqual({ uses: 'actions/upload-artifact@v4', with: { name: 'image', path: 'api-1.4.tar' } });
    expect(steps.at(-2)?.run).toContain('--output=type=oci,dest=api-1.4.tar');
  });

  test('keeps the lines of a Containerfile that is in no file', () => {
    const containerfile = 'FROM scratch\n\nRUN <<X\n  indented\n\ttab\nX\n';
    const { text } = tell('gitlab', { containerfile }, { containerfile: standardInput, platforms: [amd64] });
    const script = z.object({ 'build-image': z.object({ script: z.tuple([z.string()]) }) }).parse(parse(text));
    expect(script['build-image'].script[0]).toContain(`<<'EOF'\n${containerfile}EOF`);
  });
});

test('a variable that a project names is only a name in a job', () => {
  const name = `TOKEN\n      - run: evil #${expressionStart} secrets.OTHER }}`;
  const secrets = [{ id: 'a', source: { kind: 'env', name } as const }];
  const { text } = tell('github', { secrets });
  expect(text).not.toContain('secrets.OTHER');
  const { steps } = githubSchema.parse(parse(text)).jobs.build;
  expect(steps.flatMap(({ env }) => Object.keys(env ?? {}))).toEqual([name.replaceAll(/[^A-Za-z0-9]/g, '_')]);
  // a shell gets the name as it is
  expect(argumentsOf(tell('buildx', { secrets }).text)).toContain(`--secret=id=a,env=${name}`);
});

test('buildx gets each further name once, attestations only where asked for, and a note once', () => {
  const { text, notes } = tell('buildx', {
    reference: 'r.example/api:1',
    furtherNames: ['r.example/api:latest', 'api:2'],
    push: {},
    provenance: true,
    cacheFrom: ['r.example/cache'],
    cacheTo: ['r.example/cache'],
  });
  const words = argumentsOf(text);
  expect(words.filter((word) => word.startsWith('--tag'))).toEqual([
    '--tag=r.example/api:1',
    '--tag=r.example/api:latest',
    '--tag=api:2',
  ]);
  expect(words.filter((word) => word.startsWith('--provenance'))).toEqual(['--provenance']);
  expect(new Set(notes).size).toBe(notes.length);
  const podman = tell('podman', { reference: 'r.example/api:1', furtherNames: ['r.example/api:latest'], push: {} });
  expect(podman.text).toContain('docker://r.example/api:latest');
});
