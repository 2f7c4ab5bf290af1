/** Local storage: images are looked into, named, verified, repaired and loaded, and other tools read and write the same ones. */
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundledCli, makeProject, Person, setUpLab } from './harness.ts';
import { run } from './lab/command.ts';
import { runOnNode } from './lab/lab.ts';
import { nodeFolder, nodeRow } from './lab/node-table.ts';

const lab = await setUpLab();
const amdA = lab.node('amd-a');
const unique = randomBytes(4).toString('hex');
const name = `storage-${unique}:1`;
const pushed = `${lab.registry.address}/storage-${unique}:1`;
let person: Person;
let project: string;

beforeAll(async () => {
  person = await Person.create();
  await person.addConnections(amdA, lab.node('docker-a'));
  project = await makeProject({
    Containerfile: `${lab.from}ARG TARGETARCH\nCOPY data /srv/data\nRUN echo ${unique} > /srv/unique && rm -f /arch\nENV MODE=test\nLABEL team=storage\nUSER 1000\nEXPOSE 8080\nCMD ["cat", "/srv/unique"]\n`,
    data: randomBytes(200_000),
  });
  await person.mustRun('build', '-t', name, '--platform', 'linux/amd64', '--node', 'amd-a', project);
}, 180_000);
afterAll(async () => {
  await person.remove();
  await rm(project, { recursive: true });
});

// biome-ignore lint/suspicious/noExplicitAny: what the command prints is compared as it is
const json = async (...args: string[]): Promise<any[]> =>
  (await person.mustRun(...args, '--json'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const layout = (): string => `oci:${join(person.home, 'images')}:${name}`;
const digestIn = async (reference: string): Promise<string> =>
  (await json('images')).flat().find((list) => list.reference === reference)?.digest;

describe('what is known of an image', () => {
  test('is its configuration, its history and its layers', async () => {
    const [image] = await json('inspect', name);
    const [amd64] = image.images;
    expect(image).toMatchObject({
      reference: name,
      manifest: { schemaVersion: 2 },
      entries: [{ platform: 'linux/amd64' }],
    });
    expect(amd64.settings).toMatchObject({ cmd: ['cat', '/srv/unique'], user: '1000', ports: ['8080/tcp'] });
    expect(amd64.settings.env).toContainEqual({ name: 'MODE', value: 'test' });
    expect(amd64.settings.labels).toContainEqual({ name: 'team', value: 'storage' });
    const made = amd64.history.filter((step: { layer?: number }) => step.layer !== undefined);
    expect(made).toHaveLength(amd64.layers.length);
    expect(amd64.history.length).toBeGreaterThan(made.length);
    expect(image.freedBytes).toBeGreaterThan(200_000);
    const text = await person.mustRun('inspect', name, '--platform', 'linux/amd64');
    expect(text).toContain('Variable: MODE=test');
    const other = await person.barnraiser('inspect', name, '--platform', 'linux/s390x');
    expect(other.stderr).toContain('linux/amd64');
  });

  test('are its files, of the image and of each layer, and their content', async () => {
    const files = await json('files', name, '/srv');
    expect(files).toMatchObject([
      { path: '/srv/data', type: 'file', size: 200_000 },
      { path: '/srv/unique', size: unique.length + 1 },
    ]);
    expect(await person.mustRun('files', name, '/srv/unique', '-o', '-')).toBe(`${unique}\n`);
    const path = join(person.home, 'data');
    await person.mustRun('files', name, '/srv/data', '-o', path);
    expect((await readFile(path)).equals(await readFile(join(project, 'data')))).toBe(true);
    const [image] = await json('inspect', name);
    const all = await json('files', name, '-R');
    const single = await json('files', name, '-R', '--layer', String(image.images[0].layers.length));
    expect(single.length).toBeLessThan(all.length);
    // the layers are known now
    expect(image.images[0].layers[0].uncompressedSize).toBeGreaterThan(0);
    const missing = await person.barnraiser('files', name, '/nothing');
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('/nothing')]);
  });
});

test('names are given, replaced, taken away, and an image without one is kept', async () => {
  await person.mustRun('tag', name, 'named:1');
  expect(await digestIn('named:1')).toBe(await digestIn(name));
  expect(await person.mustRun('untag', 'named:1')).toContain('names no image any more');
  expect(await digestIn('named:1')).toBeUndefined();
  expect((await person.barnraiser('untag', 'named:1')).code).toBe(1);
});

describe('round trips', () => {
  test('skopeo and podman read what is stored, with the same digest, and it reads what they write', async () => {
    const digest = await digestIn(name);
    const archive = join(person.home, 'image.tar');
    const copies = [
      `oci-archive:${archive}:${name}`,
      `oci:${join(person.home, 'copied-layout')}:${name}`,
      `dir:${join(person.home, 'copied-dir')}`,
    ];
    for (const copy of copies) {
      const { code, stderr } = await run(['skopeo', 'copy', '--quiet', '--all', layout(), copy]);
      expect([code, stderr]).toEqual([0, '']);
    }
    await person.mustRun('rm', name);
    for (const path of [archive, join(person.home, 'copied-layout'), join(person.home, 'copied-dir')]) {
      await person.mustRun('load', path, '-t', name);
      expect(await digestIn(name)).toBe(digest);
      expect((await person.barnraiser('verify')).code).toBe(0);
    }
    // podman loads the archive on its node, and what it saves comes back with the same configuration
    const shared = await mkdtemp(join(nodeFolder(nodeRow('amd-a')), 'storage-spec-'));
    const there = join('/run/node', basename(shared));
    try {
      await cp(archive, join(shared, 'image.tar'));
      const loaded = await runOnNode(
        'amd-a',
        `set -e; podman load -q -i ${there}/image.tar; podman tag localhost/${name} localhost/second-${unique}:2
         podman save -q --format oci-archive -o ${there}/oci.tar localhost/${name}
         podman save -q -m --format docker-archive -o ${there}/docker.tar localhost/${name} localhost/second-${unique}:2
         podman rmi localhost/${name} localhost/second-${unique}:2`,
      );
      expect([loaded.code, loaded.stderr]).toEqual([0, '']);
      const [before] = await json('inspect', name);
      await person.mustRun('rm', name);
      expect(await person.mustRun('load', join(shared, 'oci.tar'))).toContain(`Loaded ${name}`);
      const [after] = await json('inspect', name);
      expect(after.images[0].configDigest).toBe(before.images[0].configDigest);
      const [diffIds, diffIdsAfter] = [before, after].map((image) =>
        image.images[0].layers.map(({ diffId }: { diffId: string }) => diffId),
      );
      expect(diffIdsAfter).toEqual(diffIds);
      const piped = await run([
        ...['env', `BARNRAISER_HOME=${person.home}`, 'sh', '-c'],
        `gzip -c ${shared}/docker.tar | ${process.execPath} ${bundledCli.join(' ')} load -`,
      ]);
      expect([piped.code, piped.stderr]).toEqual([0, '']);
      expect(piped.stdout).toContain(`second-${unique}:2`);
      await person.mustRun('rm', `second-${unique}:2`);
    } finally {
      await rm(shared, { recursive: true });
    }
  });

  test('an archive that is damaged or has no images is refused, and leaves nothing', async () => {
    const before = await readdir(join(person.home, 'images', 'blobs', 'sha256'));
    const whole = join(person.home, 'image.tar');
    const bytes = await readFile(whole);
    const damaged = join(person.home, 'damaged.tar');
    await writeFile(damaged, bytes.subarray(0, bytes.length / 2));
    await writeFile(join(person.home, 'text.tar'), 'no archive');
    for (const path of [damaged, join(person.home, 'text.tar'), join(person.home, 'nothing'), project]) {
      const { code, stderr } = await person.barnraiser('load', path);
      expect([code, stderr]).toEqual([1, expect.stringContaining(path)]);
    }
    expect(await readdir(join(person.home, 'images', 'blobs', 'sha256'))).toEqual(before);
  });
});

/** Damages the largest layer of an image, which is that of this test. */
async function damage(reference: string): Promise<void> {
  const [image] = await json('inspect', reference);
  const [largest] = image.images[0].layers
    .filter(({ sharedWith }: { sharedWith: string[] }) => sharedWith.length === 0)
    .sort((one: { size: number }, other: { size: number }) => other.size - one.size);
  const path = join(person.home, 'images', 'blobs', 'sha256', largest.digest.slice('sha256:'.length));
  const bytes = await readFile(path);
  bytes.fill(0, 100, 200);
  await writeFile(path, bytes);
}

describe('a damaged image', () => {
  test.each(['amd-a', 'docker-a'])('is repaired from the node that built it: %s', async (node) => {
    // docker keeps no image for its cache
    const keeps = node === 'docker-a' ? ['--keep'] : [];
    const fromNode = `from-${node}-${unique}:1`;
    await writeFile(join(project, 'data'), randomBytes(200_000));
    await person.mustRun('build', '-t', fromNode, '--platform', 'linux/amd64', '--node', node, ...keeps, project);
    await damage(fromNode);
    const found = await person.barnraiser('verify', fromNode);
    expect([found.code, found.stdout]).toEqual([1, expect.stringMatching(/layer \d+ of linux\/amd64 .* is damaged/)]);
    const repaired = await person.barnraiser('verify', fromNode, '--repair');
    expect([repaired.stderr, repaired.code]).toEqual(['', 0]);
    expect(repaired.stdout).toContain(`was damaged and is repaired from node ${node}`);
    if (node === 'docker-a') {
      await runOnNode(node, `docker rmi -f ${fromNode}`);
      await damage(fromNode);
      const left = await person.barnraiser('verify', fromNode, '--repair');
      expect([left.code, left.stderr]).toEqual([1, expect.stringContaining('Node docker-a has not kept the image.')]);
      await person.mustRun('rm', fromNode);
    }
    expect((await person.barnraiser('verify')).code).toBe(0);
  });

  test('is repaired from the registry that it was pushed to, and said to be damaged where no source has it', async () => {
    await person.mustRun('push', name, pushed, '--tls-verify=false');
    await damage(name);
    // the registry is reached as it was for the push
    const repaired = await person.barnraiser('verify', '--repair');
    expect([repaired.stderr, repaired.code]).toEqual(['', 0]);
    expect(repaired.stdout).toContain(`repaired from ${pushed.slice(0, pushed.lastIndexOf(':'))}`);
    await rm(join(person.home, 'pushes.json'));
    await damage(name);
    const left = await person.barnraiser('verify', name, '--repair');
    expect([left.code, left.stderr]).toEqual([1, expect.stringContaining('was not pushed to a registry')]);
    expect(left.stdout).toContain(`To build ${name} again, run barnraiser build -t ${name} ${project}`);
    // what was damaged is made again
    await person.mustRun('build', '-t', name, '--platform', 'linux/amd64', '--node', 'amd-a', project);
    await person.mustRun('rm', '--cache');
    expect((await person.barnraiser('verify')).code).toBe(0);
  });
});
