/** Outputs: a build with many of them, each read by the tools that it is for. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import type { buildSchema } from '../shared/build.ts';
import { bundledCli, makeProject, type Outcome, Person, setUpLab } from './harness.ts';
import { mustRun } from './lab/command.ts';
import { runOnNode } from './lab/lab.ts';

const lab = await setUpLab();
const name = `outputs-${randomBytes(4).toString('hex')}`;
const reference = `${name}:1.4`;
const loadedInto = ['amd-a', 'amd-b', 'docker-a', 'docker-classic'];
let person: Person;
let project: string;
let outcome: Outcome;
let build: z.infer<typeof buildSchema>;
const path = (...parts: string[]): string => join(person.home, 'out', ...parts);

/** Steps that leave what is hard to copy: links, owners, modes, a pipe, and what later layers remove. */
const containerfile = `${lab.from}
COPY large /data/large
RUN mkdir -p /w/keep /w/gone /w/emptied/sub && echo a > /w/keep/a && ln /w/keep/a /w/keep/hard && ln -s keep/a /w/link && \\
  ln -s /w/keep /w/absolute && chmod 4755 /w/keep/a && echo b > /w/gone/b && echo c > /w/emptied/sub/c && echo ${name}
RUN rm -r /w/gone /data/large && mkfifo /w/pipe && echo $TARGETARCH > /w/architecture && chown 12:34 /w/architecture && \\
  chmod 000 /w/architecture && rm -r /w/emptied && mkdir /w/emptied && echo d > /w/emptied/new
`;

beforeAll(async () => {
  person = await Person.create();
  await person.addConnections(...[...new Set([...loadedInto, 'arm-a', 'buildkit-a'])].map((node) => lab.node(node)));
  project = await makeProject({
    Containerfile: containerfile,
    // without a step that would be emulated
    'Containerfile.arm64': `${lab.from}COPY large /data/large\n`,
    large: randomBytes(1_000_000),
  });
  await mkdir(path());
  const outputs = [
    `oci:${path('layout')}:first`,
    `oci-archive:${path('image.tar')}`,
    `docker-archive:${path('arm64.tar')}:example.com/${reference}@linux/arm64`,
    `dir:${path('dir')}`,
    `rootfs:${path('root')}`,
    `rootfs:${path('root.tar')}`,
    `type=local,dest=${path('buildx')}`,
    ...[...loadedInto, 'buildkit-a'].map((node) => `node:${node}`),
  ].flatMap((output) => ['--output', output]);
  ({ outcome, build } = await person.build(...buildArgs(), ...outputs, project));
});

afterAll(async () => {
  await Promise.all(
    loadedInto.map((node) => {
      const engine = node.startsWith('docker') ? 'docker' : 'podman';
      return runOnNode(node, `${engine} rmi -f ${names(node).join(' ')}`);
    }),
  );
  await person.remove();
  await rm(project, { recursive: true });
});

function buildArgs(): string[] {
  return [
    ...['-t', reference, '--node', 'amd-b,arm-a'],
    ...['--file-for', `linux/arm64=${join(project, 'Containerfile.arm64')}`],
  ];
}

/** The names that an image has in the engine of a node. */
function names(node: string): string[] {
  const start = node.startsWith('docker') ? '' : 'localhost/';
  return [`${start}${reference}`, `${start}${reference}-arm64`];
}

function digestOf(platform: string): string {
  return build.list?.entries.find((entry) => entry.platform === platform)?.digest ?? expect.fail(platform);
}

describe('a build with outputs', () => {
  test('writes all that can be written, and says what cannot', () => {
    expect(build.status).toBe('done');
    const statuses = build.outputs?.map(({ output, status, problem }) => [output, status, problem?.message ?? '']);
    expect(statuses?.filter(([, status]) => status !== 'done')).toEqual([
      ['node:buildkit-a', 'failed', expect.stringContaining('BuildKit keeps no images')],
    ]);
    expect(outcome.code).toBe(1);
    const [event] = outcome.stdout.split('\n').filter((line) => line.includes('"output.changed"'));
    expect(JSON.parse(event ?? '')).toMatchObject({ output: { buildId: build.id, reference } });
  });

  test.each(['oci:layout:first', 'oci-archive:image.tar', 'dir:dir'])(
    'writes a %s that skopeo copies with equal digests',
    async (copy) => {
      const [transport = '', file = '', tag] = copy.split(':');
      const source = [transport, path(file), ...(tag ? [tag] : [])].join(':');
      const target = path(`copied-${transport}`);
      await mustRun(['skopeo', 'copy', '--all', source, `dir:${target}`]);
      expect(await mustRun(['diff', '-r', target, path('dir')])).toBe('');
      const { digest } = build.list ?? expect.fail('no list');
      expect(await mustRun(['skopeo', 'inspect', '--format', '{{.Digest}}', source])).toContain(digest);
    },
  );

  test('writes a docker-archive of one platform, with its name', async () => {
    const archive = `docker-archive:${path('arm64.tar')}`;
    const config = JSON.parse(await mustRun(['skopeo', 'inspect', '--config', archive]));
    expect(config.architecture).toBe('arm64');
    const manifest = JSON.parse(await mustRun(['tar', '-xOf', path('arm64.tar'), 'manifest.json']));
    expect(manifest).toMatchObject([{ RepoTags: [`example.com/${reference}`] }]);
    const target = `oci:${path('from-docker')}:x`;
    await mustRun(['skopeo', 'copy', archive, target]);
    expect(JSON.parse(await mustRun(['skopeo', 'inspect', '--config', target]))).toEqual(config);
  });

  test('writes the root file systems as podman exports them', async () => {
    const container = `${name}-export`;
    const list = 'tar --numeric-owner --full-time -tvf -';
    const exported = await runOnNode(
      'amd-b',
      `podman create --name ${container} ${names('amd-b')[0]} sh >/dev/null && podman export ${container} | ${list}; podman rm -f ${container} >/dev/null`,
    );
    const wanted = entriesOf(exported.stdout);
    expect(wanted.size).toBeGreaterThan(200);
    const tar = await mustRun(['sh', '-c', `${list} < ${path('root.tar')}`]);
    expect(entriesOf(tar, 'linux_amd64/')).toEqual(wanted);
    expect(entriesOf(tar, 'linux_arm64/').size).toBeGreaterThan(200);
    const packed = await mustRun(['sh', '-c', `tar --numeric-owner -C ${path('root')} -cf - linux_amd64 | ${list}`]);
    // a folder has no named pipe
    expect(entriesOf(packed, 'linux_amd64/')).toEqual(new Map([...wanted].filter(([each]) => each !== 'w/pipe')));
    expect(await readdir(path('buildx'))).toEqual(['linux_amd64', 'linux_arm64']);
    const [root] =
      build.outputs?.filter(({ output }) => output.startsWith('rootfs:') && !output.endsWith('.tar')) ?? [];
    expect(root?.notes).toEqual(['1 named pipe left out, which a folder cannot hold.']);
  });

  test.each(['amd-a', 'amd-b'])('loads into podman of %s with the digests of the list', async (node) => {
    const [plain = '', arm64 = ''] = names(node);
    const { stdout } = await runOnNode(
      node,
      `podman image inspect --format '{{.Digest}} {{.Architecture}}' ${plain} ${arm64}`,
    );
    expect(stdout.trim().split('\n')).toEqual([`${digestOf('linux/amd64')} amd64`, `${digestOf('linux/arm64')} arm64`]);
  });

  test.each(['docker-a', 'docker-classic'])('loads into docker of %s under the right tags', async (node) => {
    const { stdout } = await runOnNode(
      node,
      `docker image inspect --format '{{.Architecture}} {{.Id}}' ${names(node).join(' ')}`,
    );
    const configs = await Promise.all(
      ['linux/amd64', 'linux/arm64'].map(async (platform) => {
        const file = join(person.home, 'images', 'blobs', digestOf(platform).replace(':', '/'));
        return JSON.parse(await readFile(file, 'utf8')).config.digest as string;
      }),
    );
    expect(stdout.trim().split('\n')).toEqual([`amd64 ${configs[0]}`, `arm64 ${configs[1]}`]);
    const ran = await runOnNode(node, `docker run --rm ${names(node)[0]} cat /w/keep/hard`);
    expect(ran.stdout.trim()).toBe('a');
  });

  test('may be repeated: what it has written is replaced, what others have changed is not', async () => {
    const outputs = ['-o', `rootfs:${path('root')}`, '-o', `oci-archive:${path('image.tar')}`];
    const args = [...buildArgs(), ...outputs];
    const again = await person.build(...args, project);
    expect(again.outcome.code, again.outcome.stderr).toBe(0);
    await writeFile(path('root', 'linux_amd64', 'mine'), 'mine');
    const refused = await person.barnraiser('build', ...args, project);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`The folder ${path('root')} is not empty.`);
    expect(await readFile(path('root', 'linux_amd64', 'mine'), 'utf8')).toBe('mine');
  });
});

describe('export', () => {
  test('adds to a layout, and writes single platforms', async () => {
    await person.mustRun('export', reference, `oci:${path('layout')}:arm`, '--platform', 'linux/arm64');
    const index = JSON.parse(await readFile(path('layout', 'index.json'), 'utf8'));
    expect(index.manifests.map((each: { digest: string }) => each.digest)).toEqual([
      build.list?.digest,
      digestOf('linux/arm64'),
    ]);
    await person.mustRun('export', reference, `rootfs:${path('amd-root')}`, '--platform', 'linux/amd64');
    const root = (...parts: string[]): string => path('amd-root', ...parts);
    expect((await lstat(root('w', 'architecture'))).uid).toBe(12);
    expect(await readFile(root('w', 'architecture'), 'utf8')).toBe('amd64\n');
    expect(await readlink(root('w', 'absolute'))).toBe('/w/keep');
    expect((await lstat(root('w', 'keep', 'a'))).nlink).toBe(2);
    expect(await readdir(root('w', 'emptied'))).toEqual(['new']);
  });

  test('writes to standard output what a file would get', async () => {
    await person.mustRun('export', reference, `docker-archive:${path('a.tar')}`);
    const command = `"$1" "$2" export ${reference} docker-archive:- > ${path('b.tar')}`;
    await promisify(execFile)('sh', ['-c', command, 'sh', process.execPath, ...bundledCli], { env: person.env });
    expect(await mustRun(['cmp', path('a.tar'), path('b.tar')])).toBe('');
  });

  test('replaces a file only if it may, and leaves no half file', async () => {
    const archive = path('image.tar');
    const before = await lstat(archive);
    const refused = await person.barnraiser('export', reference, `oci-archive:${archive}`, '--json');
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stderr)).toMatchObject({ problem: { code: 'image.destination' } });
    expect((await lstat(archive)).ino).toBe(before.ino);
    const done = await person.mustRun('export', reference, `oci-archive:${archive}`, '--force', '--json');
    expect(JSON.parse(done.trim().split('\n').at(-1) ?? '')).toMatchObject({ status: 'done', path: archive });
    expect((await lstat(archive)).ino).not.toBe(before.ino);
    expect((await readdir(path())).filter((each) => each.includes('.part'))).toEqual([]);
    const other = await person.barnraiser('export', reference, `docker-archive:${path('s390x.tar')}@linux/s390x`);
    expect(other.stderr).toContain(`${reference} has no image for linux/s390x.`);
    expect(await readdir(path())).not.toContain('s390x.tar');
  });
});

/** The entries of `tar -tv` by their paths, without a prefix. Which of hard links comes first says nothing. */
function entriesOf(listing: string, prefix = ''): Map<string, string> {
  const entries = listing.split('\n').flatMap((line): [string, string][] => {
    const [, mode = '', owner = '', size = '', time = '', rest = ''] =
      /^(\S+)\s+(\S+)\s+(\d+) (\S+ \S+) (.*)$/.exec(line) ?? [];
    const [whole = '', target] = rest.split(/ link to /);
    if (!whole.startsWith(prefix) || whole === prefix || whole === './') {
      return [];
    }
    const path = whole.slice(prefix.length);
    const isHard = target !== undefined || path.startsWith('w/keep/') || path.startsWith('bin/');
    return [[path, [isHard ? `-${mode.slice(1)}` : mode, owner, isHard ? '' : size, time].join(' ')]];
  });
  return new Map(entries);
}
