/**
 * The same builds on every engine: one node of each kind is a row. All nodes of the lab's table for amd64, also those on demand, are rows
 * of `npm run test:engines`, and the daemon that `$BARNRAISER_BUILDKITD` names.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Job } from '../shared/build.ts';
import { makeProject, Person, setUpLab } from './harness.ts';
import { mustRun, type Outcome, run } from './lab/command.ts';
import { type LabNode, runOnNode, startExtraSshd, startNode, startSmallNode } from './lab/lab.ts';
import { type AuthRegistry, startAuthRegistry } from './lab/registries.ts';

const lab = await setUpLab();
/** They take the jobs of nodes that are lost. */
const spares = [lab.node('amd-a'), lab.node('amd-b')];
const random = randomInt(1_000_000, 10_000_000);

let person: Person;
let folder: string;
let registry: AuthRegistry;
const projects: string[] = [];

interface Row {
  readonly name: string;
  /** What the connection of the row has besides its name. */
  readonly connection: readonly string[];
  /** If it is a node of the lab. */
  readonly node?: LabNode;
  /** Runs a shell command where the engine runs. */
  readonly shell: (command: string) => Promise<Outcome>;
}

function labRow(node: LabNode): Row {
  const { name, uri, identity } = node;
  const connection = [uri, '--identity', identity, '--accept-new-host-keys'];
  return { name, connection, node, shell: (command) => runOnNode(name, command) };
}

const withOthers = process.env.BARNRAISER_TEST_ENGINES === 'all';
const oneOfEachKind = ['amd-b', 'docker-a', 'buildkit-a'];
const isAmd64 = ({ platform }: LabNode): boolean => platform === 'linux/amd64';
const rows = lab.nodes.filter(withOthers ? isAmd64 : ({ name }) => oneOfEachKind.includes(name)).map(labRow);
const onDemand = lab.onDemand.filter(isAmd64).map(labRow);
/** A socket or a URI. */
const socket = process.env.BARNRAISER_BUILDKITD;
if (socket) {
  rows.push({
    name: 'own-buildkitd',
    connection: [socket.startsWith('/') ? `unix://${socket}` : socket],
    shell: (command) => run(['sh', '-c', command]),
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-engines-'));
  person = await Person.create({
    REGISTRY_AUTH_FILE: join(folder, 'auth.json'),
    DOCKER_CONFIG: join(folder, 'docker'),
  });
  for (const row of rows) {
    await connect(row);
  }
  await person.addConnections(
    lab.node('docker-arm'),
    ...spares.map((spare) => ({ ...spare, name: `spare-${spare.name}` })),
  );
  registry = await startAuthRegistry({ mode: 'token' });
  const login = `${registry.username}:${registry.password}`;
  const copy = ['skopeo', 'copy', '--all', '--src-tls-verify=false', '--dest-tls-verify=false', '--dest-creds', login];
  await mustRun([...copy, `docker://${lab.registry.address}/base:1`, `docker://${registry.address}/private/base:1`]);
});
afterAll(async () => {
  await registry?.stop();
  await person?.remove();
  await rm(folder, { recursive: true, force: true });
  await Promise.all(projects.map((project) => rm(project, { recursive: true, force: true })));
});

async function createProject(
  lines: readonly string[],
  files: Readonly<Record<string, string | Buffer>> = {},
): Promise<string> {
  const project = await makeProject({ Containerfile: `${lines.join('\n')}\n`, ...files });
  projects.push(project);
  return project;
}

async function build(
  node: string,
  project: string,
  ...args: string[]
): Promise<{ outcome: Outcome; job: Job; digest: string | undefined }> {
  const options = ['-t', `engines-${node}:1`, '--node', node, '--platform', 'linux/amd64', ...args];
  const { outcome, build } = await person.build(...options, project);
  const [job] = build.jobs;
  return {
    outcome: { ...outcome, code: outcome.code ?? -1 },
    job: job ?? expect.fail(outcome.stderr),
    digest: build.list?.digest,
  };
}

/** What a step of a job that failed says, without the parts that differ between engines. */
const failedSteps = ({ steps }: Job): object[] =>
  steps
    .filter(({ error }) => error !== undefined)
    .map(({ index, total, line, name }) => ({ index, total, line, name }));

/** The steps that the engine did not find in its cache. It looks up a base image in each build. */
const uncached = ({ steps }: Job): string[] =>
  steps.filter(({ cached, name }) => !cached && !/^FROM\b/.test(name)).map(({ name }) => name);

function specify({ name, node, shell }: Row): void {
  /** Only then it is certain that a base image is still the same, so that nothing has to be built. */
  const asksRegistries = node !== undefined && node.engine !== 'buildkit' && name !== 'docker-classic';

  test('builds, takes what it can from the cache, and transfers only changed layers', async () => {
    const project = await createProject(
      [lab.from.trim(), 'COPY large /large', `RUN echo made ${random}; wc -c /large > /size`, 'COPY small /small'],
      { large: randomBytes(5_000_000), small: 'one' },
    );
    const first = await build(name, project);
    expect(first.outcome.code, first.outcome.stderr).toBe(0);
    expect(first.job).toMatchObject({ node: name, mode: 'native', status: 'done' });
    expect(first.job.steps.map(({ index, total, line }) => `${index}/${total} ${line}`)).toEqual(
      [1, 2, 3, 4, 5].map((line) => `${line}/5 ${line}`),
    );
    expect(first.outcome.stdout).toContain(`made ${random}`);
    expect(first.job.bytesReceived).toBeGreaterThan(5_000_000);

    const unchanged = await build(name, project, '--no-skip');
    expect(uncached(unchanged.job)).toEqual([]);
    expect(unchanged.digest).toBe(first.digest);
    expect(unchanged.job.bytesReceived).toBeLessThan(10_000);

    await writeFile(join(project, 'small'), 'two');
    const changed = await build(name, project);
    expect(uncached(changed.job)).toEqual(['COPY small /small']);
    expect(changed.job.bytesReceived).toBeLessThan(100_000);
  });

  test('names what has failed: platform, node, step, line and last output', async () => {
    const command = `echo last words of ${random} >&2; exit 7`;
    const project = await createProject([lab.from.trim(), 'ENV A=b', `RUN ${command}`, 'RUN true']);
    const { outcome, job } = await build(name, project);
    expect(outcome.code).toBe(1);
    expect(job).toMatchObject({ platform: 'linux/amd64', node: name, status: 'failed' });
    expect(job.problem?.message).toBe(
      `Node ${name}: step 4 of 5 (Containerfile:4) failed: RUN ${command} (exit status 7).`,
    );
    expect(failedSteps(job)).toEqual([{ index: 4, total: 5, line: 4, name: `RUN ${command}` }]);
    expect(job.lastLines?.join('\n')).toContain(`last words of ${random}`);
  });

  test('names a base image that does not exist', async () => {
    const image = `${lab.registry.address}/no/such:1`;
    const { job } = await build(name, await createProject([`FROM ${image}`, 'RUN true']));
    expect(job).toMatchObject({ platform: 'linux/amd64', node: name, status: 'failed' });
    expect(job.problem?.message).toBe(
      `Node ${name}: cannot get the base image ${image}: the registry does not have it.`,
    );
  });

  test('ends the step of a build that is cancelled', async () => {
    const seconds = `${randomInt(100_000, 1_000_000)}`;
    const project = await createProject([lab.from.trim(), `RUN echo sleeping; exec sleep ${seconds}`]);
    const running = person.start('build', '-t', `engines-${name}:1`, '--node', name, project);
    await running.waitForLine((line) => line.endsWith(' sleeping'));
    const sleeping = async () => (await shell(`pgrep -fx 'sleep ${seconds}'`)).stdout;
    expect(await sleeping()).not.toBe('');
    running.process.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(130);
    expect(await sleeping()).toBe('');
  });

  test('uses the login of this computer for a private base image, and stores it nowhere', async () => {
    const project = await createProject([`FROM ${registry.address}/private/base:1`, `RUN echo ${name} ${random}`]);
    const auth = Buffer.from(`${registry.username}:${registry.password}`).toString('base64');
    const buildWith = async (...registries: string[]): ReturnType<typeof build> => {
      const auths = Object.fromEntries(registries.map((address) => [address, { auth }]));
      await writeFile(join(folder, 'auth.json'), JSON.stringify({ auths }));
      return build(name, project, '--pull=always');
    };
    expect((await buildWith()).job.problem?.message).toContain('the registry denies access to it');
    const { outcome, job } = await buildWith(registry.address, 'other.example.com');
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(job.status).toBe('done');
    const { job: repeated } = await buildWith(registry.address);
    expect(uncached(repeated)).toEqual([]);
    expect(repeated.skipped ?? false).toBe(asksRegistries);

    const written = `${outcome.stdout}${outcome.stderr}${await textsIn(join(person.home, 'builds'))}`;
    for (const secret of [registry.password, auth]) {
      expect(written).not.toContain(secret);
    }
    const folders = node ? '/root /run /var/tmp /etc' : '/root/.docker /etc/buildkit';
    expect((await shell(`grep -rls '${registry.password}\\|${auth}' ${folders} 2>/dev/null`)).stdout).toBe('');
    expect((await buildWith()).job).toMatchObject({ status: 'failed' });
  });

  if (node?.engine === 'podman' && !withOthers) {
    // other specs lose nodes of podman, and `npm run test:engines` fills their disks
    return;
  }

  test.skipIf(!node)('gives its job to another node if it is lost during a build', async () => {
    const other = spares.find((spare) => spare.name !== name)?.name ?? '';
    const lost = `lost-${name}`;
    const sshd = await startExtraSshd(name, { config: [] });
    onTestFinished(() => sshd.stop());
    const uri = node?.uri.replace(/:\d+\//, `:${sshd.port}/`) ?? '';
    await person.mustRun('connection', 'add', lost, uri, '--identity', node?.identity ?? '', '--accept-new-host-keys');
    const seconds = `4.${randomInt(100_000, 1_000_000)}`;
    const project = await createProject([lab.from.trim(), `RUN sleep ${seconds}`]);
    // the sessions, and the processes that sshd has for each of them
    const sessions = `p=$(pgrep -d, -P $(cat /run/node/sshd-${sshd.port}.pid)); kill -KILL $(pgrep -P $p) $(echo $p | tr , ' ')`;
    const started = `timeout 60 sh -c "until pgrep -fx 'sleep ${seconds}'; do sleep 0.1; done"`;
    // some of the processes may have ended by themselves
    const killed = shell(`${started} && { ${sessions}; true; }`);
    const { outcome, job } = await build(lost, project, '--node', `spare-${other}`, '--pin', `linux/amd64=${lost}`);
    expect((await killed).code).toBe(0);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(job).toMatchObject({ status: 'done', node: `spare-${other}` });
    expect(job.lost).toMatchObject([
      { node: lost, problem: { message: `Node ${lost}: the SSH connection was lost.` } },
    ]);
  });

  test.skipIf(!node)('names a node whose disk is full', async () => {
    const { node: small, stop } = await startSmallNode(name);
    onTestFinished(stop);
    await person.addConnections(small);
    const project = await createProject([lab.from.trim(), 'COPY large /large', 'RUN cat /large /large > /larger'], {
      large: randomBytes(48_000_000),
    });
    const { job } = await build(small.name, project);
    expect(job).toMatchObject({
      node: small.name,
      status: 'failed',
      problem: { code: 'disk.full', message: `Node ${small.name} has no space left on its disk.` },
    });
  });
}

async function textsIn(path: string): Promise<string> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return (await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), 'latin1')))).join('\n');
}

const connect = ({ name, connection }: Row): Promise<string> =>
  person.mustRun('connection', 'add', name, ...connection);

describe.each(rows)('$name', specify);

const runImage = async (node: string, image: string): Promise<string> =>
  (await runOnNode(node, `docker run --rm --quiet --pull=always ${image}`)).stdout;

// each build is repeated on an emulated node
test.runIf(withOthers)(
  'a farm of all engines makes one list, with the same steps on each, and the images run on their nodes',
  async () => {
    const amd64 = rows.map(({ name }) => name);
    await person.mustRun('farm', 'create', 'all', ...amd64, 'docker-arm');
    const project = await createProject([
      ...[`${lab.from}ENV A=b`, 'WORKDIR /w', `RUN echo ${random} $TARGETARCH; uname -m > arch`],
      'CMD ["cat", "/w/arch"]',
    ]);
    const destination = `${lab.registry.address}/spec/engines:1`;
    for (const name of amd64) {
      const pin = ['--pin', `linux/amd64=${name}`];
      const { outcome, build } = await person.build('-t', 'engines:1', '--farm', 'all', ...pin, project);
      expect(outcome.code, outcome.stderr).toBe(0);
      expect(build.jobs).toMatchObject([
        { platform: 'linux/amd64', node: name, mode: 'native', status: 'done' },
        { platform: 'linux/arm64', node: 'docker-arm', mode: 'native', status: 'done' },
      ]);
      const steps = build.jobs[0]?.steps.map(({ id, index, total, line }) => `${id} ${index}/${total} line ${line}`);
      expect(steps, name).toEqual([1, 2, 3, 4, 5, 6].map((number) => `0:${number} ${number}/6 line ${number}`));
      await person.mustRun('push', 'engines:1', destination, '--tls-verify=false');
      expect(await runImage('docker-a', destination), name).toBe('x86_64\n');
    }
    // the last one has no other image for arm64 than the first
    expect(await runImage('docker-arm', destination)).toBe('aarch64\n');
  },
);

// the first start builds root file systems, and buildkitd
const startTimeoutMs = 1_800_000;

if (withOthers) {
  describe.each(onDemand)('$name', (row) => {
    beforeAll(async () => {
      await startNode(row.name);
      await connect(row);
    }, startTimeoutMs);
    specify(row);
  });
} else {
  const others = [...lab.nodes.filter(isAmd64), ...lab.onDemand.filter(isAmd64)].filter(
    ({ name }) => !oneOfEachKind.includes(name),
  );
  const names = others.map(({ name }) => name).join(', ');
  console.log(`*** skipped: builds on ${names}. \`npm run test:engines\` runs them. ***`);
  test.skip(`${names}: run them with \`npm run test:engines\``, () => undefined);
}
if (!socket) {
  console.log('*** skipped: builds on a BuildKit daemon of this computer. $BARNRAISER_BUILDKITD names its socket. ***');
  test.skip('a BuildKit daemon of this computer: $BARNRAISER_BUILDKITD names its socket', () => undefined);
}
