import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fail } from '../../shared/problem.ts';
import { type TimerDefinition, type TimerRun, timerDefinitionSchema } from '../../shared/timer.ts';
import { RunningBuilds } from '../builds/running-builds.ts';
import { timerFile } from './timer-store.ts';
import { type TaskContext, type TaskOutcome, Timers } from './timers.ts';

let home: string;
let nowMs: number;
let opened: Timers[];

/** What the tasks of one process do, and what became of them. */
interface Process {
  readonly timers: Timers;
  readonly started: TaskContext[];
  readonly ended: [string, TimerRun][];
}

const done = async (): Promise<TaskOutcome> => ({ status: 'done' });

/** A process of the data folder whose tasks do `run`. */
function openProcess(run: (context: TaskContext) => Promise<TaskOutcome> = done): Process {
  const started: TaskContext[] = [];
  const ended: [string, TimerRun][] = [];
  const timers = new Timers({
    file: timerFile(home),
    kinds: {
      build: {
        check: async () => undefined,
        run: (_task, context) => {
          started.push(context);
          return run(context);
        },
      },
      prune: { check: async () => undefined, run: async () => ({ status: 'done' }) },
    },
    running: new RunningBuilds(join(home, 'running-timers')),
    change: (make) => make(),
    onEnd: (name, result) => ended.push([name, result]),
    now: () => nowMs,
  });
  opened.push(timers);
  return { timers, started, ended };
}

function definition(change: Partial<TimerDefinition> = {}): TimerDefinition {
  const request = { context: '/src', reference: 'api:1', pins: {}, emulate: true, buildArgs: {}, labels: {} };
  return timerDefinitionSchema.parse({
    name: 'nightly',
    cron: '0 2 * * *',
    timeZone: 'UTC',
    task: { kind: 'build', request },
    ...change,
  });
}

function setClock(time: string): void {
  nowMs = Date.parse(time);
}

async function add(change: Partial<TimerDefinition> = {}): Promise<Process> {
  const process = openProcess();
  await process.timers.save(definition(change), undefined, new AbortController().signal);
  return process;
}

/** Starts what is due and waits for the end of it. */
async function tick({ timers }: Process): Promise<void> {
  await timers.tick();
  await timers.idle();
}

async function lastOf({ timers }: Process, name = 'nightly'): Promise<TimerRun | undefined> {
  return (await timers.list()).find((timer) => timer.name === name)?.last;
}

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), `timers-${randomUUID().slice(0, 8)}-`));
  opened = [];
  setClock('2026-07-01T12:00:00Z');
});

afterEach(async () => {
  await Promise.all(opened.map((timers) => timers.close()));
  await rm(home, { recursive: true });
});

test('starts a task when it is due, and once for each time', async () => {
  const process = await add();
  expect((await process.timers.list())[0]).toMatchObject({ next: '2026-07-02T02:00:00.000Z' });
  setClock('2026-07-02T01:59:59.999Z');
  await tick(process);
  expect(process.started).toEqual([]);
  setClock('2026-07-02T02:00:00Z');
  await tick(process);
  await tick(process);
  expect(process.started.map(({ timer }) => timer)).toEqual(['nightly']);
  expect(await lastOf(process)).toMatchObject({ at: '2026-07-02T02:00:00.000Z', status: 'done' });
  setClock('2026-07-03T02:00:05Z');
  await tick(process);
  expect(process.started).toHaveLength(2);
});

test('starts a task in one of the processes that share the folder', async () => {
  await add();
  const processes = Array.from({ length: 5 }, () => openProcess());
  setClock('2026-07-02T02:00:00Z');
  await Promise.all(processes.map(tick));
  expect(processes.flatMap(({ started }) => started)).toHaveLength(1);
});

test('leaves out a time at which nothing was running, and says so', async () => {
  const process = await add();
  setClock('2026-07-05T09:00:00Z');
  await tick(process);
  expect(process.started).toEqual([]);
  expect(await lastOf(process)).toEqual({ at: '2026-07-05T02:00:00.000Z', status: 'missed' });
});

test('makes up once for all missed times, where that is asked for', async () => {
  const process = await add({ missed: 'run' });
  setClock('2026-07-05T09:00:00Z');
  await tick(process);
  await tick(process);
  expect(process.started).toHaveLength(1);
  expect(await lastOf(process)).toMatchObject({ at: '2026-07-05T02:00:00.000Z', status: 'done' });
});

test('does not make up for the times of a pause', async () => {
  const process = await add({ missed: 'run' });
  await process.timers.pause('nightly', true);
  expect((await process.timers.list())[0]).not.toHaveProperty('next');
  setClock('2026-07-05T09:00:00Z');
  await tick(process);
  await process.timers.pause('nightly', false);
  await tick(process);
  expect(process.started).toEqual([]);
});

test('does not repeat a time when the clock is set back a little, and goes on when it was far ahead', async () => {
  const process = await add({ cron: '* * * * *' });
  setClock('2026-07-01T12:01:00Z');
  await tick(process);
  setClock('2026-07-01T12:00:59Z');
  await tick(process);
  setClock('2026-07-01T12:01:00Z');
  await tick(process);
  expect(process.started).toHaveLength(1);
  setClock('2036-01-01T00:00:00Z');
  await tick(process);
  setClock('2026-07-01T12:02:30Z');
  await tick(process);
  setClock('2026-07-01T12:03:00Z');
  await tick(process);
  // the time in 2036 was on time for its clock
  expect(process.started).toHaveLength(3);
});

test('does not run a task twice at once, whichever process has started it', async () => {
  let end = (_: TaskOutcome): void => undefined;
  const slow = openProcess(
    () =>
      new Promise((resolve) => {
        end = resolve;
      }),
  );
  await slow.timers.save(definition({ cron: '* * * * *' }), undefined, new AbortController().signal);
  setClock('2026-07-01T12:01:00Z');
  await slow.timers.tick();
  await expect.poll(() => slow.started.length).toBe(1);
  const other = openProcess();
  await expect(other.timers.run('nightly')).rejects.toMatchObject({ problem: { code: 'timer.running' } });
  setClock('2026-07-01T12:02:00Z');
  await other.timers.tick();
  expect(await lastOf(other)).toMatchObject({ status: 'running' });
  end({ status: 'done' });
  await expect.poll(() => lastOf(other)).toMatchObject({ status: 'done', at: '2026-07-01T12:01:00.000Z' });
  expect(other.started).toEqual([]);
});

test('a run on demand is cancelled by its caller', async () => {
  const process = openProcess(
    ({ signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  );
  await process.timers.save(definition(), undefined, new AbortController().signal);
  const cancelling = new AbortController();
  const run = process.timers.run('nightly', cancelling.signal);
  await expect.poll(() => process.started.length).toBe(1);
  cancelling.abort();
  expect(await run).toMatchObject({ status: 'cancelled' });
});

test('keeps why a task could not be started', async () => {
  const process = openProcess(() => Promise.reject(fail('schedule.no-node', 'No node.', 'Check them.')));
  await process.timers.save(definition(), undefined, new AbortController().signal);
  expect(await process.timers.run('nightly')).toMatchObject({ status: 'failed', problem: { message: 'No node.' } });
  expect(process.ended).toMatchObject([['nightly', { status: 'failed' }]]);
});

test('gives a task what it had done before', async () => {
  const process = openProcess(async ({ fingerprint }) =>
    fingerprint === 'a' ? { status: 'unchanged' } : { status: 'done', fingerprint: 'a' },
  );
  await process.timers.save(definition(), undefined, new AbortController().signal);
  expect(await process.timers.run('nightly')).toMatchObject({ status: 'done' });
  expect(await process.timers.run('nightly')).toMatchObject({ status: 'unchanged' });
});

test('replaces a timer and keeps what became of it', async () => {
  const process = await add();
  await process.timers.run('nightly');
  const { signal } = new AbortController();
  await expect(process.timers.save(definition(), undefined, signal)).rejects.toThrow('already a schedule nightly');
  await expect(process.timers.save(definition({ name: 'x' }), 'y', signal)).rejects.toThrow('no schedule y');
  const saved = await process.timers.save(definition({ name: 'daily', cron: '@daily' }), 'nightly', signal);
  expect(saved).toMatchObject({ name: 'daily', last: { status: 'done' } });
  expect((await process.timers.list()).map(({ name }) => name)).toEqual(['daily']);
  await process.timers.remove('daily');
  expect(await process.timers.list()).toEqual([]);
});

test('refuses an expression without a time', async () => {
  await expect(add({ cron: '0 0 31 4 *' })).rejects.toMatchObject({ problem: { code: 'timer.time' } });
});

test('keeps timers for the user alone, and never overwrites what it cannot read', async () => {
  const process = await add();
  const path = join(home, 'timers.json');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await writeFile(path, '{ "version": 1, "timers": [ }');
  await expect(process.timers.pause('nightly', true)).rejects.toMatchObject({ problem: { code: 'settings.broken' } });
  setClock('2026-07-02T02:00:00Z');
  await tick(process);
  expect(await readFile(path, 'utf8')).toBe('{ "version": 1, "timers": [ }');
});
