import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { connectionSchema } from '../shared/connection.ts';
import { discoverySchema } from '../shared/discovery.ts';
import { farmSchema } from '../shared/farm.ts';
import { Person, theLab } from './harness.ts';
import { mustRun, run } from './lab/command.ts';
import { nodeShell } from './lab/lab.ts';

const lab = await theLab();
const amdA = lab.node('amd-a');
const amdB = lab.node('amd-b');

/** A person whose `$HOME` is empty: nothing of this machine's own configuration plays along. */
interface Newcomer {
  readonly person: Person;
  readonly home: string;
}

async function newcomer(): Promise<Newcomer> {
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

async function leave({ person, home }: Newcomer): Promise<void> {
  await person.remove();
  await rm(home, { recursive: true });
}

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

let kim: Newcomer;
beforeEach(async () => {
  kim = await newcomer();
});
afterEach(() => leave(kim));

/** Lets podman of a node write a file in a folder of its own there, and takes both away again. */
async function podmanWrites(node: string, file: string, commands: readonly string[]): Promise<string> {
  const script = [
    'set -e',
    'folder=$(mktemp -d)',
    `trap 'rm -r "$folder"' EXIT`,
    `touch "$folder/containers.conf"`,
    `export PODMAN_CONNECTIONS_CONF="$folder/podman-connections.json" CONTAINERS_CONF="$folder/containers.conf"`,
    ...commands.map((command) => `podman ${command} >&2`),
    `cat "$folder/${file}"`,
  ];
  const { stdout, stderr, code } = await nodeShell(node, script.join('\n'));
  if (code !== 0) {
    throw new Error(`podman of ${node} ended with ${code}: ${stderr}`);
  }
  return stdout;
}

const writtenByPodman5 = () =>
  podmanWrites('amd-b', 'podman-connections.json', [
    `system connection add amd-a ${amdA.uri} --identity ${amdA.identity}`,
    `system connection add amd-b ${amdB.uri} --identity ${amdB.identity}`,
    'system connection add plain tcp://127.0.0.1:8080',
    'farm create both amd-a amd-b',
    'farm create mixed amd-b plain',
    'farm update --default both',
  ]);

async function connections({ person }: Newcomer) {
  return z.array(connectionSchema).parse(JSON.parse(await person.must('connection', 'list', '--json')));
}

async function farms({ person }: Newcomer) {
  const schema = z.object({ farms: z.array(farmSchema), default: z.string().optional() });
  return schema.parse(JSON.parse(await person.must('farm', 'list', '--json')));
}

const expected = { connections: [amdA, amdB].map(({ name, uri, identity }) => ({ name, uri, identity })) };

const podmanFarmsSchema = z.object({ Farm: z.object({ List: z.record(z.string(), z.array(z.string())) }) });

/** In the order in which the file has them: podman writes the connections of a new farm in an order of chance. */
function membersOf(farm: string, written: string): string[] {
  return podmanFarmsSchema.parse(JSON.parse(written)).Farm.List[farm] ?? expect.fail(`podman wrote no farm ${farm}`);
}

test('what podman 5 wrote is shown, imported with its farms, works, and is not imported twice', async () => {
  const written = await writtenByPodman5();
  await write(join(kim.home, '.config/containers/podman-connections.json'), written);
  const both = membersOf('both', written);
  expect([...both].sort()).toEqual(['amd-a', 'amd-b']);

  const preview = await kim.person.barnraiser('connection', 'import', '--from', 'podman');
  expect(preview.code, preview.stderr).toBe(0);
  expect(preview.stdout).toMatch(/^amd-a +ssh:\/\/root@127\.0\.0\.1:\d+\S+ +podman +new$/m);
  expect(preview.stdout).toMatch(new RegExp(`^both +${both.join(', ')} +podman +new, the default$`, 'm'));
  expect(preview.stderr).toMatch(/"plain" is reached by tcp:/);
  expect(preview.stderr).toMatch(/Farm "mixed" is taken without "plain" \(cannot be used\)/);
  expect(preview.stderr).toContain('barnraiser connection import --from podman --all');
  expect(await connections(kim)).toEqual([]);

  const said = await kim.person.must('connection', 'import', '--from', 'podman', '--all');
  expect(said).toContain('Added amd-a.');
  expect(said).toContain('Created farm both.');
  expect(await connections(kim)).toEqual(expected.connections);
  expect(await farms(kim)).toEqual({
    farms: [
      { name: 'both', connections: both },
      { name: 'mixed', connections: ['amd-b'] },
    ],
    default: 'both',
  });

  const test = await kim.person.barnraiser('connection', 'test', 'amd-a', '--accept-new-host-keys');
  expect(test.code, test.stdout + test.stderr).toBe(0);

  const files = () =>
    Promise.all(['connections.json', 'farms.json'].map((name) => readFile(join(kim.person.home, name), 'utf8')));
  const before = await files();
  expect(await kim.person.must('connection', 'import', '--from', 'podman', '--all')).toContain('Nothing is new.');
  expect(await files()).toEqual(before);
});

test('what podman 4 wrote into containers.conf is imported, and what a farm there has of both files', async () => {
  const conf = await podmanWrites('amd-a', 'containers.conf', [
    `system connection add old ${amdA.uri} --identity ${amdA.identity}`,
    'system connection add socket unix:///run/podman/podman.sock',
  ]);
  expect(conf).toContain('[engine.service_destinations.old]');
  await write(
    join(kim.home, '.config/containers/containers.conf'),
    `${conf}\n[farms]\ndefault = "all"\n[farms.list]\nall = ["old", "amd-b"]\n`,
  );
  await write(join(kim.home, '.config/containers/podman-connections.json'), await writtenByPodman5());
  const { candidates, farms: found } = discoverySchema.parse(
    JSON.parse(await kim.person.must('connection', 'import', '--json', '--from', 'podman,containers-conf')),
  );
  // the engine that both know is there once, under the name that podman-connections.json gives it
  expect(candidates.map(({ name, source }) => [name, source])).toEqual([
    ['amd-a', 'podman'],
    ['amd-b', 'podman'],
    ['socket', 'containers-conf'],
  ]);
  expect(found.find(({ name }) => name === 'all')).toMatchObject({ connections: ['amd-a', 'amd-b'] });

  await kim.person.must('connection', 'import', '--farm', 'all');
  expect((await connections(kim)).map(({ name }) => name)).toEqual(['amd-a', 'amd-b']);
  expect(await farms(kim)).toEqual({ farms: [{ name: 'all', connections: ['amd-a', 'amd-b'] }] });
});

const hasDocker = (await run(['docker', '--version']).catch(() => undefined))?.code === 0;

test.skipIf(!hasDocker)('contexts that docker made are imported, where they lead over SSH', async () => {
  const create = (name: string, host: string) =>
    mustRun([
      ...['docker', '--config', join(kim.home, '.docker')],
      ...['context', 'create', name, '--docker', `host=${host}`],
    ]);
  await create('pi+4', 'ssh://pi@pi4.lan');
  await create('tls', 'tcp://10.0.0.1:2376');
  const { stdout, stderr } = await kim.person.barnraiser('connection', 'import', 'pi-4', '--from', 'docker');
  expect(stdout, stderr).toBe('Added pi-4.\n');
  expect(await connections(kim)).toEqual([{ name: 'pi-4', uri: 'ssh://pi@pi4.lan' }]);
  const unknown = await kim.person.barnraiser('connection', 'import', 'tls', '--from', 'docker');
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toMatch(/No connection "tls" was found/);
});

test('what one person exports another imports, and has the same', async () => {
  await write(join(kim.home, '.config/containers/podman-connections.json'), await writtenByPodman5());
  await kim.person.must('connection', 'import', '--all', '--from', 'podman');
  await kim.person.must(
    'connection',
    'add',
    'mine',
    'ssh://mine',
    '--identity',
    join(kim.home, '.ssh/id'),
    '--no-test',
  );
  const file = join(kim.home, 'team.json');
  expect(await kim.person.must('connection', 'export', file)).toBe(`Exported 3 connections and 2 farms to ${file}.\n`);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const text = await readFile(file, 'utf8');
  expect(text).toContain('"~/.ssh/id"');
  expect(await kim.person.must('connection', 'export')).toBe(text);

  const again = await kim.person.barnraiser('connection', 'export', file);
  expect(again.code).toBe(1);
  expect(again.stderr).toContain('--force');
  await kim.person.must('connection', 'export', file, '--force');

  const lee = await newcomer();
  onTestFinished(() => leave(lee));
  await lee.person.must('connection', 'import', '--file', file, '--all');
  expect(await farms(lee)).toEqual(await farms(kim));
  expect(await connections(lee)).toEqual([
    ...expected.connections,
    { name: 'mine', uri: 'ssh://mine', identity: join(lee.home, '.ssh/id') },
  ]);
  expect(await lee.person.must('connection', 'export')).toBe(text);
});

test('a file that is none of those that can be read is refused, and says which can', async () => {
  const file = join(kim.home, 'auth.json');
  await write(file, '{"auths":{}}');
  const { code, stderr } = await kim.person.barnraiser('connection', 'import', '--file', file, '--all');
  expect(code).toBe(1);
  expect(stderr).toContain(`${file} holds no connections and no farms.`);
  expect(stderr).toContain('podman-connections.json');
});
