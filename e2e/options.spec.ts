/**
 * Every option of a build on every engine: a few builds with all options that the engine supports, of which the images and the nodes
 * show what has become of the options. What takes longer, and the nodes on demand, run with `npm run test:engines`.
 */
import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type OptionName, optionRow } from '../shared/build-options.ts';
import { type Node, nodeStatusSchema } from '../shared/node.ts';
import { allLimits, builderOf } from '../shared/option-support.ts';
import { makeProject, Person, setUpLab } from './harness.ts';
import { mustRun } from './lab/command.ts';
import { type LabNode, runOnNode, startNode } from './lab/lab.ts';
import {
  commonFlags,
  containerfile,
  type Evidence,
  firstChecks,
  type OptionCheck,
  proxies,
  secondChecks,
  thirdChecks,
} from './option-checks.ts';
import { readStoredImage } from './stored-image.ts';

const lab = await setUpLab();
const isTested = ({ platform }: LabNode): boolean => platform === 'linux/amd64';
const rows = lab.nodes.filter(isTested);

const statusSchema = z.object({ event: z.literal('node.changed'), status: nodeStatusSchema });

let person: Person;
const projects: string[] = [];

beforeAll(async () => {
  person = await Person.create(proxies);
  await person.addConnections(...rows);
});
afterAll(async () => {
  await person?.remove();
  await Promise.all(projects.map((project) => rm(project, { recursive: true, force: true })));
});

/** The first line of a Containerfile: a base image with a shell. */
const base = lab.from.split('\n')[0] ?? '';
const random = String(randomInt(1_000_000, 10_000_000));

/** The facts of a node as the scheduler has them. */
async function factsOf(name: string): Promise<Node> {
  const lines = (await person.mustRun('--json', 'status')).trim().split('\n');
  const statuses = lines.map((line) => statusSchema.safeParse(JSON.parse(line)).data?.status);
  const found = statuses.find((status) => status?.connection === name);
  return found?.state === 'up' ? found.node : expect.fail(`${name} is down`);
}

/** Whether the node does nothing, or not this, with an option. */
function isLimited(node: Node, options: readonly OptionName[]): boolean {
  return allLimits(node).some(
    ({ option, value }) => options.includes(option) && (value === undefined || optionRow(option).kind === 'switch'),
  );
}

const supported = (node: Node, checks: readonly OptionCheck[]): OptionCheck[] =>
  checks.filter(({ options, builders }) => !isLimited(node, options) && (builders?.includes(builderOf(node)) ?? true));

/** Builds with the options of all checks, and looks at what they have become. */
async function buildWith(node: Node, name: string, checks: readonly OptionCheck[]): Promise<void> {
  const unique = `${name}${random}${node.connection.replaceAll('-', '')}`;
  const project = await makeProject(containerfile(base, unique));
  projects.push(project);
  const git = ['git', '-C', project, '-c', 'user.name=Ann', '-c', 'user.email=ann@example.com'];
  await mustRun([...git, 'init', '-q']);
  await mustRun([...git, 'add', '.']);
  await mustRun([...git, 'commit', '-q', '-m', 'all']);
  const revision = (await mustRun([...git, 'rev-parse', 'HEAD'])).trim();
  const flags = checks.flatMap((check) => check.flags({ random: unique }));
  const paths = flags.map((flag) => (flag === 'args.env' ? join(project, flag) : flag));
  const reference = `options-${name}-${node.connection}:1`;
  const common = ['-t', reference, '--node', node.connection, ...commonFlags];
  const plain = ['build', ...common, ...paths, project];
  const { code, stdout, stderr } = await person.barnraiser(...plain);
  expect(code, `${plain.join(' ')}\n${stderr}\n${stdout}`).toBe(0);
  const digest = /(sha256:[0-9a-f]{64})\s*$/.exec(stdout.trim())?.[1] ?? expect.fail(stdout);
  const image = await readStoredImage(person, digest);
  const evidence: Evidence = {
    builder: builderOf(node),
    image,
    step: (file) => image.text(`checked/${file}`),
    output: stdout.replace(/^\[\S+ \S+\] /gm, ''),
    shell: async (command) => (await runOnNode(node.connection, command)).stdout,
    revision,
    random: unique,
  };
  for (const check of checks) {
    await check.look(evidence).catch((error: unknown) => {
      throw new Error(`${node.connection}: ${check.options.join(', ')}: ${String(error)}`, { cause: error });
    });
  }
}

function specify(name: string): void {
  test('does what options ask for, as far as the engine can', async () => {
    const node = await factsOf(name);
    await buildWith(node, 'first', supported(node, firstChecks));
    await buildWith(node, 'second', supported(node, secondChecks));
    const third = supported(node, thirdChecks);
    if (third.length > 0) {
      await buildWith(node, 'third', third);
    }
  });
}

/** One project with two stages, whose steps are in no other build. */
async function stagesOf(name: string, ...more: string[]): Promise<string> {
  const unique = `${name} ${randomInt(1_000_000, 10_000_000)}`;
  const project = await makeProject({
    Containerfile: [
      `${base} AS first`,
      `RUN echo first of ${unique} > /first`,
      base,
      'COPY --from=first /first /first',
      `RUN echo last of ${unique} > /last`,
      ...more,
      '',
    ].join('\n'),
  });
  projects.push(project);
  return project;
}

/** The steps of a build that ran, by their stages. */
async function ranIn(node: string, project: string, ...args: string[]): Promise<string[]> {
  const reference = ['-t', `options-cache-${node}:1`, '--node', node, '--platform', 'linux/amd64', '--no-skip'];
  const { outcome, build } = await person.build(...reference, ...args, project);
  expect(outcome.code, outcome.stderr).toBe(0);
  const steps = build.jobs[0]?.steps ?? [];
  return steps.flatMap(({ cached, name }) => (cached ? [] : (/^RUN echo (first|last) /.exec(name)?.[1] ?? [])));
}

function specifyAlone(name: string): void {
  test('uses the build cache as it is asked to', async () => {
    const node = await factsOf(name);
    const project = await stagesOf(name);
    expect(await ranIn(name, project)).toEqual(['first', 'last']);
    expect(await ranIn(name, project)).toEqual([]);
    expect(await ranIn(name, project, '--no-cache')).toEqual(['first', 'last']);
    if (!isLimited(node, ['noCacheFor'])) {
      expect(await ranIn(name, project, '--no-cache-filter', 'first')).toEqual(['first']);
    }
    const args = ['-t', `options-quiet-${name}:1`, '--node', name, '--platform', 'linux/amd64', '-q', project];
    expect(await person.mustRun('build', ...args)).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  });

  test('reads the build cache that it, or another node, has written to a registry', async () => {
    const builder = builderOf(await factsOf(name));
    const project = await stagesOf(name);
    const cache = `${lab.registry.address}/spec/cache-${randomInt(1_000_000, 10_000_000)}`;
    const inImage = [`--push=${cache}:image`, '--tls-verify=false', '--cleanup'];
    const writes = {
      podman: ['--cache-to', cache, '--cleanup'],
      buildkit: ['--cache-to', `type=registry,ref=${cache}:image,mode=max`, '--cleanup'],
      docker: ['--cache-to', 'type=inline', ...inImage],
      classic: inImage,
    }[builder];
    expect(await ranIn(name, project, ...writes)).toEqual(['first', 'last']);
    // nothing is left of it on the node
    const reference = builder === 'podman' ? cache : `${cache}:image`;
    const ran = await ranIn(name, project, '--cleanup', '--cache-from', reference);
    // an image has the steps of its last stage
    expect(ran).toEqual(builder === 'docker' || builder === 'classic' ? expect.not.arrayContaining(['last']) : []);
  });

  test('keeps the container of a step that has failed', async () => {
    const node = await factsOf(name);
    if (isLimited(node, ['forceRm'])) {
      return;
    }
    const project = await stagesOf(name, 'RUN exit 3');
    const containers = async (): Promise<string[]> => {
      const list = node.engine === 'podman' ? 'podman ps -a --external -q' : 'docker ps -a -q';
      return (await runOnNode(name, list)).stdout.trim().split('\n');
    };
    const before = new Set(await containers());
    const { outcome } = await person.build('-t', `options-rm-${name}:1`, '--node', name, '--force-rm=false', project);
    expect(outcome.code).toBe(1);
    const kept = (await containers()).filter((id) => id !== '' && !before.has(id));
    expect(kept).not.toEqual([]);
    await runOnNode(name, `${node.engine} rm -f ${kept.join(' ')}`);
  });

  test('builds again if the registry of a base image could not be reached', async () => {
    const [port, close] = await freePort();
    await close();
    const project = await makeProject({ Containerfile: `FROM 127.0.0.1:${port}/base:1\nRUN echo ${random} ${name}\n` });
    projects.push(project);
    const flags = ['--retry', '5', '--retry-delay', '0.1', '--node', name, '--platform', 'linux/amd64'];
    const running = person.start('build', '-t', `options-retry-${name}:1`, ...flags, project);
    await running.waitForLine((line) => line.includes('Trying again in 0.1 s'));
    const registry = await forward(port, lab.registry.address);
    const { code, stderr, stdout } = await running.ended;
    await registry();
    expect(code, `${stdout}\n${stderr}`).toBe(0);
    await runOnNode(name, `podman rmi 127.0.0.1:${port}/base:1 || docker rmi 127.0.0.1:${port}/base:1 || true`);
  });
}

/** A port that is free, and what gives it back. */
async function freePort(): Promise<[number, () => Promise<void>]> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return [port, () => new Promise((resolve) => server.close(() => resolve()))];
}

/** What arrives at a port goes to another address. Resolves with what ends that. */
async function forward(port: number, address: string): Promise<() => Promise<void>> {
  const [host = '', to = ''] = address.split(':');
  const server = createServer((socket) => {
    const target = connect(Number(to), host);
    socket.pipe(target).pipe(socket);
    for (const end of [socket, target]) {
      end.on('error', () => socket.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return () => {
    server.close();
    return Promise.resolve();
  };
}

test('no node gets a job that its engine cannot do, and the reason is said', async () => {
  const project = await stagesOf('limits');
  for (const [node, flags, reason] of [
    ['amd-b', ['--no-cache-filter', 'a'], 'leaving out the cache for single stages: podman has no such option'],
    [
      'amd-a',
      ['--source-date-epoch', '1'],
      'setting the time of the sources: it needs 5.6 or newer, and the node has 4.3.1',
    ],
    ['docker-a', ['--dns', '192.0.2.1'], 'DNS servers: BuildKit takes DNS servers only from its own configuration'],
    [
      'docker-a',
      ['--cache-to', 'example.com/cache'],
      'writing this cache: docker writes the cache only into the image',
    ],
    ['docker-classic', ['--secret', 'id=a,env=HOME'], "secrets: docker's classic builder has no RUN --mount"],
    ['buildkit-a', ['--rm=false'], 'keeping the containers of steps: BuildKit has no containers that could be kept'],
    ['buildkit-a', ['--keep'], 'the image retention "tagged": BuildKit keeps no images'],
  ] as const) {
    const args = ['-t', 'options-limits:1', '--node', node, ...flags, project];
    const { code, stderr } = await person.barnraiser('build', ...args);
    expect(code, stderr).toBe(1);
    expect(stderr).toContain(`Node ${node} does not support ${reason}`);
  }
  const native = ['-t', 'options-limits:1', '--platform', 'linux/arm64', '--no-emulation'];
  for (const { name } of rows) {
    const { code, stderr } = await person.barnraiser('build', ...native, '--node', name, project);
    expect(code, stderr).toBe(1);
    expect(stderr).toContain('No node runs linux/arm64 natively, and emulation is not allowed.');
  }
});

/** One of each kind, and all with `npm run test:engines`. */
const checked = rows.filter(
  ({ name }) => process.env.BARNRAISER_TEST_ENGINES === 'all' || ['amd-b', 'docker-a'].includes(name),
);
describe.concurrent.each(checked)('$name', ({ name }) => specify(name));

// the first start builds root file systems, and buildkitd
const startTimeoutMs = 1_800_000;

if (process.env.BARNRAISER_TEST_ENGINES === 'all') {
  describe.each(rows)('$name', ({ name }) => specifyAlone(name));
  describe.each(lab.onDemand.filter(isTested))('$name', (node) => {
    beforeAll(async () => {
      await startNode(node.name);
      await person.addConnections(node);
    }, startTimeoutMs);
    specify(node.name);
    specifyAlone(node.name);
  });
} else {
  console.log(
    '*** skipped: caches, repeated pulls, kept containers, other versions. `npm run test:engines` runs them. ***',
  );
}
