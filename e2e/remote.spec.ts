/** Images in registries: pulled, copied, joined, changed and compared, with skopeo and podman on the other side. */
import { createHash, randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { baseImagesSchema } from '../shared/base-image.ts';
import { comparisonSchema } from '../shared/compare.ts';
import { rawListSchema } from '../shared/list-edit.ts';
import { makeProject, Person, setUpLab } from './harness.ts';
import { mustRun } from './lab/command.ts';
import { runOnNode } from './lab/lab.ts';
import { type AuthRegistry, startAuthRegistry } from './lab/registries.ts';
import { tagSingle } from './single-images.ts';

const lab = await setUpLab();
const node = lab.nodes.find(({ name }) => name === 'amd-b') ?? expect.fail('the lab has no amd-b');
const unique = randomBytes(4).toString('hex');
const here = `${lab.registry.address}/spec/remote-${unique}`;
const plain = ['--tls-verify=false'];

let person: Person;
let other: AuthRegistry;
let login: string;

beforeAll(async () => {
  person = await Person.create();
  await tagSingle(lab, 'amd64');
  await tagSingle(lab, 'arm64');
  other = await startAuthRegistry({ mode: 'token' });
  login = `${other.username}:${other.password}`;
});
afterAll(async () => {
  await person?.remove();
  await other?.stop();
});

const raw = async (reference: string, ...args: string[]): Promise<string> =>
  mustRun(['skopeo', 'inspect', '--raw', '--tls-verify=false', ...args, `docker://${reference}`]);
const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

async function onNode(command: string): Promise<string> {
  const { code, stdout, stderr } = await runOnNode(node.name, command);
  expect(code, stderr).toBe(0);
  return stdout;
}

test('a list of podman goes through a registry with a login and into local storage as it is, and back to podman', async () => {
  const theirs = `${here}/podman:1`;
  const name = `localhost/remote-${unique}`;
  const base = `docker://${lab.registry.address}/base`;
  await onNode(
    `podman manifest create ${name} && podman manifest add --tls-verify=false ${name} ${base}:only-arm64 && podman manifest add --tls-verify=false --annotation by=podman ${name} ${base}:only-amd64 && podman manifest push --tls-verify=false --all ${name} docker://${theirs} && podman manifest rm ${name}`,
  );
  const list = await raw(theirs);

  const denied = await person.barnraiser('copy', `docker://${theirs}`, `docker://${other.address}/a/api:1`, ...plain);
  expect(denied).toMatchObject({ code: 1, stderr: expect.stringContaining(other.address) });
  const copied = await person.mustRun(
    ...['copy', `docker://${theirs}`, `docker://${other.address}/a/api:1`, ...plain, '--creds', login],
  );
  expect(copied).toContain(digestOf(list));
  expect(await raw(`${other.address}/a/api:1`, '--creds', login)).toBe(list);

  await person.mustRun('pull', `${other.address}/a/api:1`, '-t', 'api:1', ...plain, '--creds', login);
  const layout = join(person.home, 'images');
  expect(await mustRun(['skopeo', 'inspect', '--raw', `oci:${layout}:api:1`])).toBe(list);
  await person.mustRun(
    'pull',
    `${other.address}/a/api:1`,
    '-t',
    'arm:1',
    '--platform',
    'arm64',
    ...plain,
    '--creds',
    login,
  );
  const arm = JSON.parse(await person.mustRun('inspect', 'arm:1', '--json'));
  expect(arm.entries.map((entry: { platform: string }) => entry.platform)).toEqual(['linux/arm64']);

  const joined = `docker://${here}/joined:1`;
  await person.mustRun('manifest', 'create', joined, 'arm:1', ...plain);
  expect((await person.barnraiser('manifest', 'create', joined, 'api:1', ...plain)).code).toBe(1);
  await person.mustRun('manifest', 'add', joined, `docker://${lab.registry.address}/base:only-amd64`, ...plain);
  await person.mustRun('manifest', 'annotate', joined, '--annotation', `team=${unique}`, ...plain);
  await person.mustRun(
    'manifest',
    'annotate',
    joined,
    '--platform',
    'arm64',
    '--annotation',
    'tier=1',
    '--variant',
    'v8',
    ...plain,
  );
  const changed = rawListSchema.parse(
    JSON.parse(await person.mustRun('manifest', 'inspect', joined, ...plain, '--json')),
  );
  expect(changed).toMatchObject({
    annotations: { team: unique },
    entries: [{ platform: 'linux/arm64/v8', annotations: { tier: '1' } }, { platform: 'linux/amd64' }],
  });
  // podman reads what was made here
  const read = JSON.parse(await onNode(`podman manifest inspect --tls-verify=false ${here}/joined:1`));
  expect(read.manifests.map((entry: { digest: string }) => entry.digest)).toEqual(
    changed.entries.map(({ digest }) => digest),
  );
  expect(await onNode(`podman pull -q --tls-verify=false ${joined} && podman rmi ${here}/joined:1`)).toMatch(
    /[0-9a-f]{64}/,
  );

  await person.mustRun('push', 'arm:1', `${here}/podman:1`, '--merge', ...plain);
  expect(JSON.parse(await raw(theirs)).manifests).toHaveLength(2);
  await person.mustRun('manifest', 'remove', joined, 'linux/amd64', ...plain);
  expect(JSON.parse(await raw(joined.replace('docker://', ''))).manifests).toHaveLength(1);
  expect((await person.mustRun('tags', `${here}/joined`, ...plain)).trim()).toBe('1');
});

test('a build knows when its base image is newer, and is compared with another', async () => {
  const base = `${here}/base:1`;
  await person.mustRun('copy', `docker://${lab.registry.address}/base:1`, `docker://${base}`, ...plain);
  await person.addConnections(node);
  const project = await makeProject({ Containerfile: `FROM ${base}\nENV A=${unique}\nRUN echo ${unique} > /made\n` });
  const { outcome, build } = await person.build('-t', 'app:1', '--platform', 'linux/amd64', project);
  expect(outcome.code, outcome.stderr).toBe(0);

  const check = async () =>
    baseImagesSchema.parse(JSON.parse(await person.mustRun('bases', '--check', '--json'))).bases;
  expect(await check()).toMatchObject([
    { name: base, status: 'current', uses: [{ build: build.id, reference: 'app:1' }] },
  ]);
  // another list with the same image is not newer for the build
  await person.mustRun('manifest', 'annotate', `docker://${base}`, '--annotation', 'a=b', ...plain);
  expect((await check())[0]?.status).toBe('current');
  await person.mustRun('copy', 'app:1', `docker://${base}`, '--merge', ...plain);
  expect(await check()).toMatchObject([{ status: 'newer', uses: [{ platforms: [{ isNewer: true }] }] }]);

  // a schedule takes it, although the node has the older one, and then there is nothing to do
  const schedule = ['--cron', '@yearly', '--name', 'nightly', '--only-if-base-newer', '-t', 'app:1'];
  await person.mustRun('schedule', 'add', ...schedule, '--platform', 'linux/amd64', project);
  await person.mustRun('schedule', 'run', 'nightly');
  const taken = (await check())[0];
  expect(taken).toMatchObject({ status: 'current', uses: [{ reference: 'app:1' }] });
  expect(taken?.uses[0]?.build).not.toBe(build.id);
  expect(await person.mustRun('schedule', 'run', 'nightly')).not.toContain('Built');

  const json = await person.mustRun(
    ...[
      'compare',
      `docker://${lab.registry.address}/base:1`,
      build.id,
      '--platform',
      'amd64',
      '--files',
      ...plain,
      '--json',
    ],
  );
  const [compared] = comparisonSchema.parse(JSON.parse(json)).platforms;
  expect(compared).toMatchObject({
    status: 'changed',
    // podman compresses the layers of the base image anew
    layers: { added: [expect.anything(), expect.anything()] },
    config: expect.arrayContaining([{ name: 'env A', b: unique }]),
    files: { removed: 0, changed: 0, entries: expect.arrayContaining([{ path: '/made', change: 'added', b: 9 }]) },
  });
  expect(await person.mustRun('compare', 'app:1', taken?.uses[0]?.build ?? '')).toContain('They are the same.');
  await rm(project, { recursive: true, force: true });
});

test('a build is pushed to several destinations, and a copy reads its source once', async () => {
  await person.addConnections(node).catch(() => undefined);
  const project = await makeProject({ Containerfile: `${lab.from}RUN echo several ${unique} > /made\n` });
  const names = [`${here}/several:1`, `${here}/other:1`, `${here}/several:latest`, '127.0.0.1:1/refused:1'];
  const pushes = names.map((name) => `--push=${name}`);
  const { outcome, build } = await person.build(
    ...['-t', 'several:1', '--platform', 'linux/amd64', ...pushes, ...plain, project],
  );
  expect(outcome.code).toBe(1);
  expect(build).toMatchObject({
    status: 'done',
    push: { status: 'done', destination: names[0] },
    furtherPushes: [
      { status: 'done', destination: names[1], uploadedBytes: 0 },
      { status: 'done', destination: names[2] },
      { status: 'failed', destination: names[3], problem: { code: 'registry.unreachable' } },
    ],
  });
  const lists = await Promise.all(names.slice(0, 3).map((name) => raw(name)));
  expect(new Set(lists).size).toBe(1);
  const direct = await person.barnraiser(
    'build',
    '-t',
    names[0] ?? '',
    '--push',
    `--push=${names[1]}`,
    '--direct',
    project,
  );
  expect(direct).toMatchObject({ code: 1, stderr: expect.stringContaining('one destination only') });

  const copies = ['a', 'b'].map((repository) => `docker://${here}/${repository}:1`);
  const copied = await person.mustRun('copy', `docker://${names[0]}`, ...copies, ...plain);
  expect(copied.match(/^Copied to/gm)).toHaveLength(2);
  const [first = '', second = ''] = await Promise.all(copies.map((name) => raw(name.replace('docker://', ''))));
  expect(first).toBe(second);
  await rm(project, { recursive: true, force: true });
});
