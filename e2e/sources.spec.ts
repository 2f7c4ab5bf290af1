/** Projects from repositories, archives and standard input; additional build contexts; files of other folders. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bundledCli, makeProject, Person, setUpLab } from './harness.ts';
import { mustRun } from './lab/command.ts';

const lab = await setUpLab();
/** How engines get contexts differs between these; all of them only with `npm run test:engines`. */
const names =
  process.env.BARNRAISER_TEST_ENGINES === 'all' ? ['amd-a', 'amd-b', 'docker-a', 'buildkit-a'] : ['amd-a', 'docker-a'];
const nodes = names.map((name) => lab.node(name));
const run = randomInt(1_000_000, 10_000_000);
let person: Person;
let work: string;
let daemon: ChildProcess;
let url: string;

beforeAll(async () => {
  person = await Person.create();
  work = await makeProject({
    'srv/.keep': '',
    'repo/app/Containerfile': 'FROM base\nCOPY a /a\nCOPY --from=extra . /extra/\nCOPY --from=other /b /b\n',
    'repo/app/a': `${run}`,
    'other/b': 'b',
    'extra/kept': '1',
    'extra/ignored': '1',
    'extra/.dockerignore': 'ignored\n.dockerignore\n',
    'base/Containerfile': `FROM scratch\nCOPY base /base\n`,
    'base/base': `${run}`,
    'libs/x/lib': '1',
    'libs/x/skipped': '1',
    'plain/Containerfile': 'FROM scratch\nCOPY . /\n',
    'plain/.dockerignore': '**/skipped\nContainerfile\n.dockerignore\n*.Containerfile\n',
    'plain/more': 'LABEL more=yes\nCOPY nothing-like-this* /\n',
    'plain/amd.Containerfile': 'FROM scratch\nCOPY more /amd\n',
  });
  for (const name of ['repo', 'other']) {
    await commitAll(name);
  }
  const port = await freePort();
  url = `git://127.0.0.1:${port}`;
  const options = ['--listen=127.0.0.1', `--port=${port}`, `--base-path=${work}/srv`, '--export-all', '--reuseaddr'];
  daemon = spawn('git', ['daemon', ...options], { stdio: 'ignore', detached: true });
  await vi.waitUntil(() => isListening(port), { timeout: 20_000 });
  await person.addConnections(...nodes, lab.node('docker-classic'));
  await person.build('-t', `base-${run}:1`, '--node', 'amd-a', join(work, 'base'));
});
afterAll(async () => {
  if (daemon?.pid !== undefined) {
    process.kill(-daemon.pid);
  }
  await person?.remove();
  await rm(work, { recursive: true, force: true });
});

async function commitAll(name: string): Promise<void> {
  const git = ['git', '-C', join(work, name), '-c', 'user.name=kim', '-c', 'user.email=kim@example.com'];
  await mustRun([...git, 'init', '-q', '-b', 'main']);
  await mustRun([...git, 'add', '-A']);
  await mustRun([...git, 'commit', '-q', '-m', 'change']);
  await mkdir(join(work, 'srv', name), { recursive: true });
  await mustRun([...git, 'init', '-q', '--bare', '-b', 'main', join(work, 'srv', name)]);
  await mustRun([...git, 'push', '-q', '--force', join(work, 'srv', name), 'main']);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** The files of all layers of an image, without folders. */
async function filesOf(reference: string): Promise<string[]> {
  const layout = join(work, `layout-${reference.replaceAll(/\W/g, '-')}-${randomInt(1e9)}`);
  await person.mustRun('export', reference, `oci:${layout}`);
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'));
  const read = async (digest: string): Promise<{ manifests?: { digest: string }[]; layers?: { digest: string }[] }> =>
    JSON.parse(await readFile(join(layout, 'blobs', digest.replace(':', '/')), 'utf8'));
  const files: string[] = [];
  for (const { digest } of (await read(index.manifests[0].digest)).manifests ?? []) {
    for (const layer of (await read(digest)).layers ?? []) {
      const listed = await mustRun(['tar', '-tzf', join(layout, 'blobs', layer.digest.replace(':', '/'))]);
      files.push(...listed.split('\n').filter((name) => name !== '' && !name.endsWith('/')));
    }
  }
  return files.sort();
}

/** Runs a command with something on its standard input. */
async function pipe(input: string, ...args: string[]): Promise<number | null> {
  const shell = `${input} | "$0" "$@"`;
  const child = spawn('sh', ['-c', shell, process.execPath, ...bundledCli, ...args], {
    env: person.env,
    stdio: 'ignore',
  });
  return new Promise((resolve) => child.once('close', resolve));
}

describe.each(nodes)('on $name', ({ name: node }) => {
  test('a git project is built with an image of local storage, a folder and a repository as contexts', async () => {
    const reference = `sources-${node}-${run}:1`;
    const build = () =>
      person.build(
        ...['-t', reference, '--node', node, '--build-context', `base=list:base-${run}:1`],
        ...['--build-context', `extra=${join(work, 'extra')}`, '--build-context', `other=${url}/other`],
        `${url}/repo#main:app`,
      );
    const first = await build();
    expect(first.outcome.code, first.outcome.stderr).toBe(0);
    expect(first.build.commit).toMatch(/^[0-9a-f]{40}$/);
    expect(first.build.request.context).toBe(`${url}/repo#main:app`);
    expect(await filesOf(reference)).toEqual(['a', 'b', 'base', 'extra/kept']);
    // the files were written anew, and nothing has changed
    expect((await build()).build.jobs).toMatchObject([{ skipped: true }]);
    await writeFile(join(work, 'extra/kept'), `${node}-${run}`);
    const third = await build();
    expect(third.outcome.code, third.outcome.stderr).toBe(0);
    expect(third.build.jobs[0]?.skipped).toBeUndefined();
  });
});

test('docker without BuildKit is not given a build with other contexts', async () => {
  const contexts = ['--build-context', `extra=${join(work, 'extra')}`];
  const { code, stderr } = await person.barnraiser(
    ...['build', '-t', 'x:1', '--node', 'docker-classic', ...contexts],
    join(work, 'plain'),
  );
  expect(code).toBe(1);
  expect(stderr).toContain("docker's classic builder has only one context");
});

test('a layout on this computer is a context, too', async () => {
  const layout = join(work, 'oci');
  await person.mustRun('export', `base-${run}:1`, `oci:${layout}`);
  const project = join(work, 'from-layout');
  await mkdir(project);
  await writeFile(join(project, 'Containerfile'), 'FROM base\nCOPY Containerfile /c\n');
  const { outcome } = await person.build(
    ...['-t', `layout-${run}:1`, '--node', 'docker-a', '--build-context', `base=oci-layout://${layout}`],
    project,
  );
  expect(outcome.code, outcome.stderr).toBe(0);
  expect(await filesOf(`layout-${run}:1`)).toEqual(['base', 'c']);
});

test('a tar and a Containerfile are read from standard input, and cannot be built again without it', async () => {
  const reference = `input-${run}:1`;
  const tar = `tar -C '${join(work, 'base')}' -cz .`;
  expect(await pipe(tar, 'build', '-t', reference, '--node', 'docker-a', '-')).toBe(0);
  expect(await filesOf(reference)).toEqual(['base']);
  expect(await pipe('printf "FROM scratch\\nLABEL a=b\\n"', 'build', '-t', reference, '--node', 'amd-a', '-')).toBe(0);
  const [id = ''] = /\d{8}-\d{6}-\w+/.exec(await person.mustRun('builds', '--json', reference)) ?? [];
  const { code, stderr } = await person.barnraiser('retry', id, '--platform', 'linux/amd64');
  expect(code).toBe(1);
  expect(stderr).toContain('was read from standard input');
});

test('files of other folders are sent as if they were in the context, by its ignore rules', async () => {
  const reference = `mapped-${run}:1`;
  const { outcome } = await person.build(
    ...['-t', reference, '--node', 'amd-a', '--source', `${join(work, 'libs')}:lib/own`],
    join(work, 'plain'),
  );
  expect(outcome.code, outcome.stderr).toBe(0);
  expect(await filesOf(reference)).toEqual(['lib/own/x/lib', 'more']);
});

test('Containerfiles are joined, and a platform may have its own', async () => {
  const project = join(work, 'plain');
  const files = ['-f', join(project, 'Containerfile'), '-f', join(project, 'more')];
  const joined = await person.build('-t', `joined-${run}:1`, '--node', 'amd-a', ...files, project);
  expect(joined.build.jobs[0]?.problem?.source).toEqual({ file: 'more', firstLine: 2, lastLine: 2 });
  const reference = `own-${run}:1`;
  const own = ['--file-for', `linux/amd64=${join(project, 'amd.Containerfile')}`];
  const { outcome } = await person.build('-t', reference, '--node', 'amd-a', ...own, project);
  expect(outcome.code, outcome.stderr).toBe(0);
  expect(await filesOf(reference)).toEqual(['amd']);
});
