import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageOptionsSchema } from '../../shared/linuxkit.ts';
import { Failure, fail } from '../../shared/problem.ts';
import { parseBuildYml } from './build-yml.ts';
import { readDockerImages } from './docker-images.ts';
import { expandBuildArg } from './package-tag.ts';
import { describePackages } from './packages.ts';

let root: string;
const nothing = {
  find: async () => {
    throw fail('image.unknown', 'There is no image.', 'Build it.');
  },
};

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'barnraiser-packages-')));
  await write('pkg/one/build.yml', 'image: one\nbuildArgs:\n- GIVEN=yes\n- TWO=@lkt:pkg:../two\n');
  await write('pkg/one/Dockerfile', 'ARG TWO\nFROM $TWO\nARG PKG_IMAGE\nARG SOURCE\n');
  await write('pkg/two/build.yml', 'image: two-2\narches: [amd64]\nnetwork: yes\ngitrepo: ""\n');
  await write('pkg/two/Dockerfile', 'FROM scratch\n');
  await write('pkg/none/build.yml', 'image: none\narches:\n');
  execFileSync('git', ['-C', root, 'init', '--quiet']);
  const author = ['-c', 'user.name=Anna', '-c', 'user.email=anna@example.com'];
  execFileSync('git', ['-C', root, 'add', '--all']);
  execFileSync('git', ['-C', root, ...author, 'commit', '--quiet', '--message=x']);
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

function tree(path: string): string {
  return execFileSync('git', ['-C', root, 'rev-parse', `HEAD:${path}`], { encoding: 'utf8' }).trim();
}

function describeFolders(names: readonly string[], options: Parameters<typeof packageOptionsSchema.parse>[0] = {}) {
  const folders = names.map((name) => join(root, 'pkg', name));
  return describePackages(folders, packageOptionsSchema.parse(options), nothing);
}

async function messageOf(work: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof work === 'function' ? work() : work);
    return 'none';
  } catch (error) {
    return error instanceof Failure ? `${error.problem.message} ${error.problem.fix}` : String(error);
  }
}

describe('build.yml', () => {
  test('has the defaults of LinuxKit', () => {
    expect(parseBuildYml('image: x\n', 'build.yml')).toMatchObject({
      ...{ org: 'linuxkit', tag: '{{.Hash}}', arches: ['amd64', 'arm64', 'riscv64'], network: false },
      ...{ gitRepo: 'https://github.com/linuxkit/linuxkit', dockerfile: 'Dockerfile', disableCache: false },
    });
  });

  test.each([
    ['binds: [a, b]', '{"binds":["a","b"]}'],
    ['pid: host\n  capabilities: [all]', '{"capabilities":["all"],"pid":"host"}'],
    ['capabilities.add: []', '{"capabilities.add":[]}'],
    ['readonly: no', '{"readonly":false}'],
    ['oomScoreAdj: -800', '{"oomScoreAdj":-800}'],
    ['env: [A=<1>&2]', '{"env":["A=\\u003c1\\u003e\\u00262"]}'],
    ['uid: 0x10\n  gid: staff', '{"uid":16,"gid":"staff"}'],
    ['sysctl: {b: 1, a: 2}', '{"sysctl":{"a":"2","b":"1"}}'],
    [
      'devices: [{path: /dev/x, type: c, major: 1, mode: 0666}]',
      '{"devices":[{"path":"/dev/x","type":"c","major":1,"minor":0,"mode":"0666"}]}',
    ],
    ['mounts: [{type: tmpfs, destination: /t}]', '{"mounts":[{"destination":"/t","type":"tmpfs"}]}'],
    ['runtime: {mkdir: [/a]}', '{"runtime":{"mkdir":["/a"],"bindNS":{}}}'],
    ['resources: {memory: {limit: 010}, cpu: {cpus: 0}}', '{"resources":{"memory":{"limit":8},"cpu":{"cpus":"0"}}}'],
  ])('%s is the label that LinuxKit writes', (text, label) => {
    expect(parseBuildYml(`image: x\nconfig:\n  ${text}\n`, 'build.yml').config).toBe(label);
  });

  test.each([
    ['image: x\norgs: y\n', 'line 2: A LinuxKit package has no field "orgs". Did you mean org?'],
    ['image: x\nconfig: {bind: [a]}\n', 'config has no field "bind". Did you mean binds?'],
    ['image: x\narches: amd64\n', 'arches must be a list.'],
    ['image: x\nnetwork: maybe\n', 'network must be true or false.'],
    ['org: x\n', 'does not say the name of the image'],
  ])('%j is refused', async (text, message) => {
    expect(await messageOf(() => parseBuildYml(text, 'build.yml'))).toContain(message);
  });
});

test('packages become images to build, those that others use first', async () => {
  const { packages, images } = await describeFolders(['one', 'two', 'none']);
  const two = `linuxkit/two-2:${tree('pkg/two')}`;
  expect(packages.map(({ tag, platforms }) => [tag, platforms.length])).toEqual([
    [`linuxkit/one:${tree('pkg/one')}`, 3],
    [two, 1],
    [`linuxkit/none:${tree('pkg/none')}`, 0],
  ]);
  const [one, other] = images;
  expect(images).toHaveLength(2);
  expect(one).toMatchObject({ depends: { [two]: 'two-2' }, request: { network: 'none', existing: 'skip' } });
  expect(one?.request.buildArgs).toEqual({
    ...{ GIVEN: 'yes', TWO: two, PKG_IMAGE: 'linuxkit/one', SOURCE: 'https://github.com/linuxkit/linuxkit' },
  });
  expect(other?.request).toMatchObject({ network: 'default', reference: `docker.io/${two}` });
  expect(other?.request.labels).not.toHaveProperty('org.opencontainers.image.source');
});

test('what a person chose wins', async () => {
  const options = {
    org: 'example.com/team',
    force: true,
    network: false,
    skipPlatforms: ['linux/arm64'],
    dev: { user: 'anna' },
  };
  const { packages, images } = await describeFolders(['one'], options);
  expect(packages[0]).toMatchObject({
    reference: 'example.com/team/one:dev',
    platforms: ['linux/amd64', 'linux/riscv64'],
  });
  expect(images[0]?.request).toMatchObject({ existing: 'build', network: 'none' });
  expect(await messageOf(describeFolders(['one'], { hashCommit: 'HEAD~1' }))).toContain('checked out');
  expect(await messageOf(describeFolders(['one'], { release: 'v1' }))).toContain('Add --push');
  expect(await messageOf(describeFolders(['one'], { force: true, pull: true }))).toContain('--force and --pull');
});

test('arguments have the tags of packages', async () => {
  const anchor = join(root, 'args');
  expect(await expandBuildArg('A=1=2', anchor)).toEqual([['A', '1=2']]);
  expect(await expandBuildArg('P_%=@lkt:pkgs:pkg/[ot]*', anchor)).toEqual([
    ['P_LINUXKIT_ONE', `linuxkit/one:${tree('pkg/one')}`],
    ['P_LINUXKIT_TWO_2', `linuxkit/two-2:${tree('pkg/two')}`],
  ]);
  expect(await messageOf(expandBuildArg('P=@lkt:pkgs:pkg/*', anchor))).toContain('needs a %');
  expect(await messageOf(expandBuildArg('P=@lkt:branch', anchor))).toContain('which is not known');
  expect(await messageOf(expandBuildArg('P_%=@lkt:pkgs:nowhere/*', anchor))).toContain('No folder is called');
});

test('an extra source outside the repository needs permission', async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'barnraiser-elsewhere-'));
  execFileSync('git', ['-C', elsewhere, 'init', '--quiet']);
  await writeFile(join(elsewhere, 'file'), 'x');
  const author = ['-c', 'user.name=Anna', '-c', 'user.email=anna@example.com'];
  execFileSync('git', ['-C', elsewhere, 'add', '--all']);
  execFileSync('git', ['-C', elsewhere, ...author, 'commit', '--quiet', '--message=x']);
  await write('pkg/reaches/build.yml', `image: reaches\nextra-sources: ["${elsewhere}:/in"]\n`);
  await write('pkg/reaches/Dockerfile', 'FROM scratch\n');
  execFileSync('git', ['-C', root, 'add', '--all']);
  execFileSync('git', ['-C', root, ...author, 'commit', '--quiet', '--message=y']);
  const { permissions } = await describeFolders(['reaches']);
  expect(permissions).toMatchObject([{ kind: 'fs.read', path: await realpath(elsewhere) }]);
  const allowed = await describeFolders(['reaches'], { allow: [`fs.read=${elsewhere}`] });
  expect(allowed.permissions).toEqual([]);
  expect(allowed.images[0]?.request.sources).toEqual([{ from: await realpath(elsewhere), to: '/in' }]);
  await rm(elsewhere, { recursive: true });
});

describe('the images whose archives a package has', () => {
  const digest = `sha256:${'12'.repeat(32)}`;
  const read = (fields: object) =>
    readDockerImages(join(root, 'pkg/two'), { list: [], ...fields }, 'build.yml').then(
      (archives) => archives,
      (error: unknown) => (error instanceof Failure ? error.problem.message : String(error)),
    );

  test('are listed in build.yml, or in a file of the package', async () => {
    await write('pkg/two/images.lst', `# pinned\n\n  redis:7@${digest}\r\nredis:7@${digest}\n`);
    expect(await read({ fromFile: 'images.lst', targetDir: './images/' })).toEqual({
      images: [`redis:7@${digest}`],
      to: 'images',
      kind: 'folder',
    });
    expect(await read({ list: [`host:5000/a/b@${digest}`], target: 'all.tar' })).toMatchObject({ kind: 'file' });
    expect(await read({ targetDir: 'images' })).toBeUndefined();
  });

  test.each([
    [{ list: [`redis@${digest}`], target: 'a', targetDir: 'b' }, /both target and target-dir/],
    [{ list: [`redis@${digest}`], fromFile: 'images.lst', target: 'a' }, /both list and from-file/],
    [{ list: [`redis@${digest}`] }, /does not say where/],
    [{ list: ['redis:7'], target: 'a' }, /redis:7 without a digest/],
    [{ list: ['redis@sha256:12'], target: 'a' }, /names the image redis@sha256:12/],
    [{ list: [`redis@${digest}`], target: '../a' }, /\.\.\/a, which is not in the package/],
    [{ list: [`redis@${digest}`], targetDir: '/etc' }, /\/etc, which is not in the package/],
    [{ list: [`redis@${digest}`], targetDir: '.' }, /\., which is not in the package/],
    [{ fromFile: '../../../etc/passwd', target: 'a' }, /which is not in the package/],
    [{ fromFile: 'none.lst', target: 'a' }, /none\.lst, which does not exist/],
  ])('are refused if they are not valid', async (fields, message) => {
    expect(await read(fields)).toMatch(message);
  });
});

test('files of a package that are links to elsewhere need permission', async () => {
  const outside = await mkdtemp(join(tmpdir(), 'barnraiser-outside-'));
  await writeFile(join(outside, 'secret'), 'FROM scratch\nLABEL a=secret\n');
  await write('pkg/linked/build.yml', 'image: linked\narches: [amd64]\n');
  await symlink(join(outside, 'secret'), join(root, 'pkg/linked/Dockerfile'));
  try {
    const { permissions } = await describeFolders(['linked'], { hash: 'x' });
    expect(permissions).toEqual([
      { kind: 'fs.read', path: join(await realpath(outside), 'secret'), reason: 'linked: its Dockerfile' },
    ]);
  } finally {
    await rm(outside, { recursive: true });
  }
});
