import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type App, createApp } from '../electron/app.ts';
import type { Job } from '../shared/build.ts';
import type { AppEvent } from '../shared/contract.ts';
import { queueSchema } from '../shared/queue.ts';
import { makeProject, Person, parseBuild, type Running, setUpLab } from './harness.ts';
import { runOnNode } from './lab/lab.ts';

/** Builds of several terminals, none of which is attached to another, share nodes that have one slot each. */

const lab = await setUpLab();
const [node, other] = ['amd-a', 'amd-b'] as const;
const mark = Date.now();
let person: Person;
let project: string;
/** The app of a window. */
let app: App;
let events: AppEvent[];

beforeAll(async () => {
  person = await Person.create({ BARNRAISER_ATTACH: '0' });
  await person.addConnections(lab.node(node), lab.node(other));
  // a job runs until its test ends the program; the base image is only for amd64
  const from = lab.from.replace('FROM', 'FROM --platform=linux/amd64');
  project = await makeProject({ Containerfile: `${from}ARG seconds\nRUN echo ${mark}; sleep $seconds || true\n` });
  app = await createApp({ frontEnd: 'browser', home: person.home });
  await app.call('settings.update', { jobsPerNode: 1 });
  events = [];
  app.subscribe((event) => events.push(event));
});
afterAll(async () => {
  await app.close();
  await person.remove();
  await rm(project, { recursive: true });
});

let started = 0;

/** A build whose jobs run until they are ended. */
class HeldBuild {
  readonly running: Running;
  readonly #name: string;
  readonly #seconds: string;

  constructor(name: string, ...args: string[]) {
    started += 1;
    this.#name = name;
    this.#seconds = `${90 + started}${mark % 100_000}`;
    const flags = ['-t', `${name}:1`, '--build-arg', `seconds=${this.#seconds}`, '--allow-platform-mismatch'];
    this.running = person.start('build', '--json', ...flags, '--no-cache', ...args, project);
  }

  async id(): Promise<string> {
    const reported = () =>
      events
        .flatMap((event) => (event.event === 'build.started' ? event.build : []))
        .find(({ reference }) => reference === `${this.#name}:1`)?.id;
    await expect.poll(reported).toBeDefined();
    return reported() ?? '';
  }

  /** Resolves when its program runs on a node. */
  async runs(on: string): Promise<void> {
    await expect
      .poll(async () => (await runOnNode(on, `pgrep -f "^sleep ${this.#seconds}" || true`)).stdout)
      .not.toBe('');
  }

  async end(on: string): Promise<void> {
    await this.runs(on);
    await runOnNode(on, `pkill -f "^sleep ${this.#seconds}"`);
  }

  async jobs(): Promise<readonly Job[]> {
    return parseBuild(await this.running.ended).jobs;
  }
}

/** The jobs of a node as a terminal shows them: `big linux/386 waiting`. */
async function queueOf(name: string): Promise<string[]> {
  const queue = queueSchema.parse(JSON.parse(await person.mustRun('queue', '--json')));
  const lane = queue.nodes.find(({ connections }) => connections.some((connection) => connection.name === name));
  return (lane?.jobs ?? []).map(
    ({ reference, platform, state, reason = 'slot' }) =>
      `${reference.split(':')[0]} ${platform} ${reason === 'slot' ? state : reason}`,
  );
}

test('builds alternate on a node; the queue shows, moves and pauses them', async () => {
  const big = new HeldBuild('big', '--node', node, '--platform', 'linux/amd64,linux/386');
  await big.runs(node);
  const small = new HeldBuild('small', '--node', node, '--platform', 'linux/amd64');
  await small.running.waitForLine((line) => line.includes('"wait":{"reason":"slot","ahead":0'));
  const [first = '', second = ''] = (await queueOf(node)).slice(0, 1).includes('big linux/amd64 running')
    ? ['linux/amd64', 'linux/386']
    : ['linux/386', 'linux/amd64'];
  const fair = [`big ${first} running`, 'small linux/amd64 waiting', `big ${second} waiting`];
  expect(await queueOf(node)).toEqual(fair);
  const urgent = new HeldBuild('urgent', '--node', node, '--platform', 'linux/amd64', '--priority', 'high');
  await expect.poll(() => queueOf(node)).toEqual([fair[0], 'urgent linux/amd64 waiting', ...fair.slice(1)]);
  expect(await app.call('builds.cancel', { id: await urgent.id() })).toMatchObject({ ok: true });
  await urgent.running.ended;
  const [bigId, smallId] = [await big.id(), await small.id()];

  await person.mustRun('queue', 'move', bigId, '--first');
  expect(await queueOf(node)).toEqual([`big ${first} running`, `big ${second} waiting`, 'small linux/amd64 waiting']);
  await person.mustRun('queue', 'move', smallId, '--before', bigId);
  expect(await queueOf(node)).toEqual(fair);
  // the window hears of what other processes do
  await expect
    .poll(() => events.findLast((event) => event.event === 'queue.changed'))
    .toMatchObject({
      queue: {
        builds: [
          { id: smallId, isMoved: true, ofOtherProcess: true },
          { id: bigId, running: 1, waiting: 1 },
        ],
      },
    });

  await person.mustRun('queue', 'pause', smallId);
  await small.running.waitForLine((line) => line.includes('"wait":{"reason":"build-paused"'));
  await big.end(node);
  await expect.poll(() => queueOf(node)).toEqual([`big ${second} running`, 'small linux/amd64 build-paused']);
  expect(await app.call('queue.resume', { id: smallId })).toMatchObject({ ok: true });
  await big.end(node);
  await small.end(node);
  expect([...(await big.jobs()), ...(await small.jobs())].map(({ status }) => status)).toEqual([
    'done',
    'done',
    'done',
  ]);
  expect((await person.barnraiser('queue', 'pause', smallId)).stderr).toContain(
    `Build ${smallId} has no jobs in the queue.`,
  );
});

test('a node runs as many jobs at once as its connection says', async () => {
  await person.mustRun('connection', 'update', node, '--slots', '2');
  const both = ['one', 'two'].map((name) => new HeldBuild(name, '--node', node, '--platform', 'linux/amd64'));
  await Promise.all(both.map((build) => build.runs(node)));
  const third = new HeldBuild('three', '--node', node, '--platform', 'linux/amd64');
  await third.running.waitForLine((line) => line.includes('"wait":{"reason":"slot"'));
  await person.mustRun('connection', 'update', node, '--slots', '');
  await Promise.all(both.map((build) => build.end(node)));
  await third.end(node);
  expect((await third.jobs()).map(({ status }) => status)).toEqual(['done']);
});

test('a paused node lets jobs wait, a drained node sends them to others', async () => {
  const blocking = new HeldBuild('blocking', '--node', node, '--platform', 'linux/amd64');
  await blocking.runs(node);
  const pinned = ['--node', `${node},${other}`, '--platform', 'linux/amd64', '--pin', `linux/amd64=${node}`];
  const moving = new HeldBuild('moving', ...pinned);
  await moving.running.waitForLine((line) => line.includes('"wait":{"reason":"slot"'));
  await person.mustRun('node', 'pause', node, '--reason', 'disk swap');
  await moving.running.waitForLine(
    (line) => line.includes('"wait":{"reason":"node-paused"') && line.includes('disk swap'),
  );
  const around = new HeldBuild('around', '--node', `${node},${other}`, '--platform', 'linux/amd64');
  await around.end(other);
  const { jobs, schedule } = parseBuild(await around.running.ended);
  expect(jobs).toMatchObject([{ node: other, status: 'done' }]);
  expect(schedule.leftOut).toMatchObject([{ node, problem: { code: 'node.paused' } }]);
  expect(schedule.leftOut[0]?.problem.message).toBe(`Node ${node} is paused: disk swap.`);

  await person.mustRun('node', 'drain', node);
  await moving.end(other);
  expect(await moving.jobs()).toMatchObject([
    { node: other, status: 'done', reason: expect.stringContaining(`moved from ${node}, which is draining`) },
  ]);
  const refused = await person.barnraiser('build', '-t', 'refused:1', '--node', node, project);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(`run barnraiser node resume ${node}.`)]);
  // what runs there is not disturbed
  await blocking.end(node);
  expect(await blocking.jobs()).toMatchObject([{ node, status: 'done', lost: [] }]);
  expect(await person.mustRun('node', 'list')).toContain('draining');
  await person.mustRun('node', 'resume', node);
  await expect.poll(() => events.findLast(({ event }) => event === 'holds.changed')).toMatchObject({ holds: [] });
});
