/**
 * `npm run soak -- [--builds N] [--at-once N]`: many small builds on all engines of the lab, some of which fail or are cancelled, in one
 * app and in terminals beside it. At the end, nothing may be left of them here and on the nodes, and the app may not have grown.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pLimit, { type LimitFunction } from 'p-limit';
import { type AppFigures, type AppProcess, startApp } from './faults/app-process.ts';
import { added, listHome, listNode } from './faults/left.ts';
import { readStore } from './faults/stored.ts';
import { Person, setUpLab } from './harness.ts';
import { type LabNode, runOnNode } from './lab/lab.ts';

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: { builds: { type: 'string', default: '200' }, 'at-once': { type: 'string', default: '4' } },
});
const builds = Number(values.builds);
const atOnce = Number(values['at-once']);
/** How much the heap may grow after the first builds, as a share. */
const maxGrowth = 0.1;
/** How long what ends by itself may take, in milliseconds. */
const settleMs = 30_000;

const kinds = ['done', 'failed', 'cancelled'] as const;
type Kind = (typeof kinds)[number];

/** One row of the table at the end. */
interface Figure {
  readonly name: string;
  readonly before: string | number;
  readonly after: string | number;
  readonly bound: string;
  readonly isRight: boolean;
}

const lab = await setUpLab();
const person = await Person.create();
/** A project is built by one at a time. */
const projects = new Map<string, LimitFunction>();
/** The first builds connect the app to each node and fill the caches. */
const warmUp = Math.max(Math.ceil(builds / 4), 3 * lab.nodes.length);
const figures: Figure[] = [];
const unexpected: string[] = [];
let app: AppProcess | undefined;
try {
  await person.addConnections(...lab.nodes);
  const idle = await listAll();
  app = await startApp(person);
  await runBuilds(0, warmUp);
  const first = await measure(app);
  await runBuilds(warmUp, builds);
  const last = await measure(app);
  compare(first, last);
  await app.close();
  app = undefined;
  await compareWithIdle(idle);
} finally {
  await app?.close();
  await person.remove();
}
print();
process.exitCode = figures.every(({ isRight }) => isRight) && unexpected.length === 0 ? 0 : 1;

/** Runs the builds with the numbers from `from` to `to`, some at once. */
async function runBuilds(from: number, to: number): Promise<void> {
  const limit = pLimit(atOnce);
  const numbers = Array.from({ length: to - from }, (_, index) => from + index);
  await Promise.all(numbers.map((number) => limit(() => runBuild(number))));
}

/**
 * Every node in turn; each eighth build fails, each ninth is cancelled, and each fifth runs in a terminal by itself. Those that succeed
 * leave their image as the cache of the next one, which replaces it.
 */
async function runBuild(number: number): Promise<void> {
  const node = lab.nodes[number % lab.nodes.length] ?? fail('the lab has no nodes');
  const kind: Kind = number % 8 === 3 ? 'failed' : number % 9 === 4 ? 'cancelled' : 'done';
  const isAlone = number % 5 === 2;
  const project = join(person.home, 'soak', `${node.name}-${kind}`);
  const oneAtATime = projects.get(project) ?? pLimit(1);
  projects.set(project, oneAtATime);
  await oneAtATime(async () => {
    await mkdir(project, { recursive: true });
    await writeFile(join(project, 'number'), `${number}\n`);
    const step = { done: 'true', failed: 'exit 3', cancelled: 'sleep 86400' }[kind];
    const containerfile = `${lab.from}COPY number /content\nRUN echo build ${number}; head -c 50000 /dev/urandom > /random; ${step}\n`;
    await writeFile(join(project, 'Containerfile'), containerfile);
    const running = person.startWith(
      isAlone ? { BARNRAISER_ATTACH: '0' } : {},
      ...['build', '--json', '-t', `soak-${node.name}:1`, '--node', node.name],
      ...(kind === 'done' ? [] : ['--cleanup']),
      project,
    );
    if (kind === 'cancelled') {
      await running
        .waitForLine((line) => line.includes(`"build ${number}"`))
        .then(() => running.process.kill('SIGINT'))
        .catch(() => undefined); // its exit code says
    }
    const { code, stdout, stderr } = await running.ended;
    const expected = { done: 0, failed: 1, cancelled: 130 }[kind];
    if (code !== expected) {
      const output = `${stdout.slice(-500)} ${stderr}`;
      unexpected.push(`build ${number} (${kind}) on ${node.name} ended with ${code}: ${output}`);
    }
    console.error(`soak: build ${number} on ${node.name}: ${code === expected ? kind : 'not as expected'}`);
  });
}

interface Measured {
  readonly app: AppFigures;
  readonly home: readonly string[];
  readonly nodes: readonly NodeFigures[];
}

interface NodeFigures {
  readonly name: string;
  readonly lines: readonly string[];
  readonly images: number;
  /** Descriptors of the processes of sshd that serve us: one for each channel and port, among others. */
  readonly descriptors: number;
}

/** Measures until nothing changes any more. */
async function measure(app: AppProcess): Promise<Measured> {
  let measured = await measureOnce(app);
  for (const deadline = performance.now() + settleMs; performance.now() < deadline; ) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const next = await measureOnce(app);
    if (JSON.stringify([next.nodes, next.home]) === JSON.stringify([measured.nodes, measured.home])) {
      return next;
    }
    measured = next;
  }
  return measured;
}

async function measureOnce(app: AppProcess): Promise<Measured> {
  return {
    app: await app.measure(),
    home: await listHome(person.home),
    nodes: await Promise.all(lab.nodes.map(measureNode)),
  };
}

async function measureNode(node: LabNode): Promise<NodeFigures> {
  const run = async (command: string): Promise<string> => (await runOnNode(node.name, command)).stdout;
  const listImages = {
    podman: 'podman images --all --quiet',
    docker: 'docker images --all --quiet',
    buildkit: 'true',
  }[node.engine];
  return {
    name: node.name,
    lines: await listNode({ node, run }),
    images: (await run(listImages)).split('\n').filter(Boolean).length,
    descriptors: Number(await run('for pid in $(pgrep sshd); do ls /proc/$pid/fd; done | wc -l')),
  };
}

function listAll(): Promise<NodeFigures[]> {
  return Promise.all(lab.nodes.map(measureNode));
}

function compare(first: Measured, last: Measured): void {
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  addFigure('heap of the app', megabytes(first.app.heap), megabytes(last.app.heap), `+ ${maxGrowth * 100} %`, {
    isRight: last.app.heap < first.app.heap * (1 + maxGrowth),
  });
  addFigure('resident memory of the app', megabytes(first.app.resident), megabytes(last.app.resident), '', {
    isRight: true,
  });
  for (const kind of new Set([...Object.keys(first.app.descriptors), ...Object.keys(last.app.descriptors)])) {
    const [before, after] = [first.app.descriptors[kind] ?? 0, last.app.descriptors[kind] ?? 0];
    addFigure(`descriptors of the app: ${kind}`, before, after, 'not more', { isRight: after <= before });
  }
  addList('files of running work', first.home, last.home);
  for (const node of last.nodes) {
    const before = first.nodes.find(({ name }) => name === node.name) ?? node;
    addList(`${node.name}: containers, names, files, processes`, before.lines, node.lines);
    addFigure(`${node.name}: images`, before.images, node.images, 'not more', {
      isRight: node.images <= before.images,
    });
    addFigure(`${node.name}: descriptors of sshd`, before.descriptors, node.descriptors, 'not more', {
      isRight: node.descriptors <= before.descriptors,
    });
  }
}

/** When the app has ended, nodes are as they were before it was started, but for the base image. */
async function compareWithIdle(idle: readonly NodeFigures[]): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  for (const node of await listAll()) {
    const before = idle.find(({ name }) => name === node.name) ?? node;
    addList(`${node.name}, when the app has ended`, before.lines, node.lines);
    addFigure(`${node.name}: descriptors of sshd, then`, before.descriptors, node.descriptors, 'not more', {
      isRight: node.descriptors <= before.descriptors,
    });
  }
  const left = await listHome(person.home);
  addList('files of running work, when the app has ended', [], left);
  const store = await readStore(person.home, 'content');
  const history = await readdir(join(person.home, 'builds'));
  addFigure('images here', 0, Object.keys(store).length, `${lab.nodes.length}`, {
    isRight: Object.keys(store).length === lab.nodes.length,
  });
  addFigure('builds in the history', 0, history.length, '', { isRight: true });
}

function addList(name: string, before: readonly string[], after: readonly string[]): void {
  const more = added(before, after);
  addFigure(name, before.length, after.length, 'no others', { isRight: more.length === 0 });
  unexpected.push(...more.map((line) => `${name}: ${line}`));
}

function addFigure(
  name: string,
  before: string | number,
  after: string | number,
  bound: string,
  { isRight }: Pick<Figure, 'isRight'>,
): void {
  figures.push({ name, before, after, bound, isRight });
}

function print(): void {
  const rows = [
    ['', `after ${warmUp} builds`, `after ${builds} builds`, 'bound', ''],
    ...figures.map(({ name, before, after, bound, isRight }) => [
      name,
      `${before}`,
      `${after}`,
      bound,
      isRight ? 'ok' : 'BROKEN',
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of rows) {
    console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  }
  for (const line of unexpected) {
    console.log(`NOT EXPECTED: ${line}`);
  }
}

function fail(message: string): never {
  throw new Error(message);
}
