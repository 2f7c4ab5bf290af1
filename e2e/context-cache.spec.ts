/** A podman node that keeps the context of a build gets only what has changed since then, and builds exactly what is there now. */
import { randomBytes, randomInt } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Build, Job } from '../shared/build.ts';
import { makeProject, Person, parseBuild, setUpLab } from './harness.ts';
import { mustRun } from './lab/command.ts';
import { type ExtraSshd, type LabNode, runOnNode, startExtraSshd } from './lab/lab.ts';

const lab = await setUpLab();
const run = randomInt(1_000_000, 10_000_000);
let person: Person;
const projects: string[] = [];
const servers: ExtraSshd[] = [];

beforeAll(async () => {
  person = await Person.create();
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await Promise.all(['amd-a', 'amd-b'].map((node) => runOnNode(node, `rm -rf /tmp/contexts-${run}-*`)));
  await person?.remove();
  await Promise.all(projects.map((project) => rm(project, { recursive: true, force: true })));
});

/** Prints names, kinds, modes, targets and contents of all files, the same on every machine. */
const list = `find . ! -name . | sort | while read -r f; do
  stat -c '%n %f' "$f"; [ -h "$f" ] && readlink "$f" || { [ -f "$f" ] && sha256sum <"$f"; }; done`.replaceAll(
  '\n',
  ' ',
);

const fileCount = 120;
const fileBytes = 33_000;

async function createProject(): Promise<string> {
  const files = Array.from({ length: fileCount }, (_, index) => [`d${index % 9}/f${index}`, randomBytes(fileBytes)]);
  const containerfile = `${lab.from}COPY . /context\nRUN cd /context && ${list} > /list && sed 's/^/LI''ST /' /list # ${run}\n`;
  const folder = await makeProject({ ...Object.fromEntries(files), 'few/file': 'few', Containerfile: containerfile });
  projects.push(folder);
  return folder;
}

/** Another address of a node whose contexts are kept in a folder of this test. */
async function addNode(
  node: LabNode,
  name: string,
  { environment = '', config = [] }: { environment?: string; config?: string[] } = {},
): Promise<{ name: string; folder: string }> {
  const folder = `/tmp/contexts-${run}-${name}`;
  const server = await startExtraSshd(node.name, {
    config: [`SetEnv XDG_CACHE_HOME=${folder} ${environment}`, ...config],
  });
  servers.push(server);
  const uri = node.uri.replace(`:${node.port}/`, `:${server.port}/`);
  await person.addConnections({ ...node, name, uri });
  return { name, folder: `${folder}/barnraiser/contexts` };
}

async function kept(node: LabNode, folder: string): Promise<string[]> {
  const { stdout } = await runOnNode(node.name, `ls ${folder} 2>/dev/null`);
  return stdout.split('\n').filter((name) => name !== '');
}

async function build(folder: string, node: string, ...args: string[]): Promise<{ build: Build; job: Job }> {
  const { outcome, build } = await person.build('-t', `kept-${run}:1`, '--node', node, ...args, folder);
  expect(outcome.code, outcome.stderr).toBe(0);
  return { build, job: build.jobs[0] ?? expect.fail('no job') };
}

/** What the node has read, as the build printed it. */
async function expectAllThere(folder: string, { id }: Build): Promise<void> {
  const log = await person.mustRun('logs', id);
  const found = log.split('\n').flatMap((line) => /LIST (.*)$/.exec(line)?.[1] ?? []);
  const expected = (await mustRun(['sh', '-c', `cd '${folder}' && ${list}`]))
    .trim()
    .split('\n')
    // podman gets a link that leads out of the context as seen from a root that is the context
    .map((line) => line.replace('../../outside', '/outside'));
  expect(found).toEqual(expected);
}

const whole = fileCount * fileBytes;

/** Both with `npm run test:engines`. */
const nodeNames = [...(process.env.BARNRAISER_TEST_ENGINES === 'all' ? ['amd-a'] : []), 'amd-b'];

describe.each(nodeNames)('on %s', (nodeName) => {
  const node = lab.node(nodeName);
  let name: string;
  let contexts: string;
  let project: string;

  beforeAll(async () => {
    ({ name, folder: contexts } = await addNode(node, `${nodeName}-kept`));
    project = await createProject();
  });

  test('the whole context is sent once, then only what has changed', async () => {
    const first = await build(project, name);
    expect(first.job.bytesSent).toBeGreaterThan(whole);
    await expectAllThere(project, first.build);
    const [tar, ...more] = await kept(node, contexts);
    expect(more).toEqual([]);
    expect((await runOnNode(nodeName, `stat -c %a ${contexts} ${contexts}/${tar}`)).stdout).toBe('700\n600\n');

    const changes: readonly (() => unknown)[] = [
      () => writeFile(join(project, 'd1/f1'), randomBytes(fileBytes)),
      () => rm(join(project, 'd2/f2')),
      () => rename(join(project, 'd3/f3'), join(project, 'd4/another name, läng\u00e9r')),
      () => chmod(join(project, 'd5/f5'), 0o751),
      () => utimes(join(project, 'd6/f6'), 1000, 1000),
      async () => {
        await rename(join(project, 'few'), join(project, 'moved'));
        await symlink('moved', join(project, 'few'));
      },
      async () => {
        await rm(join(project, 'few'));
        await mkdir(join(project, 'few'));
        await symlink('../../outside', join(project, 'few/out'));
      },
      () => writeFile(join(project, 'd1/f1'), 'short'),
      () => rm(join(project, 'd8'), { recursive: true }),
      () => undefined,
    ];
    // one after the other on one node, and several at once on the other
    const rounds = nodeName === 'amd-b' ? changes.map((change) => [change]) : [changes.slice(0, 6), changes.slice(6)];
    for (const [index, round] of rounds.entries()) {
      for (const change of round) {
        await change();
      }
      const { job, build: built } = await build(project, name, '--no-cache');
      expect(job.bytesSent, `change ${index}`).toBeLessThan(whole / 50);
      expect(job.bytesReused, `change ${index}`).toBeGreaterThan(whole / 2);
      await expectAllThere(project, built);
    }
    expect(await kept(node, contexts)).toHaveLength(1);
    await rm(join(project, 'few'), { recursive: true });
  }, 600_000);

  // what depends on the program on the node alone is tested on one of them; its own tests run it in several shells
  const isTestedInFull = nodeName === 'amd-b';
  if (isTestedInFull) {
    test.each([
      ['changed', (tar: string) => `printf x | dd of=${tar} bs=1 seek=1234567 conv=notrunc`],
      ['cut off', (tar: string) => `truncate -s 1000000 ${tar}`],
      ['removed', (tar: string) => `rm ${tar}`],
      ['not readable', (tar: string) => `rm ${tar} && mkdir ${tar}`],
    ])('a kept context that was %s is not used', async (_, command) => {
      await build(project, name, '--no-cache');
      const [tar] = await kept(node, contexts);
      await runOnNode(nodeName, command(`${contexts}/${tar}`));
      await writeFile(join(project, 'd1/f1'), randomBytes(fileBytes));
      const { job, build: built } = await build(project, name, '--no-cache');
      expect(job.bytesSent).toBeGreaterThan(whole / 2);
      await expectAllThere(project, built);
      await runOnNode(nodeName, `rm -rf ${contexts}`);
    });

    test('two builds at once do not disturb each other', async () => {
      const other = await createProject();
      await build(project, name, '--no-cache');
      const results = await Promise.all(
        [project, project, other].map(async (folder) => ({ folder, ...(await build(folder, name, '--no-cache')) })),
      );
      for (const { folder, build: built } of results) {
        await expectAllThere(folder, built);
      }
      await writeFile(join(other, 'd1/f1'), randomBytes(fileBytes));
      const { job } = await build(other, name, '--no-cache');
      expect(job.bytesSent).toBeLessThan(whole / 50);
    });
  }

  test('a build that is killed or cancelled while it sends leaves nothing that the next one uses', async () => {
    for (const signal of ['SIGKILL', 'SIGINT'] as const) {
      const another = await createProject();
      const running = person.start('build', '--json', '-t', `kept-${run}:1`, '--node', name, another);
      await running.waitForLine((line) => line.includes('"status":"context"'));
      running.process.kill(signal);
      const outcome = await running.ended;
      if (signal === 'SIGINT') {
        expect(parseBuild(outcome).status).toBe('cancelled');
      }
      const { build: built } = await build(another, name);
      await expectAllThere(another, built);
      await vi.waitFor(
        async () => expect((await kept(node, contexts)).filter((file) => file.startsWith('part-'))).toEqual([]),
        { timeout: 30_000, interval: 500 },
      );
    }
  });

  if (isTestedInFull) {
    test('a build for another platform of the same node uses the same context', async () => {
      const another = await createProject();
      await writeFile(join(another, 'Containerfile'), `FROM scratch\nCOPY . /\n# ${run}\n`);
      const { outcome, build: built } = await person.build(
        ...['-t', `kept-${run}:1`, '--node', name, '--platform', 'linux/amd64,linux/arm64', another],
      );
      expect(outcome.code, outcome.stderr).toBe(0);
      const sent = built.jobs.map(({ bytesSent }) => bytesSent).sort((one, two) => one - two);
      expect(sent[0]).toBe(0);
      expect(sent[1]).toBeGreaterThan(whole);
    });

    test('a build that leaves nothing on the node leaves no context, and prune removes all', async () => {
      await build(project, name, '--no-cache');
      const { job, build: built } = await build(project, name, '--no-cache', '--cleanup');
      expect(job.bytesSent).toBe(0);
      await expectAllThere(project, built);
      const before = await kept(node, contexts);
      await build(project, name, '--no-cache', '--cleanup');
      expect(await kept(node, contexts)).toEqual(before);
      await build(project, name, '--no-cache');
      await person.mustRun('prune', '--node', name, '--yes');
      expect(await kept(node, contexts)).toEqual([]);
      expect((await runOnNode(nodeName, `ls ${contexts}/..`)).code).not.toBe(0);
    });
  }
});

test('a node that lacks a program gets the whole context', async () => {
  const node = lab.node('amd-b');
  const programs = `/tmp/programs-${run}`;
  await runOnNode(node.name, `mkdir ${programs} && ln -s /usr/bin/* ${programs} && rm ${programs}/dd`);
  const { name, folder } = await addNode(node, 'few-programs', { environment: `PATH=${programs}` });
  const project = await createProject();
  for (const _ of [1, 2]) {
    const { job, build: built } = await build(project, name, '--no-cache');
    expect(job.bytesSent).toBeGreaterThan(whole);
    await expectAllThere(project, built);
  }
  expect(await kept(node, folder)).toEqual([]);
  await runOnNode(node.name, `rm -r ${programs}`);
});

test('a node that allows one command at a time gets the whole context, and a build there can be cancelled', async () => {
  const node = lab.node('amd-b');
  const { name, folder } = await addNode(node, 'one-command', { config: ['MaxSessions 1'] });
  const project = await createProject();
  const { job, build: built } = await build(project, name, '--no-cache');
  expect(job.bytesSent).toBeGreaterThan(whole);
  await expectAllThere(project, built);
  expect(await kept(node, folder)).toEqual([]);
  await writeFile(join(project, 'Containerfile'), `${lab.from}COPY . /context\nRUN echo begun ${run} && sleep 600\n`);
  const running = person.start('build', '--json', '-t', `kept-${run}:1`, '--node', name, project);
  await running.waitForLine((line) => line.includes(`"begun ${run}"`));
  running.process.kill('SIGINT');
  expect(parseBuild(await running.ended).status).toBe('cancelled');
});

test('what is known of kept contexts is private to the user', async () => {
  const folder = join(person.home, 'context-layouts');
  expect((await mustRun(['stat', '-c', '%a', folder, join(folder, (await readdir(folder))[0] ?? '')])).trim()).toBe(
    '700\n600',
  );
});
