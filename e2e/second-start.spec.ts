/** A job that takes too long is started on another node, too: the first image is taken, and nothing is left of the other attempt. */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { jobStateSchema } from '../shared/build.ts';
import { added, listHome, listNode } from './faults/left.ts';
import { makeProject, Person, parseBuild, setUpLab } from './harness.ts';
import { runOnNode } from './lab/lab.ts';

const lab = await setUpLab();
const nodes = [lab.node('amd-a'), lab.node('amd-b')] as const;
const jobLine = z.object({ event: z.literal('job.changed'), job: jobStateSchema });

let person: Person;
/** Steps connect to it: the nodes have the network of this computer. It ends those that {@link holds} does not want to wait. */
let server: Server;
let holds: (position: number) => boolean;
let steps: Socket[];
const projects: string[] = [];
/** What is on each node before its builds. */
const before = new Map<string, string[]>();

const runOn = (node: string) => async (command: string) => (await runOnNode(node, command)).stdout;

beforeAll(async () => {
  person = await Person.create();
  await person.addConnections(...nodes);
  server = createServer((socket) => {
    steps.push(socket);
    socket.on('error', () => undefined).resume();
    if (!holds(steps.length)) {
      socket.end('HTTP/1.0 200 OK\r\n\r\ngo\n');
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  for (const node of nodes) {
    before.set(node.name, await listNode({ node, run: runOn(node.name) }));
  }
});
afterAll(async () => {
  server?.close();
  await person?.remove();
  await Promise.all(projects.map((project) => rm(project, { recursive: true, force: true })));
});

/** A project whose step waits for the server. */
async function project(): Promise<string> {
  steps = [];
  const { port } = server.address() as AddressInfo;
  const made = await makeProject({
    Containerfile: `${lab.from}RUN echo ${Date.now()} > /built && wget -q -O - http://127.0.0.1:${port}/ | grep go\n`,
  });
  projects.push(made);
  return made;
}

const options = ['-t', 'second:1', '--node', 'amd-a,amd-b', '--platform', 'linux/amd64', '--second-start=1', '--json'];

/** Waits until a command shows that both attempts run a step. */
async function bothRun(running: ReturnType<Person['start']>): Promise<void> {
  await running.waitForLine((line) => jobLine.safeParse(JSON.parse(line)).data?.job.second?.state === 'running');
  await expect.poll(() => steps.length).toBe(2);
}

/** Nothing of the builds is on the nodes but the cache, and nothing of a running build in the data folder. */
async function expectNothingLeft(): Promise<void> {
  await Promise.all(steps.map((socket) => socket.closed || once(socket, 'close')));
  for (const node of nodes) {
    await expect
      .poll(async () => added(before.get(node.name) ?? [], await listNode({ node, run: runOn(node.name) })), {
        timeout: 30_000,
      })
      .toEqual([]);
  }
  expect(await listHome(person.home)).toEqual([]);
}

test('the image of the node that is first is taken, and the step of the other is ended', async () => {
  holds = (position) => position === 1;
  const outcome = await person.barnraiser('build', ...options, await project());
  const { status, jobs, list } = parseBuild(outcome);
  const [job] = jobs;
  expect({ status, state: job?.second?.state }).toEqual({ status: 'done', state: 'taken' });
  expect(job?.node).toBe(job?.second?.node);
  expect(job?.lost).toMatchObject([{ node: job?.second?.beside, problem: { code: 'node.slow' } }]);
  expect(list?.entries).toMatchObject([{ platform: 'linux/amd64', digest: job?.digest }]);
  expect(steps).toHaveLength(2);
  await expectNothingLeft();
  const { id } = parseBuild(outcome);
  const log = await person.mustRun('logs', id, 'linux/amd64');
  expect(log).toContain(`[${job?.node}] STEP`);
  expect(log).toContain(`Node ${job?.node} builds linux/amd64, too`);
});

test('a build is cancelled on both nodes', async () => {
  holds = () => true;
  const running = person.start('build', ...options, await project());
  await bothRun(running);
  running.process.kill('SIGINT');
  const { status, jobs } = parseBuild(await running.ended);
  expect({ status, state: jobs[0]?.second?.state }).toEqual({ status: 'cancelled', state: 'stopped' });
  await expectNothingLeft();
});

test('a build that was killed while both nodes built it is resumed, and leaves nothing on either', async () => {
  holds = (position) => position <= 2;
  const running = person.start('build', ...options, await project());
  await bothRun(running);
  running.process.kill('SIGKILL');
  await running.ended;
  const [entry] = z
    .array(z.object({ id: z.string(), status: z.string() }))
    .parse(JSON.parse(await person.mustRun('builds', '--json', '--limit', '1')));
  expect(entry?.status).toBe('interrupted');
  const { status, jobs } = parseBuild(await person.barnraiser('resume', '--json', entry?.id ?? ''));
  expect({ status, jobs: jobs.map((job) => job.status) }).toEqual({ status: 'done', jobs: ['done'] });
  // what is left on the node that the build did not use again is removed by what uses it next
  await person.mustRun('connection', 'test', 'amd-a');
  await person.mustRun('connection', 'test', 'amd-b');
  expect((await listHome(person.home)).filter((path) => path.startsWith('node-work'))).toEqual([]);
  // places in queues go with the next build there
  const next = await makeProject({ Containerfile: `${lab.from}LABEL next=1\n` });
  projects.push(next);
  for (const { name } of nodes) {
    await person.mustRun('build', '-t', 'next:1', '--node', name, '--platform', 'linux/amd64', next);
  }
  await expectNothingLeft();
});
