/** What we write is read by podman, docker and skopeo, and what they write is read by us, with the digests that the formats keep. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeProject, Person, setUpLab } from './harness.ts';
import { mustRun } from './lab/command.ts';
import { runOnNode } from './lab/lab.ts';
import { nodeFolder, nodeRow } from './lab/node-table.ts';
import { ensureInstalled } from './lab/packages.ts';

const lab = await setUpLab();
const unique = randomBytes(4).toString('hex');
const name = `trip-${unique}`;
const reference = `${name}:1`;
const podman = 'amd-b';
const docker = 'docker-a';
let person: Person;
let project: string;
/** Folders of this machine that the nodes have as `/run/node/NAME`. */
const shared = new Map<string, string>();
/** Of the image as it was built, by platform: the digests of its manifest, its configuration and its layers without compression. */
const built = new Map<string, Described>();

interface Described {
  readonly digest: string;
  readonly config: string;
  readonly diffIds: readonly string[];
}

beforeAll(async () => {
  person = await Person.create();
  await person.addConnections(lab.node(podman));
  project = await makeProject({
    Containerfile: `FROM scratch\nCOPY data /data\nCOPY unique /unique\nLABEL trip=${unique}\nCMD ["/unique"]\n`,
    data: Buffer.alloc(200_000, 'a repeated text '),
    unique,
  });
  await person.mustRun('build', '-t', reference, '--node', podman, '--platform', 'linux/amd64,linux/arm64', project);
  for (const [platform, image] of await described(reference)) {
    built.set(platform, image);
  }
  for (const node of [podman, docker]) {
    const folder = await mkdtemp(join(nodeFolder(nodeRow(node)), 'trips-'));
    await chmod(folder, 0o755);
    shared.set(node, folder);
  }
});
afterAll(async () => {
  await runOnNode(podman, `podman images -q --filter label=trip=${unique} | sort -u | xargs -r podman rmi -f`);
  await runOnNode(docker, `docker images -q --filter label=trip=${unique} | sort -u | xargs -r docker rmi -f`);
  await Promise.all([...shared.values()].map((folder) => rm(folder, { recursive: true })));
  await person.remove();
  await rm(project, { recursive: true });
});

const here = (node: string, ...parts: string[]): string => join(shared.get(node) ?? '', ...parts);
const there = (node: string, ...parts: string[]): string =>
  join('/run/node', basename(shared.get(node) ?? ''), ...parts);
const amd64 = (): Described => built.get('linux/amd64') ?? expect.fail('no amd64');

/** Runs commands on a node, which end with the first that fails. */
async function onNode(node: string, ...commands: string[]): Promise<string> {
  const { code, stdout, stderr } = await runOnNode(node, `set -e; ${commands.join('; ')}`);
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  return stdout.trim();
}

async function described(image: string): Promise<Map<string, Described>> {
  const { images } = JSON.parse(await person.mustRun('inspect', image, '--json'));
  return new Map(
    images.map((each: { platform: string; digest: string; configDigest: string; layers: { diffId: string }[] }) => [
      each.platform,
      { digest: each.digest, config: each.configDigest, diffIds: each.layers.map(({ diffId }) => diffId) },
    ]),
  );
}

async function digestOf(image: string): Promise<string | undefined> {
  const lists: { reference: string; digest: string }[] = JSON.parse(await person.mustRun('images', '--json'));
  return lists.flat().find((list) => list.reference === image)?.digest;
}

/** Loads what another tool has written, under a name of its own, and removes it again. */
async function loaded(path: string, ...args: string[]): Promise<Map<string, Described>> {
  await person.mustRun('load', path, '-t', 'loaded:1', ...args);
  const images = await described('loaded:1');
  await person.mustRun('rm', 'loaded:1');
  return images;
}

describe('what we write', () => {
  beforeAll(async () => {
    const outputs = ['oci-archive:oci.tar', 'oci:layout', 'dir:dir', 'docker-archive:docker.tar@linux/amd64'];
    await person.mustRun('export', reference, ...outputs.map((each) => each.replace(':', `:${here(podman)}/`)));
    await person.mustRun('export', reference, `docker-archive:${here(docker, 'docker.tar')}@linux/amd64`);
  });

  test.each([
    ['podman load', 'oci.tar', 'podman load -q -i'],
    ['podman load', 'docker.tar', 'podman load -q -i'],
    ['podman pull', 'oci:layout', 'podman pull -q'],
    ['podman pull', 'oci-archive:oci.tar', 'podman pull -q'],
    ['podman pull', 'docker-archive:docker.tar', 'podman pull -q'],
    ['podman pull', 'dir:dir', 'podman pull -q'],
  ])('is read by %s from %s', async (_, source, command) => {
    const [transport, file] = source.includes(':') ? source.split(':') : [undefined, source];
    const path = `${transport ? `${transport}:` : ''}${there(podman, file ?? '')}`;
    const inspect = `podman image inspect --format '{{.Id}} {{.Digest}} {{.Architecture}}'`;
    const last = await onNode(
      podman,
      `id=$(${command} ${path} | tail -n 1 | sed 's/.*: //')`,
      `${inspect} $id`,
      'podman rmi -f $id > /dev/null',
    );
    const [id, digest, architecture] = last.split(' ');
    expect([`sha256:${id}`, architecture]).toEqual([amd64().config, 'amd64']);
    if (source !== 'docker.tar' && !source.startsWith('docker-archive:')) {
      expect([amd64().digest, await digestOf(reference)]).toContain(digest);
    }
  });

  test('is read by docker load', async () => {
    const printed = await onNode(docker, `docker load -q -i ${there(docker, 'docker.tar')}`);
    expect(printed).toContain(reference);
    const inspect = `docker image inspect --format '{{.Id}} {{json .RootFS.Layers}}' ${reference}`;
    const [id, layers = ''] = (await onNode(docker, inspect, `docker rmi ${reference} > /dev/null`)).split(' ');
    expect([id, JSON.parse(layers)]).toEqual([amd64().config, amd64().diffIds]);
  });

  test('is read by buildah, and what that writes by us', async () => {
    await ensureInstalled(['buildah']);
    const folder = await mkdtemp(join(tmpdir(), 'barnraiser-buildah-'));
    const policy = join(folder, 'policy.json');
    await writeFile(policy, '{"default":[{"type":"insecureAcceptAnything"}]}');
    const storage = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
    const buildah = async (verb: string, ...args: string[]): Promise<string> =>
      // it makes names of paths, which may not have uppercase letters
      (
        await mustRun([
          'env',
          '-C',
          here(podman),
          'buildah',
          ...storage,
          verb,
          '--quiet',
          '--signature-policy',
          policy,
          ...args,
        ])
      ).trim();
    try {
      for (const source of ['oci:layout', 'oci-archive:oci.tar', 'docker-archive:docker.tar', 'dir:dir']) {
        const id = await buildah('pull', source);
        expect(`sha256:${id}`, source).toBe(amd64().config);
      }
      await buildah('push', amd64().config.slice('sha256:'.length), `oci-archive:${join(folder, 'back.tar')}:back:1`);
      const back = (await loaded(join(folder, 'back.tar'))).get('linux/amd64');
      expect(back?.diffIds).toEqual(amd64().diffIds);
      expect(back?.config).toBe(amd64().config);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('what others write', () => {
  test('podman: in each of its formats, and several images in one archive', async () => {
    const save = (format: string, file: string, ...images: string[]): string =>
      `podman save -q ${images.length > 1 ? '-m' : ''} --format ${format} -o ${there(podman, file)} ${images.join(' ')}`;
    const own = `localhost/${reference}`;
    await person.mustRun('export', reference, `node:${podman}`, '--platform', 'linux/amd64');
    await onNode(
      podman,
      `podman tag ${own} localhost/${name}-second:2`,
      save('oci-archive', 'saved-oci.tar', own),
      save('docker-archive', 'saved-docker.tar', own),
      save('oci-dir', 'saved-oci', own),
      save('docker-dir', 'saved-dir', own),
      save('docker-archive', 'saved-both.tar', own, `localhost/${name}-second:2`),
      `podman rmi ${own} localhost/${name}-second:2 > /dev/null`,
    );
    for (const file of ['saved-oci.tar', 'saved-docker.tar', 'saved-oci', 'saved-dir']) {
      const images = await loaded(here(podman, file));
      expect([...images.keys()], file).toEqual(['linux/amd64']);
      expect(images.get('linux/amd64')?.diffIds, file).toEqual(amd64().diffIds);
      if (file !== 'saved-dir') {
        // docker's format has another manifest, and podman writes the configuration of that anew
        expect(images.get('linux/amd64')?.config, file).toEqual(amd64().config);
      }
    }
    expect(await person.mustRun('load', here(podman, 'saved-both.tar'))).toContain(`Loaded ${name}-second:2`);
    await person.mustRun('rm', `${name}-second:2`);
  });

  test('docker: one image, and several in one archive', async () => {
    await person.mustRun('export', reference, `docker-archive:${here(docker, 'given.tar')}@linux/amd64`);
    await onNode(
      docker,
      `docker load -q -i ${there(docker, 'given.tar')}`,
      `docker tag ${reference} ${name}-second:2`,
      `docker save -o ${there(docker, 'one.tar')} ${reference}`,
      `docker save -o ${there(docker, 'both.tar')} ${reference} ${name}-second:2`,
      `docker rmi ${reference} ${name}-second:2`,
    );
    const images = await loaded(here(docker, 'one.tar'));
    expect(images.get('linux/amd64')).toMatchObject({ config: amd64().config, diffIds: amd64().diffIds });
    expect(await person.mustRun('load', here(docker, 'both.tar'))).toContain(`Loaded ${name}-second:2`);
    expect((await described(`${name}-second:2`)).get('linux/amd64')?.config).toBe(amd64().config);
    await person.mustRun('rm', `${name}-second:2`);
  });

  test('skopeo: each transport, with all platforms or one, and layers in zstd', async () => {
    // what others have saved has replaced the name
    const digest = await restored();
    const layout = `oci:${join(person.home, 'images')}:${reference}`;
    const folder = join(person.home, 'skopeo');
    await mkdir(folder);
    const copies: readonly (readonly [target: string, all: boolean, zstd?: boolean])[] = [
      ['dir:dir', true],
      ['oci:layout:x', true],
      ['oci-archive:oci.tar:x', true],
      ['oci:single:x', false],
      ['docker-archive:docker.tar:x:1', false],
      ['oci:zstd:x', true, true],
    ];
    for (const [target, all, zstd] of copies) {
      const path = target.replace(':', `:${folder}/`);
      const more = [...(all ? ['--all'] : []), ...(zstd ? ['--dest-compress-format', 'zstd'] : [])];
      await mustRun(['skopeo', 'copy', '-q', ...more, ...(zstd ? ['--dest-compress'] : []), layout, path]);
      const file = join(folder, target.split(':')[1] ?? '');
      await person.mustRun('load', file, '-t', 'loaded:1');
      if (all && !zstd) {
        expect(await digestOf('loaded:1'), target).toBe(digest);
      }
      const images = await described('loaded:1');
      expect(images.get('linux/amd64')?.diffIds, target).toEqual(amd64().diffIds);
      expect(images.get('linux/arm64')?.config, target).toBe(all ? built.get('linux/arm64')?.config : undefined);
      if (zstd) {
        expect(await person.mustRun('inspect', 'loaded:1', '--json')).toContain('tar+zstd');
        // layers in zstd are unpacked here, and by engines
        await person.mustRun('export', 'loaded:1', `rootfs:${join(folder, 'root')}`, '--platform', 'linux/arm64');
        expect(await readFile(join(folder, 'root', 'unique'), 'utf8')).toBe(unique);
        expect((await person.mustRun('files', 'loaded:1', '/unique', '-o', '-')).trim()).toBe(unique);
        await person.mustRun(
          'export',
          'loaded:1',
          `node:${podman}:localhost/${name}-zstd:1`,
          '--platform',
          'linux/amd64',
        );
        const id = `podman image inspect --format '{{.Id}}' localhost/${name}-zstd:1`;
        expect(`sha256:${await onNode(podman, id)}`).toBe(amd64().config);
      }
    }
    expect((await person.barnraiser('verify')).code).toBe(0);
  });
});

/** The digest of the list with both platforms, which has its name again. */
async function restored(): Promise<string> {
  await person.mustRun('load', here(podman, 'oci.tar'), '-t', reference);
  return (await digestOf(reference)) ?? expect.fail('not loaded');
}
