import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { giveToOtherProcess } from '../system/testing/heartbeat-of-other.ts';
import { runInProcess } from '../system/testing/run-in-process.ts';
import { NodeHolds } from './node-holds.ts';
import type { NodeLoads } from './node-load.ts';
import type { Slot } from './node-queue.ts';
import { NodeSlots, type QueuedBuild } from './node-slots.ts';
import { QueueControls } from './queue-controls.ts';

function jobCounts(loads: NodeLoads): Record<string, number> {
  return Object.fromEntries(Object.entries(loads).map(([node, { jobs }]) => [node, jobs.length]));
}

const connections = [
  { name: 'a', uri: 'ssh://a' },
  { name: 'b', uri: 'ssh://b' },
];

const queued: QueuedBuild = { id: 'a-build', reference: 'localhost/shop:1' };

let folder: string;
let limit: number;
let holds: NodeHolds;
let controls: QueueControls;
let builds: number;
let slots: NodeSlots;
/** What happened, in order: `NAME started`, `NAME 2 ahead`, `NAME cancelled`. */
let log: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-slots-'));
  limit = 1;
  builds = 0;
  holds = new NodeHolds(folder);
  controls = new QueueControls(folder);
  slots = otherSlots();
  log = [];
});
afterEach(() => rm(folder, { recursive: true }));

/** Another user of the same data folder. */
const otherSlots = (): NodeSlots =>
  new NodeSlots(join(folder, 'slots'), { slotsOf: async () => () => limit, holds, controls });

/** Puts a job in the queue of a node. Each is of a build of its own if none is named. */
async function enqueue(node = 'a', of = slots, build: Partial<QueuedBuild> = {}): Promise<Slot> {
  builds += 1;
  const { slots: reserved } = await of.reserve(
    { id: `build-${builds}`, reference: 'localhost/shop:1', ...build },
    connections,
    () => [{ node, platform: 'linux/amd64' }],
    (jobs) => jobs,
  );
  return reserved[0] ?? expect.fail('no slot');
}

/** Starts a job that waits for its slot. */
function wait(name: string, slot: Slot, signal = new AbortController().signal): Promise<void> {
  return slot.acquire({ signal, onWait: ({ ahead }) => log.push(`${name} ${ahead} ahead`) }).then(
    () => void log.push(`${name} started`),
    () => void log.push(`${name} cancelled`),
  );
}

test('jobs of a node start in their order, and know how many wait before them', async () => {
  const [one, two, three] = [await enqueue(), await enqueue(), await enqueue()];
  const waits = [wait('two', two), wait('three', three), wait('one', one)];
  await expect.poll(() => log).toEqual(['one started', 'two 0 ahead', 'three 1 ahead']);
  await one.release();
  await expect.poll(() => log.slice(3).sort()).toEqual(['three 0 ahead', 'two started']);
  await two.release();
  await Promise.all(waits);
  expect(log.at(-1)).toBe('three started');
  await three.release();
  expect(jobCounts(await slots.load(connections))).toEqual({ a: 0, b: 0 });
});

test('jobs of other nodes do not wait for each other, and connections to one node share its slots', async () => {
  const [one, two] = [await enqueue('a'), await enqueue('b')];
  await Promise.all([wait('one', one), wait('two', two)]);
  expect(log.sort()).toEqual(['one started', 'two started']);
  expect(jobCounts(await slots.load([...connections, { name: 'again', uri: 'ssh://a' }]))).toEqual({
    a: 1,
    b: 1,
    again: 1,
  });
});

test('a job that is cancelled while it waits stops waiting at once', async () => {
  const [one, two, three] = [await enqueue(), await enqueue(), await enqueue()];
  const cancel = new AbortController();
  await wait('one', one);
  const waits = [wait('two', two, cancel.signal), wait('three', three)];
  await expect.poll(() => log).toContain('three 1 ahead');
  cancel.abort(new Error('cancelled'));
  await waits[0];
  await two.release();
  await expect.poll(() => log.slice(3)).toEqual(['two cancelled', 'three 0 ahead']);
  await one.release();
  await waits[1];
});

test('a change of the limit holds for jobs that already wait', async () => {
  const [one, two, three] = [await enqueue(), await enqueue(), await enqueue()];
  await wait('one', one);
  const waits = [wait('two', two), wait('three', three)];
  await expect.poll(() => log).toContain('three 1 ahead');
  limit = 3;
  await Promise.all(waits);
  limit = 1;
  await one.release();
  await two.release();
  const four = await enqueue();
  const fourth = wait('four', four);
  await expect.poll(() => log.at(-1)).toBe('four 0 ahead');
  await three.release();
  await fourth;
});

test('builds that are assigned at once, by several processes, see each other', async () => {
  const leastBusy = (load: NodeLoads) => {
    const { a = 0, b = 0 } = jobCounts(load);
    return [{ node: a <= b ? 'a' : 'b', platform: 'linux/amd64' }];
  };
  await Promise.all(
    [slots, otherSlots(), slots, otherSlots()].map((each) =>
      each.reserve(queued, connections, leastBusy, (jobs) => jobs),
    ),
  );
  expect(jobCounts(await slots.load(connections))).toEqual({ a: 2, b: 2 });
});

test('an assignment that fails reserves nothing', async () => {
  await expect(
    slots.reserve(
      queued,
      connections,
      () => expect.fail('no node'),
      () => [],
    ),
  ).rejects.toThrow('no node');
  await expect(
    slots.reserve(
      queued,
      connections,
      () => ['a', 'x'].map((node) => ({ node, platform: 'linux/amd64' })),
      (jobs) => jobs,
    ),
  ).rejects.toThrow('x');
  expect(jobCounts(await slots.load(connections))).toEqual({ a: 0, b: 0 });
});

test('a job whose process has stopped its heartbeat has no slot, and is removed', async () => {
  await enqueue();
  const [key = ''] = await readdir(join(folder, 'slots'));
  const [file = ''] = await readdir(join(folder, 'slots', key));
  await giveToOtherProcess(join(folder, 'slots', key, file), 60_000);
  const other = otherSlots();
  expect(jobCounts(await other.load(connections))).toEqual({ a: 0, b: 0 });
  await wait('one', await enqueue('a', other));
  expect(await readdir(join(folder, 'slots', key))).not.toContain(file);
});

/** A process that joins the queue of node a, waits for its slot, and releases it when it gets a line. */
function startJob(name: string) {
  const program = runInProcess(`
    import { NodeSlots } from ${JSON.stringify(new URL('./node-slots.ts', import.meta.url).href)};
    const slots = new NodeSlots(${JSON.stringify(join(folder, 'slots'))}, { slotsOf: async () => () => 1 });
    const { slots: [slot] } = await slots.reserve(${JSON.stringify(queued)}, ${JSON.stringify(connections)}, () => [{ node: 'a', platform: 'linux/amd64' }], (jobs) => jobs);
    console.log('${name} joined');
    const { signal } = new AbortController();
    await slot.acquire({ signal, onWait: ({ ahead }) => console.log('${name} ' + ahead + ' ahead') });
    console.log('${name} started');
    await new Promise((resolve) => process.stdin.once('data', resolve));
    await slot.release();
    process.stdin.destroy();
  `);
  onTestFinished(() => void program.child.kill('SIGKILL'));
  return program;
}

test('a job waits for jobs of other processes, in the order of all', async () => {
  const one = startJob('one');
  expect([await one.nextLine(), await one.nextLine()]).toEqual(['one joined', 'one started']);
  const own = await enqueue();
  const waiting = wait('own', own);
  await expect.poll(() => log).toEqual(['own 0 ahead']);
  const two = startJob('two');
  expect([await two.nextLine(), await two.nextLine()]).toEqual(['two joined', 'two 1 ahead']);
  expect(jobCounts(await slots.load(connections))).toEqual({ a: 3, b: 0 });
  one.child.stdin?.write('release\n');
  await waiting;
  expect(await two.nextLine()).toBe('two 0 ahead');
  await own.release();
  expect(await two.nextLine()).toBe('two started');
  two.child.stdin?.write('release\n');
  await Promise.all([one.exit, two.exit]);
  expect(jobCounts(await slots.load(connections))).toEqual({ a: 0, b: 0 });
});

test('a job of a killed process frees its slot at once', async () => {
  const killed = startJob('killed');
  expect([await killed.nextLine(), await killed.nextLine()]).toEqual(['killed joined', 'killed started']);
  const waiting = wait('own', await enqueue());
  await expect.poll(() => log).toEqual(['own 0 ahead']);
  killed.child.kill('SIGKILL');
  await waiting;
  expect(jobCounts(await slots.load(connections))).toEqual({ a: 1, b: 0 });
});

test('of many processes, no more than the limit run at once', async () => {
  const record = join(folder, 'record');
  const code = `
    import { appendFileSync } from 'node:fs';
    import { NodeSlots } from ${JSON.stringify(new URL('./node-slots.ts', import.meta.url).href)};
    const slots = new NodeSlots(${JSON.stringify(join(folder, 'slots'))}, { slotsOf: async () => () => 2 });
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 6 }, async () => {
      const { slots: [slot] } = await slots.reserve(${JSON.stringify(queued)}, ${JSON.stringify(connections)}, () => [{ node: 'a', platform: 'linux/amd64' }], (jobs) => jobs);
      await slot.acquire({ signal, onWait: () => undefined });
      appendFileSync(${JSON.stringify(record)}, '+');
      await new Promise((resolve) => setTimeout(resolve, 20));
      appendFileSync(${JSON.stringify(record)}, '-');
      await slot.release();
    }));
  `;
  const programs = [code, code, code].map(runInProcess);
  for (const { child } of programs) {
    onTestFinished(() => void child.kill('SIGKILL'));
  }
  await Promise.all(programs.map(({ exit }) => exit));
  const signs = [...(await readFile(record, 'utf8'))];
  let running = 0;
  const counts = signs.map((sign) => (running += sign === '+' ? 1 : -1));
  expect(signs).toHaveLength(36);
  expect(Math.max(...counts)).toBeLessThanOrEqual(2);
});

test('connections to the same machine share its slots', async () => {
  const shared = new NodeSlots(join(folder, 'slots'), {
    slotsOf: async () => () => 1,
    machineOf: () => 'the same machine',
  });
  await wait('one', await enqueue('a', shared));
  const two = wait('two', await enqueue('b', shared), AbortSignal.timeout(50));
  expect(jobCounts(await shared.load(connections))).toEqual({ a: 2, b: 2 });
  await two;
  expect(log).toEqual(['one started', 'two 0 ahead', 'two cancelled']);
});
