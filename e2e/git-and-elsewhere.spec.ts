/** Build arguments and labels from git, what emulation costs, and the same build with podman and docker themselves. */
import { execFileSync } from 'node:child_process';
import { appendFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Build } from '../shared/build.ts';
import { equivalentSchema } from '../shared/equivalent.ts';
import { makeProject, Person, setUpLab } from './harness.ts';
import { runOnNode } from './lab/lab.ts';

const lab = await setUpLab();
let person: Person;
let folder: string;

beforeAll(async () => {
  person = await Person.create();
  await person.addConnections(lab.node('amd-b'), lab.node('docker-a'));
  folder = await makeProject({
    Containerfile: `${lab.from}ARG REVISION\nARG SOURCE=here\nRUN echo "${Math.random()} $REVISION $SOURCE" > /built\n`,
    '.containerignore': '.git\n',
  });
  git('init', '--quiet');
  git('remote', 'add', 'origin', 'https://anna:secret@git.example.com/api.git');
  commit();
  git('tag', 'v1.9.0');
  git('tag', 'v1.10.0');
});
afterAll(async () => {
  await person.remove();
  await rm(folder, { recursive: true });
});

function git(...args: string[]): string {
  const author = ['-c', 'user.name=Anna', '-c', 'user.email=anna@example.com'];
  return execFileSync('git', ['-C', folder, ...author, ...args], { encoding: 'utf8' }).trim();
}

function commit(): string {
  git('add', '--all');
  git('commit', '--quiet', '--message=x');
  return git('rev-parse', 'HEAD');
}

const blobSchema = z.object({ config: z.object({ digest: z.string() }) });
const configSchema = z.object({ config: z.object({ Labels: z.record(z.string(), z.string()).optional() }) });

/** The labels of the image of a build's first job, without those of engines and base images. */
async function labelsOf({ jobs }: Build): Promise<Record<string, string>> {
  const read = async (digest = ''): Promise<unknown> =>
    JSON.parse(await readFile(join(person.home, 'images', 'blobs', ...digest.split(':')), 'utf8'));
  const { config } = blobSchema.parse(await read(jobs[0]?.digest));
  const { Labels = {} } = configSchema.parse(await read(config.digest)).config;
  return Object.fromEntries(Object.entries(Labels).filter(([name]) => name !== 'io.buildah.version'));
}

const label = (name: string): string => `org.opencontainers.image.${name}`;

describe('what a build gets from git', () => {
  const flagsFor = (node: string) => {
    const own = ['--label', `${label('source')}=mine`];
    return ['-t', `git-${node}:1`, '--git-args', '--git-labels', ...own, '--node', node, folder];
  };

  test.each(['amd-b', 'docker-a'])(
    'is in its image on %s and in its record, beside what the person gives',
    async (node) => {
      const head = git('rev-parse', 'HEAD');
      const { build } = await person.build(...flagsFor(node));
      const created = new Date(Number(git('show', '-s', '--format=%ct')) * 1000).toISOString().replace('.000', '');
      const expected = { [label('revision')]: head, [label('created')]: created, [label('version')]: 'v1.10.0' };
      expect(build.status, JSON.stringify(build.problem)).toBe('done');
      expect(await labelsOf(build)).toEqual({ ...expected, [label('source')]: 'mine' });
      expect(build.automatic).toEqual({
        args: { REVISION: head, SOURCE: 'https://git.example.com/api.git' },
        labels: expected,
        notes: [expect.stringContaining('The commit has 2 tags (v1.10.0 and v1.9.0): the highest version counts.')],
      });
      // what is repeated is looked up again
      expect(build.request).toMatchObject({ buildArgs: {}, labels: { [label('source')]: 'mine' } });
    },
  );

  test('leaves a build unchanged until the next commit, and names no commit if files differ from it', async () => {
    const same = await person.build(...flagsFor('amd-b'));
    expect(same.build.jobs[0]?.skipped).toBe(true);
    git('commit', '--quiet', '--allow-empty', '--message=x');
    const head = git('rev-parse', 'HEAD');
    const next = await person.build(...flagsFor('amd-b'));
    expect(next.build.jobs[0]?.skipped).toBeUndefined();
    expect(await labelsOf(next.build)).toMatchObject({ [label('revision')]: head });
    await appendFile(join(folder, 'Containerfile'), '# changed\n');
    const { build } = await person.build(...flagsFor('amd-b'));
    expect(await labelsOf(build)).toEqual({ [label('source')]: 'mine' });
    expect(build.automatic).toMatchObject({
      args: { REVISION: `${head}-dirty` },
      labels: {},
      notes: expect.arrayContaining(['Files of the project differ from the commit.']),
    });
    commit();
  });
});

describe('the same build elsewhere', () => {
  const equivalentsSchema = z.array(equivalentSchema);

  /** Puts the project on a node and runs what equals the newest build there. */
  async function runThere(node: string, tool: string): Promise<string> {
    const tar = execFileSync('tar', ['-C', folder, '-c', '.']);
    await runOnNode(node, `mkdir -p ${folder} && tar -x -C ${folder}`, { input: tar });
    const command = await person.mustRun('equivalent', '--for', tool);
    const { code, stdout, stderr } = await runOnNode(node, command);
    await runOnNode(node, `rm -rf ${folder}`);
    expect(code, `${command}\n${stdout}\n${stderr}`).toBe(0);
    return command;
  }

  async function inspectThere(node: string, program: string, image: string): Promise<Record<string, string>> {
    const { stdout, stderr } = await runOnNode(node, `${program} image inspect ${image}; ${program} rmi ${image} >&2`);
    const [first] = z.array(z.object({ Config: configSchema.shape.config })).parse(JSON.parse(stdout));
    return first?.Config.Labels ?? expect.fail(stderr);
  }

  test('is accepted by podman and docker, and has the same labels', async () => {
    const hard = `it's "x" \\ \`id\` ; & #`;
    const given = ['--label', `hard=${hard}`, '--build-arg', 'OTHER=a b', '--no-cache', '--shm-size', '32m', '--pull'];
    const { build } = await person.build(
      '-t',
      'elsewhere:1',
      ...given,
      '--git-labels=revision',
      '--node',
      'amd-b',
      folder,
    );
    const labels = await labelsOf(build);
    expect(labels).toMatchObject({ hard });
    expect(await runThere('amd-a', 'podman')).toContain('# on amd-b\npodman build');
    expect(await inspectThere('amd-a', 'podman', 'localhost/elsewhere:1')).toMatchObject(labels);
    await runThere('docker-a', 'buildx');
    expect(await inspectThere('docker-a', 'docker', 'elsewhere:1')).toMatchObject(labels);
  });

  test('is told of a build that is not started, and nothing is built', async () => {
    const before = await person.mustRun('builds', '--json');
    const printed = await person.mustRun(
      ...['build', '--equivalent', 'buildx', '-t', 'x:1', '--platform', 'linux/arm64,linux/s390x'],
      ...['--secret', `id=a,src=${folder}/Containerfile`, folder],
    );
    expect(printed).toBe(
      [
        'docker buildx build',
        '--platform=linux/arm64,linux/s390x',
        '--tag=x:1',
        '--provenance=false',
        `--secret=id=a,src=${folder}/Containerfile`,
        `--file=${folder}/Containerfile`,
        '--output=type=oci,dest=x-1.tar',
        `${folder}\n`,
      ].join(' \\\n  '),
    );
    expect(await person.mustRun('builds', '--json')).toBe(before);
    const all = equivalentsSchema.parse(JSON.parse(await person.mustRun('equivalent', '--json')));
    expect(all.map(({ kind }) => kind)).toEqual(['podman', 'podman-farm', 'buildx', 'github', 'gitlab']);
  });
});

test('emulation is told before the work begins, with the time that it took last', async () => {
  const head = git('rev-parse', 'HEAD');
  const args = [
    'build',
    '-t',
    'emulated:1',
    '--git-args',
    '--node',
    'amd-b',
    '--platform',
    'linux/arm64',
    '--no-cache',
    folder,
  ];
  const first = await person.mustRun(...args);
  expect(first).toContain('[build] linux/arm64 runs emulated on amd-b: often about ten times slower. amd64 took ');
  expect(first).toContain(`[build] REVISION=${head}, from git\n`);
  const second = await person.mustRun(...args);
  const note = /\[build\] linux\/arm64 runs emulated on amd-b: (?:\d+ min )?(?:\d+ s )?last time\.\n/;
  expect(second).toMatch(note);
  expect(second.search(note)).toBeLessThan(second.indexOf('context packed'));
});
