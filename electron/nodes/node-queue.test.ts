import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { JobWait } from '../../shared/queue.ts';
import { runInProcess } from '../system/testing/run-in-process.ts';
import { NodeHolds } from './node-holds.ts';
import type { Slot } from './node-queue.ts';
import { NodeSlots, type QueuedBuild } from './node-slots.ts';
import { QueueControls } from './queue-controls.ts';

const connections = [{ name: 'a', uri: 'ssh://a' }];
const url = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);

let folder: string;
let holds: NodeHolds;
let controls: QueueControls;
let limit: number;
let slots: NodeSlots;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-queue-'));
  holds = new NodeHolds(folder);
  controls = new QueueControls(folder);
  limit = 1;
  slots = new NodeSlots(join(folder, 'slots'), { slotsOf: async () => () => limit, holds, controls });
});
afterEach(() => rm(folder, { recursive: true }));

async function joinQueue(build: Partial<QueuedBuild> & { id: string }, estimateMs?: number): Promise<Slot> {
  const { slots: reserved } = await slots.reserve(
    { reference: `localhost/${build.id}:1`, ...build },
    connections,
    () => [
      { node: 'a', platform: 'linux/amd64', ...(estimateMs === undefined ? {} : { estimate: { ms: estimateMs } }) },
    ],
    (jobs) => jobs,
  );
  return reserved[0] ?? expect.fail('no slot');
}

interface Started {
  readonly slot: Slot;
  /** What it waited for, the last first. */
  readonly waits: JobWait[];
  readonly started: Promise<void>;
  readonly hasStarted: () => boolean;
}

async function start(build: Partial<QueuedBuild> & { id: string }, estimateMs?: number): Promise<Started> {
  const slot = await joinQueue(build, estimateMs);
  const waits: JobWait[] = [];
  let isStarted = false;
  const started = slot
    .acquire({ signal: new AbortController().signal, onWait: (wait) => waits.unshift(wait) })
    .then(() => {
      isStarted = true;
    });
  started.catch(() => undefined);
  return { slot, waits, started, hasStarted: () => isStarted };
}

test('builds alternate, by priority and by what a person has decided', async () => {
  const first = await start({ id: 'big' }, 60_000);
  await first.started;
  const [big, small, low, high] = [
    await start({ id: 'big' }, 30_000),
    await start({ id: 'small' }, 10_000),
    await start({ id: 'low', priority: 'low' }),
    await start({ id: 'high', priority: 'high' }, 5_000),
  ];
  await expect.poll(() => [high, small, big, low].map(({ waits: [wait] }) => wait?.ahead)).toEqual([0, 1, 2, 3]);
  expect(small.waits[0]).toMatchObject({
    reason: 'slot',
    behind: [
      { buildId: 'big', reference: 'localhost/big:1', jobs: 1 },
      { buildId: 'high', jobs: 1 },
    ],
  });
  const startsIn = Date.parse(small.waits[0]?.startsAt ?? '') - Date.now();
  expect(startsIn).toBeGreaterThan(50_000);
  expect(startsIn).toBeLessThanOrEqual(65_000);

  await controls.change(['low', 'small'], (decisions) => ({
    ...decisions,
    ranks: new Map([['low', 1]]),
    paused: new Set(['small']),
  }));
  await expect
    .poll(() => [low, small].map(({ waits: [wait] }) => [wait?.ahead, wait?.reason]))
    .toEqual([
      [0, 'slot'],
      [2, 'build-paused'],
    ]);
  await first.slot.release();
  await low.started;
  await low.slot.release();
  await high.started;
  await high.slot.release();
  // the paused build is passed over
  await big.started;
  await controls.change(['small'], (decisions) => ({ ...decisions, isPaused: true, paused: new Set() }));
  await big.slot.release();
  await expect.poll(() => small.waits[0]?.reason).toBe('queue-paused');
  expect(small.hasStarted()).toBe(false);
  await controls.change([], (decisions) => ({ ...decisions, isPaused: false }));
  await small.started;
});

test('a paused node starts nothing, a drained one ends what waits, and both leave alone what runs', async () => {
  const runs = await start({ id: 'runs' });
  await runs.started;
  const waits = await start({ id: 'waits' });
  await holds.hold('a', 'paused', 'disk \u001b[31mswap');
  slots.checkNow();
  await runs.slot.release();
  await expect.poll(() => waits.waits[0]).toMatchObject({ reason: 'node-paused', note: 'disk swap' });
  expect(await slots.load(connections)).toMatchObject({ a: { hold: { state: 'paused' }, jobs: [{}] } });
  await holds.resume('a');
  await waits.started;
  const next = await start({ id: 'next' });
  await holds.hold('a', 'draining');
  await expect(next.started).rejects.toMatchObject({ problem: { code: 'node.draining' } });
  await next.slot.release();
  expect(await slots.load(connections)).toMatchObject({ a: { jobs: [{}] } });
  expect((await stat(holds.path)).mode & 0o777).toBe(0o600);
});

test('a hold follows the name of its connection', async () => {
  await holds.hold('a', 'paused', 'why');
  await holds.follow('a', 'b');
  expect(await holds.list()).toMatchObject([{ node: 'b', state: 'paused', reason: 'why' }]);
  await holds.follow('b', undefined);
  expect(await holds.list()).toEqual([]);
});

test.each(['', '1', '{"buildId": "../x"}', '\u0000\u0001', 'x'.repeat(100_000)])(
  'a job whose file cannot be read has its slot, and others wait for it (%#)',
  async (note) => {
    const strange = await start({ id: 'strange' });
    await strange.started;
    const [key = ''] = await readdir(join(folder, 'slots'));
    for (const name of await readdir(join(folder, 'slots', key))) {
      const path = join(folder, 'slots', key, name);
      const [line] = (await readFile(path, 'utf8')).split('\n');
      await writeFile(path, `${line}\n${note}`);
    }
    slots = new NodeSlots(join(folder, 'slots'), { slotsOf: async () => () => limit });
    const next = await start({ id: 'next' });
    await expect.poll(() => next.waits[0]).toEqual({ reason: 'slot', ahead: 0 });
    await strange.slot.release();
    await next.started;
  },
);

/** A process that puts a job in the queue and says when it starts. It ends its job when it gets a line. */
function job(build: string) {
  const program = runInProcess(`
    import { NodeSlots } from ${url('./node-slots.ts')};
    const slots = new NodeSlots(${JSON.stringify(join(folder, 'slots'))}, { slotsOf: async () => () => 1 });
    const build = { id: '${build}', reference: 'localhost/${build}:1' };
    const { slots: [slot] } = await slots.reserve(build, ${JSON.stringify(connections)}, () => [{ node: 'a', platform: 'linux/amd64' }], (jobs) => jobs);
    const { signal } = new AbortController();
    await slot.acquire({ signal, onWait: () => console.log('waits') });
    console.log('started');
    await new Promise((resolve) => process.stdin.once('data', resolve));
    await slot.release();
    process.stdin.destroy();
  `);
  onTestFinished(() => void program.child.kill('SIGKILL'));
  return program;
}

test('a process that is suspended while it waits blocks no other', async () => {
  const runs = await start({ id: 'runs' });
  await runs.started;
  const suspended = job('suspended');
  expect(await suspended.nextLine()).toBe('waits');
  const next = await start({ id: 'next' });
  await expect.poll(() => next.waits[0]?.ahead).toBe(1);
  suspended.child.kill('SIGSTOP');
  await runs.slot.release();
  await next.started;
  suspended.child.kill('SIGCONT');
  await next.slot.release();
  while ((await suspended.nextLine()) !== 'started') {
    // it reports again what it waits for
  }
  suspended.child.stdin?.write('end\n');
  await suspended.exit;
});

/** Starts many jobs, one after another and at once, and writes down when they run. */
const workload = (record: string, count: number): string => `
  import { appendFileSync } from 'node:fs';
  import { NodeSlots } from ${url('./node-slots.ts')};
  import { QueueControls } from ${url('./queue-controls.ts')};
  const controls = new QueueControls(${JSON.stringify(folder)});
  const slots = new NodeSlots(${JSON.stringify(join(folder, 'slots'))}, { slotsOf: async () => () => 2, controls });
  const { signal } = new AbortController();
  const work = async (lane) => {
    for (let index = 0; index < ${count}; index += 1) {
      const build = { id: \`build-\${process.pid}-\${lane}\`, reference: 'localhost/x:1', priority: ['high', 'normal', 'low'][(lane + index) % 3] };
      const { slots: [slot] } = await slots.reserve(build, ${JSON.stringify(connections)}, () => [{ node: 'a', platform: 'linux/amd64' }], (jobs) => jobs);
      await slot.acquire({ signal, onWait: () => undefined });
      appendFileSync(${JSON.stringify(record)}, \`+ \${process.pid}\\n\`);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      appendFileSync(${JSON.stringify(record)}, \`- \${process.pid}\\n\`);
      await slot.release();
    }
  };
  await Promise.all([0, 1, 2].map(work));
`;

test('of many processes that are killed and suspended at random, no more jobs run at once than there are slots', async () => {
  const rounds = Number(process.env.BARNRAISER_TEST_ROUNDS ?? 12);
  const record = join(folder, 'record');
  await writeFile(record, '');
  const children = new Set<ChildProcess>();
  const exits: Promise<unknown>[] = [];
  const begin = (): void => {
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', workload(record, 6)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    children.add(child);
    exits.push(once(child, 'exit').then(() => children.delete(child)));
  };
  onTestFinished(() => {
    for (const child of children) {
      child.kill('SIGKILL');
    }
  });
  for (let index = 0; index < 4; index += 1) {
    begin();
  }
  await expect.poll(async () => (await stat(record)).size, { timeout: 60_000 }).toBeGreaterThan(0);
  for (let round = 0; round < rounds; round += 1) {
    await delay(100 * Math.random());
    const child = [...children][Math.floor(Math.random() * children.size)];
    if (!child) {
      break;
    }
    if (round % 3 === 0) {
      // what it still writes does not count
      appendFileSync(record, `x ${child.pid}\n`);
      child.kill('SIGKILL');
      begin();
    } else {
      child.kill('SIGSTOP');
      await delay(300 * Math.random());
      child.kill('SIGCONT');
    }
    // a person changes the order meanwhile
    await controls.change([`build-${child.pid}-0`], (decisions) => ({
      ...decisions,
      ranks: new Map([[`build-${child.pid}-0`, round]]),
    }));
  }
  await Promise.all(exits);
  const running = new Map<string, number>();
  const killed = new Set<string>();
  let most = 0;
  for (const line of (await readFile(record, 'utf8')).trim().split('\n')) {
    const [sign = '', pid = ''] = line.split(' ');
    if (sign === 'x' || killed.has(pid)) {
      killed.add(pid);
      running.delete(pid);
      continue;
    }
    running.set(pid, (running.get(pid) ?? 0) + (sign === '+' ? 1 : -1));
    most = Math.max(
      most,
      [...running.values()].reduce((sum, count) => sum + count, 0),
    );
  }
  expect(most).toBe(2);
  expect([...running.values()].every((count) => count === 0)).toBe(true);
  expect(await slots.load(connections)).toMatchObject({ a: { jobs: [] } });
}, 120_000);
