/** Jobs in which nothing has changed are skipped, and only those that the engine would have answered from its cache. */
import { randomInt } from 'node:crypto';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Build, Job } from '../shared/build.ts';
import { makeProject, Person, setUpLab } from './harness.ts';
import { mustRun } from './lab/command.ts';
import { runOnNode } from './lab/lab.ts';

const lab = await setUpLab();
/** All with `npm run test:engines`. */
const names = [...(process.env.BARNRAISER_TEST_ENGINES === 'all' ? ['amd-a'] : []), 'amd-b', 'docker-a'];
const nodes = names.map((name) => lab.node(name));
const run = randomInt(1_000_000, 10_000_000);
let person: Person;
const projects: string[] = [];

beforeAll(async () => {
  person = await Person.create();
  const others = ['amd-a', 'docker-arm'].filter((name) => !names.includes(name));
  await person.addConnections(...nodes, ...others.map((name) => lab.node(name)));
});
afterAll(async () => {
  await person?.remove();
  await Promise.all(projects.map((project) => rm(project, { recursive: true, force: true })));
});

async function createProject(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await makeProject(files);
  projects.push(folder);
  return folder;
}

async function build(folder: string, node: string, ...args: string[]): Promise<{ build: Build; job: Job }> {
  const { outcome, build } = await person.build('-t', `unchanged-${run}:1`, '--node', node, ...args, folder);
  expect(outcome.code, outcome.stderr).toBe(0);
  const [job] = build.jobs;
  return { build, job: job ?? expect.fail('no job') };
}

/** The steps that the engine did not find in its cache. It looks up a base image in each build. */
function uncached({ steps }: Job): string[] {
  return steps.filter(({ cached, name }) => !cached && !/^FROM\b/.test(name)).map(({ name }) => name);
}

/** Copies the base image of the lab to a name of its own. Returns it, without its tag, which is 1. */
async function copyBase(name: string, node: string): Promise<string> {
  const base = `${lab.registry.address}/${name}`;
  const insecure = ['--src-tls-verify=false', '--dest-tls-verify=false'];
  await mustRun([
    'skopeo',
    'copy',
    '--all',
    ...insecure,
    `docker://${lab.registry.address}/base:1`,
    `docker://${base}:1`,
  ]);
  onTestFinished(async () => void (await runOnNode(node, `${lab.node(node).engine} rmi ${base}:1`)));
  return base;
}

/** Gives the registry another image for a name, which is only for linux/amd64. */
async function moveBase(base: string, node: string, mark: string): Promise<void> {
  const other = await createProject({ Containerfile: `${lab.from}ENV MARK=${mark}\n` });
  await person.build('-t', `base-${run}:1`, '--node', node, '--platform', 'linux/amd64', other);
  await person.mustRun('push', `base-${run}:1`, `${base}:1`, '--tls-verify=false');
}

/** More rounds find more, and take longer. */
const rounds = Number(process.env.BARNRAISER_TEST_ROUNDS ?? 3);
const sizes = ['small', 'large'] as const;
const policies = ['missing', 'always', 'newer'] as const;
type Change = { readonly name: string; readonly apply: () => unknown };

describe.each(nodes)('on $name', ({ name: node, engine }) => {
  test('random changes', async () => {
    // a failure names the run, from which the changes follow
    let state = run;
    const pick = <T>(values: readonly T[]): T => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return values[Math.floor((state / 2 ** 31) * values.length)] ?? expect.fail('nothing to pick');
    };
    const base = await copyBase(`unchanged-${run}-${node}`, node);
    const folder = await createProject({
      Containerfile: [
        `ARG TAG=1\nFROM ${base}:$TAG AS made`,
        `ARG SIZE=none\nRUN echo ${run} $SIZE > /size`,
        `COPY kept changed /files/`,
        `RUN --mount=type=cache,target=/cache cat /files/* > /all`,
        `FROM ${base}:1\nCOPY --from=made /all /size /\nENV A=b\nCMD ["cat", "/all"]\n`,
      ].join('\n'),
      kept: 'kept',
      changed: 'changed',
      '.containerignore': 'ignored\n',
      ignored: 'ignored',
    });
    const options = { size: 'none', labels: 0, format: 'oci', pull: 'missing' };
    const args = (): string[] => [
      ...['--build-arg', `SIZE=${options.size}`, '--label', `labels=${options.labels}`, '--format', options.format],
      ...['--platform', 'linux/amd64', '--pull', options.pull],
    ];
    let count = 0;
    const changeBase = async (): Promise<void> => {
      await moveBase(base, node, `${count}-${run}`);
      if (engine === 'podman' && options.pull !== 'always' && pick([true, false])) {
        await runOnNode(node, `podman pull -q --tls-verify=false ${base}:1`);
      }
    };
    const changes: readonly Change[] = [
      { name: 'file', apply: () => writeFile(join(folder, 'changed'), `changed ${count}`) },
      { name: 'mode', apply: () => chmod(join(folder, 'kept'), count % 2 ? 0o755 : 0o600) },
      { name: 'new file', apply: () => writeFile(join(folder, `new-${count}`), '') },
      { name: 'build argument', apply: () => (options.size = `${pick(sizes)}-${count}`) },
      { name: 'label', apply: () => (options.labels = count) },
      { name: 'base image', apply: changeBase },
      { name: 'pull policy', apply: () => (options.pull = pick(policies)) },
      // the name of the base image now means this one; docker then looks the base up for each build, which is never skipped
      ...(engine === 'podman'
        ? [
            {
              name: 'other platform',
              apply: () => runOnNode(node, `podman pull -q --platform linux/arm64 ${base}:1 || true`),
            },
          ]
        : []),
      { name: 'ignore file', apply: () => writeFile(join(folder, '.containerignore'), `ignored\nother-${count}\n`) },
    ];
    await build(folder, node, ...args());
    for (count = 1; count <= rounds; count++) {
      const change = count % 2 === 0 ? pick(changes) : undefined;
      await change?.apply();
      const { job, build: built } = await build(folder, node, ...args());
      const what = `round ${count} of ${run}: ${change?.name ?? 'nothing'}`;
      if (!change) {
        expect(job, what).toMatchObject({ skipped: true, bytesSent: 0, bytesReceived: 0, steps: [] });
      }
      if (job.skipped) {
        const { job: again, build: rebuilt } = await build(folder, node, '--no-skip', ...args());
        expect(again.skipped, what).toBeUndefined();
        expect(uncached(again), what).toEqual([]);
        expect(rebuilt.list?.digest, what).toBe(built.list?.digest);
      } else {
        expect(change?.name, what).toBeDefined();
      }
    }
  });

  test('what the cache does not answer, and what is asked for, is never skipped', async () => {
    const folder = await createProject({ Containerfile: `${lab.from}RUN echo ${run} ${node} > /built\n` });
    const isSkipped = async (...args: string[]): Promise<boolean | undefined> =>
      (await build(folder, node, ...args)).job.skipped;
    expect(await isSkipped()).toBeUndefined();
    expect(await isSkipped()).toBe(true);
    expect(await isSkipped('--no-skip')).toBeUndefined();
    expect(await isSkipped('--no-cache')).toBeUndefined();
    expect(await isSkipped()).toBe(true);
    expect(await isSkipped('--keep')).toBeUndefined();
    expect(await isSkipped('--keep')).toBe(true);
    await runOnNode(node, `${engine} rmi unchanged-${run}:1`);
    expect(await isSkipped('--keep')).toBeUndefined();
    expect(await isSkipped('--cleanup')).toBeUndefined();
    expect(await isSkipped('--cleanup')).toBeUndefined();
  });

  test('a base image that is pulled for each build is compared with that of its registry', async () => {
    const base = await copyBase(`pulled-${run}-${node}`, node);
    const folder = await createProject({ Containerfile: `FROM ${base}:1\nRUN echo ${run} ${node} pulled > /built\n` });
    for (const pull of ['always', 'newer']) {
      const repeat = async (): Promise<Job> => (await build(folder, node, '--pull', pull)).job;
      expect((await repeat()).skipped, pull).toBeUndefined();
      expect((await repeat()).skipped, pull).toBe(true);
      await moveBase(base, node, `${pull}-${run}`);
      const moved = await repeat();
      expect(moved.skipped, pull).toBeUndefined();
      expect(uncached(moved), pull).not.toEqual([]);
      expect((await repeat()).skipped, pull).toBe(true);
    }
  });

  test('a step whose result is gone from the node is made again', async () => {
    const containerfile = `${lab.from}RUN echo ${run} ${node} gone > /built\n`;
    const folder = await createProject({ Containerfile: containerfile });
    await build(folder, node);
    expect((await build(folder, node)).job.skipped).toBe(true);
    const gone =
      engine === 'podman'
        ? `podman images --all --quiet --no-trunc | while read -r id; do podman history "$id" --no-trunc 2>/dev/null | grep -q '${run} ${node} gone' && podman rmi -f "$id"; done; true`
        : `docker system df -v --format '{{range .BuildCache}}{{println .ID .Description}}{{end}}' | grep '${run} ${node} gone' | while read -r id rest; do docker builder prune --all --force --filter "id=$id"; done`;
    await runOnNode(node, gone);
    const { job } = await build(folder, node);
    expect(job.skipped).toBeUndefined();
    expect(uncached(job)).not.toEqual([]);
  });
});

test('the platforms of a build are skipped each for itself', async () => {
  const folder = await createProject({
    Containerfile: `${lab.from}RUN echo ${run} $TARGETARCH > /built\n`,
  });
  const pair = (...args: string[]): ReturnType<Person['build']> =>
    person.build('-t', `pair-${run}:1`, '--node', 'docker-a', '--node', 'docker-arm', ...args, folder);
  const first = await pair();
  expect(first.outcome.code, first.outcome.stderr).toBe(0);
  const second = await pair();
  expect(second.build.jobs.map(({ skipped }) => skipped)).toEqual([true, true]);
  expect(second.build.list?.digest).toBe(first.build.list?.digest);
  const text = await person.mustRun('build', '-t', `pair-${run}:2`, '--node', 'docker-a,docker-arm', folder);
  expect(text).toMatch(/linux\/amd64 +docker-a +native +unchanged/);
  expect(await person.mustRun('images')).toContain(`pair-${run}`);
});

test.each(['missing', 'always'])('two platforms on one node with podman are both skipped (%s)', async (pull) => {
  const base = await copyBase(`shared-${run}-${pull}`, 'amd-a');
  const folder = await createProject({
    Containerfile: `FROM ${base}:1 AS made\nARG TARGETARCH\nCOPY ${'$'}TARGETARCH /made\nFROM ${base}:1\nCOPY --from=made /made /made\n`,
    amd64: `${run} amd64 ${pull}`,
    arm64: `${run} arm64 ${pull}`,
  });
  const pair = async (...args: string[]): Promise<Build> => {
    const platforms = ['--platform', 'linux/amd64,linux/arm64', '--pull', pull];
    const { outcome, build } = await person.build(
      '-t',
      `shared-${run}:1`,
      '--node',
      'amd-a',
      ...platforms,
      ...args,
      folder,
    );
    expect(outcome.code, `${outcome.stderr}${outcome.stdout.slice(-3000)}`).toBe(0);
    return build;
  };
  const first = await pair();
  const second = await pair();
  expect(second.jobs.map(({ skipped }) => skipped)).toEqual([true, true]);
  expect(second.list?.digest).toBe(first.list?.digest);
  const built = await pair('--no-skip');
  expect(built.jobs.flatMap(uncached)).toEqual([]);
  expect(built.list?.digest).toBe(first.list?.digest);
  expect((await pair()).jobs.map(({ skipped }) => skipped)).toEqual([true, true]);
});
