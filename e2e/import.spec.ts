/** Imports and exports of connections and farms, with files that podman and docker have written. */
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { connectionSchema } from '../shared/connection.ts';
import { discoverySchema } from '../shared/discovery.ts';
import { farmSchema } from '../shared/farm.ts';
import { Person, setUpLab } from './harness.ts';
import { mustRun, run } from './lab/command.ts';
import { runOnNode } from './lab/lab.ts';

const lab = await setUpLab();
const amdA = lab.node('amd-a');
const amdB = lab.node('amd-b');

/** A user with an empty `$HOME`, so that this machine's configuration does not affect the tests. */
interface NewUser {
  readonly person: Person;
  readonly home: string;
}

async function createUser(): Promise<NewUser> {
  const home = await mkdtemp(join(tmpdir(), 'import-'));
  const person = await Person.create({
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_RUNTIME_DIR: join(home, 'run'),
    DOCKER_CONFIG: join(home, '.docker'),
    CONTAINERS_CONF: join(home, '.config', 'containers', 'containers.conf'),
    BARNRAISER_SSH_CONFIG: join(home, '.ssh', 'config'),
  });
  for (const path of ['.config/containers/containers.conf', '.ssh/config']) {
    await write(join(home, path), '');
  }
  return { person, home };
}

async function removeUser({ person, home }: NewUser): Promise<void> {
  await person.remove();
  await rm(home, { recursive: true });
}

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

let kim: NewUser;
beforeEach(async () => {
  kim = await createUser();
});
afterEach(() => removeUser(kim));

/** Runs podman commands on a node with a temporary configuration and resolves with the content of one of its files. */
async function writeWithPodman(node: string, file: string, commands: readonly string[]): Promise<string> {
  const script = [
    'set -e',
    'folder=$(mktemp -d)',
    `trap 'rm -r "$folder"' EXIT`,
    `touch "$folder/containers.conf"`,
    `export PODMAN_CONNECTIONS_CONF="$folder/podman-connections.json" CONTAINERS_CONF="$folder/containers.conf"`,
    ...commands.map((command) => `podman ${command} >&2`),
    `cat "$folder/${file}"`,
  ];
  const { stdout, stderr, code } = await runOnNode(node, script.join('\n'));
  if (code !== 0) {
    throw new Error(`podman on ${node} exited with code ${code}: ${stderr}`);
  }
  return stdout;
}

const writeWithPodman5 = () =>
  writeWithPodman('amd-b', 'podman-connections.json', [
    `system connection add amd-a ${amdA.uri} --identity ${amdA.identity}`,
    `system connection add amd-b ${amdB.uri} --identity ${amdB.identity}`,
    'system connection add plain tcp://127.0.0.1:8080',
    'farm create both amd-a amd-b',
    'farm create mixed amd-b plain',
    'farm update --default both',
  ]);

async function listConnections({ person }: NewUser) {
  return z.array(connectionSchema).parse(JSON.parse(await person.mustRun('connection', 'list', '--json')));
}

async function listFarms({ person }: NewUser) {
  const schema = z.object({ farms: z.array(farmSchema), default: z.string().optional() });
  return schema.parse(JSON.parse(await person.mustRun('farm', 'list', '--json')));
}

const expected = {
  connections: [
    ...[amdA, amdB].map(({ name, uri, identity }) => ({ name, uri, identity })),
    { name: 'plain', uri: 'tcp://127.0.0.1:8080' },
  ],
};

const podmanFarmsSchema = z.object({ Farm: z.object({ List: z.record(z.string(), z.array(z.string())) }) });

/** The members of a farm in the order of the file: podman writes the connections of a new farm in random order. */
function membersOf(farm: string, written: string): string[] {
  return podmanFarmsSchema.parse(JSON.parse(written)).Farm.List[farm] ?? expect.fail(`The file has no farm ${farm}.`);
}

test('connections and farms of podman 5 are listed, imported once, and work', async () => {
  const written = await writeWithPodman5();
  await write(join(kim.home, '.config/containers/podman-connections.json'), written);
  const both = membersOf('both', written);
  expect([...both].sort()).toEqual(['amd-a', 'amd-b']);

  const preview = await kim.person.barnraiser('connection', 'import', '--from', 'podman');
  expect(preview.code, preview.stderr).toBe(0);
  expect(preview.stdout).toMatch(/^amd-a +ssh:\/\/root@127\.0\.0\.1:\d+\S+ +podman +new$/m);
  expect(preview.stdout).toMatch(new RegExp(`^both +${both.join(', ')} +podman +new, the default$`, 'm'));
  expect(preview.stderr).toContain('barnraiser connection import --from podman --all');
  expect(await listConnections(kim)).toEqual([]);

  const output = await kim.person.mustRun('connection', 'import', '--from', 'podman', '--all');
  expect(output).toContain('Added amd-a.');
  expect(output).toContain('Created farm both.');
  expect(await listConnections(kim)).toEqual(expected.connections);
  expect(await listFarms(kim)).toEqual({
    farms: [
      { name: 'both', connections: both },
      { name: 'mixed', connections: membersOf('mixed', written) },
    ],
    default: 'both',
  });

  const test = await kim.person.barnraiser('connection', 'test', 'amd-a', '--accept-new-host-keys');
  expect(test.code, test.stdout + test.stderr).toBe(0);

  const files = () =>
    Promise.all(['connections.json', 'farms.json'].map((name) => readFile(join(kim.person.home, name), 'utf8')));
  const before = await files();
  expect(await kim.person.mustRun('connection', 'import', '--from', 'podman', '--all')).toContain(
    'Nothing new to import.',
  );
  expect(await files()).toEqual(before);
});

test('connections of podman 4 in containers.conf are imported, and a farm there with connections of both files', async () => {
  const conf = await writeWithPodman('amd-a', 'containers.conf', [
    `system connection add old ${amdA.uri} --identity ${amdA.identity}`,
    'system connection add socket unix:///run/podman/podman.sock',
  ]);
  expect(conf).toContain('[engine.service_destinations.old]');
  await write(
    join(kim.home, '.config/containers/containers.conf'),
    `${conf}\n[farms]\ndefault = "all"\n[farms.list]\nall = ["old", "amd-b"]\n`,
  );
  await write(join(kim.home, '.config/containers/podman-connections.json'), await writeWithPodman5());
  const { candidates, farms } = discoverySchema.parse(
    JSON.parse(await kim.person.mustRun('connection', 'import', '--json', '--from', 'podman,containers-conf')),
  );
  // an engine in both files is listed once, with its name in podman-connections.json
  expect(candidates.map(({ name, source }) => [name, source])).toEqual([
    ['amd-a', 'podman'],
    ['amd-b', 'podman'],
    ['plain', 'podman'],
    ['socket', 'containers-conf'],
  ]);
  expect(farms.find(({ name }) => name === 'all')).toMatchObject({ connections: ['amd-a', 'amd-b'] });

  await kim.person.mustRun('connection', 'import', '--farm', 'all');
  expect((await listConnections(kim)).map(({ name }) => name)).toEqual(['amd-a', 'amd-b']);
  expect(await listFarms(kim)).toEqual({ farms: [{ name: 'all', connections: ['amd-a', 'amd-b'] }] });
});

const hasDocker = (await run(['docker', '--version']).catch(() => undefined))?.code === 0;

test.skipIf(!hasDocker)('docker contexts are imported if they use SSH or TCP', async () => {
  const create = (name: string, host: string) =>
    mustRun([
      ...['docker', '--config', join(kim.home, '.docker')],
      ...['context', 'create', name, '--docker', `host=${host}`],
    ]);
  await create('pi+4', 'ssh://pi@pi4.lan');
  await create('tls', 'tcp://10.0.0.1:2376');
  await create('old', 'http://10.0.0.1:2376');
  const { stdout, stderr } = await kim.person.barnraiser('connection', 'import', 'pi-4', '--from', 'docker');
  expect(stdout, stderr).toBe('Added pi-4.\n');
  expect(await listConnections(kim)).toEqual([{ name: 'pi-4', uri: 'ssh://pi@pi4.lan' }]);
  await kim.person.mustRun('connection', 'import', 'tls', '--from', 'docker');
  expect((await listConnections(kim)).at(-1)).toEqual({ name: 'tls', uri: 'tcp://10.0.0.1:2376' });
  const unknown = await kim.person.barnraiser('connection', 'import', 'old', '--from', 'docker');
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toMatch(/No connection "old" was found/);
});

test('a builder of docker buildx is imported as a farm, and what cannot be used is said', async () => {
  const builder = (Name: string, Driver: string, ...endpoints: string[]) =>
    write(
      join(kim.home, '.docker/buildx/instances', Name),
      JSON.stringify({
        Name,
        Driver,
        Nodes: endpoints.map((Endpoint, index) => ({ Name: `${Name}${index}`, Endpoint })),
      }),
    );
  await builder('multi', 'docker-container', 'ssh://root@a.example.com', 'ssh://root@b.example.com');
  await builder('cluster', 'kubernetes', 'kubernetes:///cluster?deployment=one');
  const { stdout, stderr } = await kim.person.barnraiser('connection', 'import', '--all', '--from', 'buildx');
  expect(stdout, stderr).toBe('Added multi0.\nAdded multi1.\nCreated farm multi.\n');
  expect(stderr).toContain('`kubectl get pods --namespace=default --selector=app=one`');
  expect((await listFarms(kim)).farms).toEqual([{ name: 'multi', connections: ['multi0', 'multi1'] }]);
});

test('a user can import the connections and farms that another has exported', async () => {
  await write(join(kim.home, '.config/containers/podman-connections.json'), await writeWithPodman5());
  await kim.person.mustRun('connection', 'import', '--all', '--from', 'podman');
  await kim.person.mustRun(
    'connection',
    'add',
    'mine',
    'ssh://mine',
    '--identity',
    join(kim.home, '.ssh/id'),
    '--no-test',
  );
  const file = join(kim.home, 'team.json');
  expect(await kim.person.mustRun('connection', 'export', file)).toBe(
    `Exported 4 connections and 2 farms to ${file}.\n`,
  );
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const text = await readFile(file, 'utf8');
  expect(text).toContain('"~/.ssh/id"');
  expect(await kim.person.mustRun('connection', 'export')).toBe(text);

  const again = await kim.person.barnraiser('connection', 'export', file);
  expect(again.code).toBe(1);
  expect(again.stderr).toContain('--force');
  await kim.person.mustRun('connection', 'export', file, '--force');

  const lee = await createUser();
  onTestFinished(() => removeUser(lee));
  await lee.person.mustRun('connection', 'import', '--file', file, '--all');
  expect(await listFarms(lee)).toEqual(await listFarms(kim));
  expect(await listConnections(lee)).toEqual([
    ...expected.connections,
    { name: 'mine', uri: 'ssh://mine', identity: join(lee.home, '.ssh/id') },
  ]);
  expect(await lee.person.mustRun('connection', 'export')).toBe(text);
});

test('a file of another kind is rejected, and the problem names the supported files', async () => {
  const file = join(kim.home, 'auth.json');
  await write(file, '{"auths":{}}');
  const { code, stderr } = await kim.person.barnraiser('connection', 'import', '--file', file, '--all');
  expect(code).toBe(1);
  expect(stderr).toContain(`${file} contains no connections or farms.`);
  expect(stderr).toContain('podman-connections.json');
});
