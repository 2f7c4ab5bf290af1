/** LinuxKit packages: tags by content, what is there is skipped, pushes and releases. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { bakeSchema } from '../shared/bake.ts';
import type { Build } from '../shared/build.ts';
import { manifestListSchema } from '../shared/image.ts';
import { makeProject, type Outcome, Person, parseBuild, setUpLab } from './harness.ts';
import { run } from './lab/command.ts';
import { engineSocketOn, runOnNode } from './lab/lab.ts';
import { findFreePort } from './lab/ports.ts';

const lab = await setUpLab();
const stamp = `pkg-${Date.now()}`;
const registry = lab.registry.address;
const org = `${registry}/${stamp}`;
let person: Person;
/** Has the same repository, and neither images nor nodes. */
let other: Person;
let root: string;

beforeAll(async () => {
  person = await Person.create();
  other = await Person.create();
  await person.addConnections(lab.node('amd-a'));
  root = await makeProject({
    'base/build.yml': [
      'image: base',
      `org: ${org}`,
      'arches: [amd64, arm64]',
      'gitrepo: https://example.com/packages',
      'config:',
      '  pid: host',
      '  binds: ["/dev:/<dev>"]',
      '  env: ["A=$HOME"]',
      '  devices:',
      '    - {path: all, type: c, mode: 0666}',
      '',
    ].join('\n'),
    'base/Dockerfile': 'FROM scratch\nARG PKG_HASH\nLABEL made.of=$PKG_HASH\nCOPY base.txt /\n',
    'base/base.txt': stamp,
    'app/build.yml': [
      'image: app',
      `org: ${org}`,
      'arches: [amd64]',
      'extra-sources: ["../shared:lib"]',
      'buildArgs: ["BASE=@lkt:pkg:../base", "ALL_%=@lkt:pkgs:../b*"]',
      '',
    ].join('\n'),
    'app/Dockerfile': `ARG BASE\nFROM \${BASE}\nCOPY lib/shared.txt /\n`,
    'shared/shared.txt': `shared ${stamp}`,
    'plain/Containerfile': 'FROM scratch\nCOPY . /\n',
    'plain/.dockerignore': 'notes\n',
    'plain/.gitignore': 'made\n',
    '.gitattributes': '',
  });
  git('init', '--quiet', '--initial-branch=main');
  commit();
});
afterAll(async () => {
  await Promise.all([person.remove(), other.remove(), rm(root, { recursive: true, force: true })]);
});

function git(...args: string[]): string {
  const author = ['-c', 'user.name=Anna', '-c', 'user.email=anna@example.com'];
  return execFileSync('git', ['-C', root, ...author, ...args], { encoding: 'utf8' }).trim();
}

function commit(): void {
  git('add', '--all');
  git('commit', '--quiet', '--message=x');
}

function tree(folder: string): string {
  return /^040000 tree (\w+)/.exec(git('ls-tree', 'HEAD', '--', folder))?.[1] ?? '';
}

function sha(kind: string, text: string): string {
  return createHash(kind).update(text).digest('hex');
}

function pkg(who: Person, command: string, ...args: string[]): Promise<Outcome> {
  return who.barnraiser('pkg', command, '--json', '--tls-verify=false', ...args);
}

const baseFolder = (): string => join(root, 'base');
const appFolder = (): string => join(root, 'app');

/** Which platforms were built, and where the others were. */
function madeOf({ jobs }: Build): Record<string, string> {
  return Object.fromEntries(jobs.map(({ platform, foundIn, status }) => [platform, foundIn ?? status]));
}

async function tagsOf(name: string): Promise<string[]> {
  const response = await fetch(`http://${registry}/v2/${stamp}/${name}/tags/list`);
  return (
    z
      .object({ tags: z.array(z.string()).nullable() })
      .parse(await response.json())
      .tags?.sort() ?? []
  );
}

/** The digest of a tag in the registry, and the platforms of its list. */
async function remoteList(name: string, tag: string): Promise<{ digest: string | null; platforms: string[] }> {
  const accept = 'application/vnd.oci.image.index.v1+json';
  const response = await fetch(`http://${registry}/v2/${stamp}/${name}/manifests/${tag}`, { headers: { accept } });
  const platform = z.object({ architecture: z.string() });
  const list = z.object({ manifests: z.array(z.object({ platform })) }).parse(await response.json());
  return {
    digest: response.headers.get('docker-content-digest'),
    platforms: list.manifests.map((entry) => entry.platform.architecture),
  };
}

async function storedList(who: Person, reference: string) {
  const text = await who.mustRun('images', '--json');
  return z
    .array(manifestListSchema)
    .parse(JSON.parse(text))
    .find((list) => list.reference === reference);
}

test('tags are the hashes that git and LinuxKit give folders', async () => {
  const shown = await person.mustRun('pkg', 'show-tag', baseFolder(), appFolder());
  const app = sha('sha1', tree('app') + tree('shared'));
  expect(shown.split('\n')).toEqual([`${org}/base:${tree('base')}`, `${org}/app:${app}`, '']);
  const options = ['--org', 'team', '--canonical', '--hash-path', root, '--tag', 'v1-{{.Hash}}'];
  const top = git('rev-parse', 'HEAD^{tree}');
  expect(await person.mustRun('pkg', 'show-tag', ...options, baseFolder())).toBe(`docker.io/team/base:v1-${top}\n`);
});

test('packages are built in the order in which they need each other, and pushed', async () => {
  const outcome = await pkg(person, 'push', '--platforms', 'linux/amd64', appFolder(), baseFolder());
  expect(outcome.stderr).toBe('');
  const last = JSON.parse(outcome.stdout.trim().split('\n').at(-1) ?? '');
  const { images } = z.object({ bake: bakeSchema }).parse(last).bake;
  expect(images.map(({ name, status, dependsOn }) => [name, status, dependsOn])).toEqual([
    ['base', 'done', []],
    ['app', 'done', ['base']],
  ]);
  const [base, app] = await Promise.all(images.map(({ reference }) => storedList(person, reference)));
  expect(app?.entries[0]?.layers.map(({ digest }) => digest)).toContain(base?.entries[0]?.layers[0]?.digest);
  expect(await tagsOf('base')).toEqual([tree('base')]);
  const config = await configOf(person, base?.entries[0]?.digest ?? '');
  expect(config.Labels).toEqual({
    'made.of': tree('base'),
    'org.mobyproject.config':
      '{"binds":["/dev:/\\u003cdev\\u003e"],"devices":[{"path":"all","type":"c","major":0,"minor":0,"mode":"0666"}],"env":["A=$HOME"],"pid":"host"}',
    'org.mobyproject.linuxkit.version': expect.stringMatching(/^barnraiser-/),
    'org.mobyproject.linuxkit.revision': 'unknown',
    'org.opencontainers.image.source': 'https://example.com/packages',
    'org.opencontainers.image.revision': git('rev-parse', 'HEAD'),
    'io.buildah.version': expect.anything(),
  });
});

async function configOf(who: Person, image: string): Promise<{ Labels: Record<string, string> }> {
  const blob = async (digest: string) =>
    JSON.parse(await readFile(join(who.home, 'images', 'blobs', 'sha256', digest.replace('sha256:', '')), 'utf8'));
  return (await blob((await blob(image)).config.digest)).config;
}

test('only the platform that is missing is built, and the registry keeps the other', async () => {
  const before = await remoteList('base', tree('base'));
  const build = parseBuild(await pkg(person, 'push', baseFolder()));
  expect(madeOf(build)).toEqual({ 'linux/amd64': 'storage', 'linux/arm64': 'done' });
  expect(before.platforms).toEqual(['amd64']);
  expect(await remoteList('base', tree('base'))).toEqual({ digest: build.push?.digest, platforms: ['amd64', 'arm64'] });
});

test('what the registry has is skipped without any node, and pulled when asked', async () => {
  const reference = `${org}/base:${tree('base')}`;
  const skipped = parseBuild(await pkg(other, 'build', baseFolder()));
  expect(madeOf(skipped)).toEqual({ 'linux/amd64': 'registry', 'linux/arm64': 'registry' });
  expect(await storedList(other, reference)).toBeUndefined();
  const pulled = parseBuild(await pkg(other, 'build', '--pull', baseFolder()));
  expect(madeOf(pulled)).toEqual({ 'linux/amd64': 'storage', 'linux/arm64': 'storage' });
  expect(await storedList(other, reference)).toMatchObject({ digest: skipped.foundDigest });
  const missing = await pkg(other, 'push', '--nobuild', '--platforms', 'linux/s390x', baseFolder());
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('image.unknown') });
});

test('a registry that does not answer ends a build: it is not known what it has', async () => {
  const closed = `127.0.0.1:${await findFreePort()}`;
  const { code, stderr } = await pkg(person, 'build', '--org', `${closed}/${stamp}`, baseFolder());
  expect(code).toBe(1);
  expect(stderr).toContain('registry.unreachable');
  expect(stderr).toContain(`It is not known whether the registry has ${closed}/${stamp}/base`);
});

test('a release tag stays at its list', async () => {
  const first = parseBuild(await pkg(person, 'push', '--release', 'v1', '--arch-tags', baseFolder()));
  expect(first.push?.status).toBe('done');
  const tags = [tree('base'), 'v1'].flatMap((tag) => [tag, `${tag}-amd64`, `${tag}-arm64`]);
  expect(await tagsOf('base')).toEqual(tags.sort());
  const here = await storedList(person, `${org}/base:${tree('base')}`);
  expect(await storedList(person, `${org}/base:v1`)).toMatchObject({ digest: here?.digest });
  const again = parseBuild(await pkg(other, 'push', '--release', 'v1', baseFolder()));
  expect(again.push).toMatchObject({ status: 'done', digest: first.push?.digest });
  const forced = ['--force', '--disable-cache', '--release', 'v1', '--platforms', 'linux/amd64'];
  const outcome = await pkg(person, 'push', ...forced, baseFolder());
  const { push } = parseBuild(outcome);
  const now = await remoteList('base', tree('base'));
  expect(outcome.code).toBe(1);
  expect(push).toMatchObject({ status: 'failed', problem: { code: 'image.released' } });
  expect(push?.problem?.message).toContain(first.push?.digest);
  expect(push?.problem?.message).toContain(now.digest);
  expect(now.platforms).toEqual(['amd64', 'arm64']);
  expect(await remoteList('base', 'v1')).toMatchObject({ digest: first.push?.digest });
});

test.each(['docker-a', 'buildkit-a'])('packages are built, skipped, pulled and released with %s, too', async (node) => {
  const own = ['--org', `${org}/${node}`, '--node', node, '--platforms', 'linux/amd64'];
  const name = `${node}/base`;
  await person.addConnections(lab.node(node));
  const first = parseBuild(await pkg(person, 'push', ...own, '--release', 'v1', '--arch-tags', baseFolder()));
  expect(madeOf(first)).toEqual({ 'linux/amd64': 'done' });
  expect(await tagsOf(name)).toEqual([tree('base'), 'v1'].flatMap((tag) => [tag, `${tag}-amd64`]).sort());
  expect(await storedList(person, `${org}/${name}:v1`)).toMatchObject({ digest: first.push?.digest });
  expect(madeOf(parseBuild(await pkg(person, 'build', ...own, baseFolder())))).toEqual({ 'linux/amd64': 'storage' });
  // nothing is stored and no node is known
  const there = own.filter((word) => word !== '--node' && word !== node);
  expect(madeOf(parseBuild(await pkg(other, 'build', ...there, baseFolder())))).toEqual({
    'linux/amd64': 'registry',
  });
  const pulled = parseBuild(await pkg(other, 'build', '--pull', ...there, baseFolder()));
  expect(madeOf(pulled)).toEqual({ 'linux/amd64': 'storage' });
});

test('packages are loaded into docker, other platforms with their architecture at the end of the tag', async () => {
  const socket = `unix://${await engineSocketOn('docker-a')}`;
  const docker = await Person.create({ DOCKER_HOST: socket });
  await docker.addConnections(lab.node('amd-a'));
  const loaded = `${org}-docker`;
  const build = parseBuild(
    await pkg(docker, 'build', '--docker', '--org', loaded, '--force', '--no-skip', baseFolder()),
  );
  await docker.remove();
  const tag = tree('base');
  expect(build.outputs).toMatchObject([
    { status: 'done', images: [`${loaded}/base:${tag}`, `${loaded}/base:${tag}-arm64`] },
  ]);
  const format = "--format '{{.Tag}} {{.ID}}'";
  const { stdout } = await runOnNode('docker-a', `docker image ls ${format} ${loaded}/base`);
  const found = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[0]);
  expect(found.sort()).toEqual([tag, `${tag}-arm64`]);
  await runOnNode('docker-a', `docker image rm ${found.map((each) => `${loaded}/base:${each}`).join(' ')}`);
});

test('a project of any kind is tagged by its content', async () => {
  const folder = join(root, 'plain');
  const build = (...args: string[]) =>
    person.build(
      '--tag-by-content',
      '--skip-existing',
      '--platform',
      'linux/amd64',
      '-t',
      `${org}/plain`,
      ...args,
      folder,
    );
  await writeFile(join(folder, 'notes'), 'not sent');
  await writeFile(join(folder, 'made'), 'sent');
  const { build: clean } = await build('--push', '--tls-verify=false', '--release', 'v2', '--arch-tags');
  expect(clean.contentTag).toEqual({
    tag: tree('plain'),
    hash: tree('plain'),
    isDirty: false,
    notes: ['Git ignores made, which the nodes get: the tag does not tell changes in it.'],
  });
  expect(await tagsOf('plain')).toEqual([tree('plain'), `${tree('plain')}-amd64`, 'v2', 'v2-amd64'].sort());
  expect(madeOf((await build()).build)).toEqual({ 'linux/amd64': 'storage' });
});

test('changed files have a tag of their own, are built each time and never pushed', async () => {
  await writeFile(join(root, 'base/base.txt'), 'changed');
  await writeFile(join(root, 'base/new.txt'), 'new');
  const content = await Promise.all(
    ['Dockerfile', 'base.txt', 'build.yml', 'new.txt'].map((name) => readFile(join(root, 'base', name), 'utf8')),
  );
  const tag = `${tree('base')}-dirty-${sha('sha256', content.join('')).slice(0, 7)}`;
  expect(await person.mustRun('pkg', 'show-tag', baseFolder())).toBe(`${org}/base:${tag}\n`);
  const { code, stderr } = await pkg(person, 'push', baseFolder());
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('project.dirty') });
  const build = parseBuild(await pkg(person, 'build', '--platforms', 'linux/amd64', baseFolder()));
  expect(build).toMatchObject({ reference: `${org}/base:${tag}`, status: 'done', contentTag: { isDirty: true } });
  expect(madeOf(parseBuild(await pkg(person, 'build', '--platforms', 'linux/amd64', baseFolder())))).toEqual({
    'linux/amd64': 'done',
  });
});

test('archives of other images are in the context of a package, and not in its folder', async () => {
  const base = `${registry}/base`;
  const { stdout } = await run(['skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${base}:1`]);
  const image = `${base}:1@sha256:${sha('sha256', stdout)}`;
  const folder = join(root, 'loader');
  await mkdir(join(folder, 'images'), { recursive: true });
  await writeFile(join(folder, 'images/old.tar'), 'left by an earlier build');
  const fields = (to: string, from: string) =>
    `image: loader\norg: ${org}\ndepends:\n  docker-images:\n    ${to}\n    ${from}\n`;
  await writeFile(join(folder, 'build.yml'), fields('target-dir: images', 'from-file: images.lst'));
  await writeFile(join(folder, 'images.lst'), `# what is loaded\n${image}\n`);
  await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY images /images\n');
  const build = () => pkg(person, 'build', '--platforms', 'linux/amd64', '--hash', 'loader', '--force', folder);
  const done = parseBuild(await build());
  const files = await mkdtemp(join(tmpdir(), 'barnraiser-loader-'));
  await person.mustRun('export', done.reference, `rootfs:${files}/root`);
  const name = `base@${image.slice(image.indexOf('@') + 1)}.tar`;
  expect(await readdir(join(files, 'root/images'))).toEqual([name]);
  const archive = join(files, 'root/images', name);
  await rename(archive, join(files, 'base.tar'));
  const inspected = await run(['skopeo', 'inspect', '--raw', `docker-archive:${files}/base.tar:${base}:1`]);
  expect(JSON.parse(inspected.stdout)).toMatchObject({ layers: [expect.anything()] });
  expect(await readdir(join(folder, 'images'))).toEqual(['old.tar']);

  await writeFile(join(folder, 'build.yml'), fields('target: all.tar', `list: ["${image}"]`));
  await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\nADD all.tar /\n');
  const joined = parseBuild(await build());
  await person.mustRun('export', joined.reference, `rootfs:${files}/one`);
  expect(await readdir(join(files, 'one'))).toContain('manifest.json');
  await rm(files, { recursive: true });
  await writeFile(join(folder, 'build.yml'), fields('target: all.tar', `list: ["${base}:1"]`));
  const undigested = await build();
  expect(undigested.stderr).toContain('without a digest');
  await rm(folder, { recursive: true });
});
