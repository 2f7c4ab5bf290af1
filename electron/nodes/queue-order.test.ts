import { expect, test } from 'vitest';
import type { QueuePriority } from '../../shared/queue.ts';
import { agingMs, forecast, moveBuild, type OrderedJob, orderBuilds, orderWaiting } from './queue-order.ts';

const none = new Map<string, number>();

/** `a1`, `b1!`: the first job of build a, and one of build b that runs; in the order in which they come. */
function jobsOf(text: string, priority: (build: string) => QueuePriority = () => 'normal'): OrderedJob[] {
  return text.split(' ').map((name, number) => ({
    id: name.replace('!', ''),
    buildId: name.charAt(0),
    priority: priority(name.charAt(0)),
    number,
    sinceMs: number,
    isRunning: name.endsWith('!'),
  }));
}

const ids = (jobs: readonly OrderedJob[]): string => jobs.map(({ id }) => id).join(' ');

test.each([
  ['the jobs of one build keep their order', 'a1 a2 a3', 'a1 a2 a3'],
  ['builds take turns', 'a1 a2 a3 b1 b2 c1', 'a1 b1 c1 a2 b2 a3'],
  ['jobs that run count as a turn', 'a1! a2! a3 a4 b1 c1!', 'b1 a3 a4'],
])('%s', (_, given, expected) => {
  expect(ids(orderWaiting(jobsOf(given), { ranks: none, nowMs: 0 }))).toBe(expected);
});

test('a higher priority comes first, and what a person has moved before all', () => {
  const priorities: Readonly<Record<string, QueuePriority>> = { a: 'low', b: 'normal', c: 'high' };
  const jobs = jobsOf('a1 a2 b1 b2 c1 c2', (build) => priorities[build] ?? 'normal');
  expect(ids(orderWaiting(jobs, { ranks: none, nowMs: 0 }))).toBe('c1 c2 b1 b2 a1 a2');
  expect(
    ids(
      orderWaiting(jobs, {
        ranks: new Map([
          ['a', 1],
          ['c', -1],
        ]),
        nowMs: 0,
      }),
    ),
  ).toBe('a1 a2 b1 b2 c1 c2');
});

/** The same sequence of numbers from 0 to 1 for the same seed (mulberry32). */
function randomNumbers(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function randomJobs(random: () => number, count: number): OrderedJob[] {
  return Array.from({ length: count }, (_, number) => ({
    id: `job-${number}`,
    buildId: `build-${Math.floor(random() * 8)}`,
    priority: (['high', 'normal', 'low'] as const)[Math.floor(random() * 3)] ?? 'normal',
    number,
    sinceMs: Math.floor(random() * 4 * agingMs),
    isRunning: random() < 0.2,
  }));
}

test('the order has every waiting job once, and does not depend on how they are found', () => {
  const random = randomNumbers(1);
  for (let round = 0; round < 200; round += 1) {
    const jobs = randomJobs(random, 40);
    const options = {
      ranks: new Map([
        ['build-1', 2],
        ['build-2', -1],
      ]),
      nowMs: 4 * agingMs,
    };
    const order = orderWaiting(jobs, options);
    expect([...order].sort((one, other) => one.number - other.number)).toEqual(
      jobs.filter(({ isRunning }) => !isRunning),
    );
    const shuffled = [...jobs].sort(() => random() - 0.5);
    expect(ids(orderWaiting(shuffled, options))).toBe(ids(order));
    // a job that leaves changes the order of no other builds among each other
    const gone = order[Math.floor(random() * order.length)];
    const others = orderWaiting(
      jobs.filter((job) => job !== gone),
      options,
    );
    const isOther = ({ buildId }: OrderedJob): boolean => buildId !== gone?.buildId;
    expect(ids(others.filter(isOther))).toBe(ids(order.filter(isOther)));
  }
});

test('of equal builds, none has two jobs more than another that waits', () => {
  const random = randomNumbers(2);
  for (let round = 0; round < 50; round += 1) {
    const jobs = randomJobs(random, 60).map((job) => ({ ...job, priority: 'normal' as const, sinceMs: 0 }));
    const started = new Map<string, number>();
    const count = (build: string): number => started.get(build) ?? 0;
    for (const { buildId, isRunning } of jobs) {
      started.set(buildId, count(buildId) + Number(isRunning));
    }
    const waiting = orderWaiting(jobs, { ranks: none, nowMs: 0 });
    for (const [index, { buildId }] of waiting.entries()) {
      const others = new Set(waiting.slice(index).map((job) => job.buildId));
      expect(count(buildId)).toBe(Math.min(...[...others].map(count)));
      started.set(buildId, count(buildId) + 1);
    }
  }
});

test('whatever arrives, every job starts: it waits for the jobs before it and for the time in which it rises', () => {
  const jobMs = 60_000;
  for (const priority of ['high', 'normal', 'low'] as const) {
    let nowMs = 0;
    let number = 0;
    const join = (buildId: string, its: QueuePriority): OrderedJob => {
      number += 1;
      return { id: `${number}`, buildId, priority: its, number, sinceMs: nowMs, isRunning: false };
    };
    // the third job of its build, on a node that also runs a job of it for ever
    let waiting = [join('old', priority), join('old', priority), join('old', priority)];
    const victim = waiting[2]?.id;
    const running: OrderedJob = { ...join('old', priority), isRunning: true };
    while (waiting.some(({ id }) => id === victim)) {
      // two builds of high priority arrive for each job that ends
      waiting.push(join(`new-${number}`, 'high'), join(`new-${number}`, 'high'));
      const [first] = orderWaiting([running, ...waiting], { ranks: none, nowMs });
      waiting = waiting.filter((job) => job !== first);
      nowMs += jobMs;
      expect(nowMs).toBeLessThan(6 * agingMs + 10 * jobMs);
    }
  }
});

test('builds are shown by rank, priority and arrival, and moving one keeps the order of the others', () => {
  const random = randomNumbers(3);
  const builds = Array.from({ length: 9 }, (_, number) => ({
    id: `b${number}`,
    buildId: `b${number}`,
    priority: (['high', 'normal', 'low'] as const)[number % 3] ?? 'normal',
    number,
  }));
  let ranks: Map<string, number> = new Map();
  const order = (): string[] => orderBuilds(builds, ranks).map(({ id }) => id);
  expect(order()).toEqual(['b0', 'b3', 'b6', 'b1', 'b4', 'b7', 'b2', 'b5', 'b8']);
  for (let round = 0; round < 200; round += 1) {
    const before = order();
    const [moved = '', target] = [...before].sort(() => random() - 0.5);
    const position = random() < 0.2 ? undefined : target;
    ranks = moveBuild(before, ranks, moved, position);
    const others = before.filter((id) => id !== moved);
    others.splice(position === undefined ? others.length : others.indexOf(position), 0, moved);
    expect(order()).toEqual(others);
  }
});

test('jobs start when slots are free, as far as estimates are known', () => {
  const times = forecast(
    2,
    [{ remainingMs: 10 }, { remainingMs: 40 }],
    [
      { remainingMs: 20 },
      { remainingMs: 5, isHeld: true },
      { remainingMs: 100 },
      {},
      { remainingMs: 1 },
      { remainingMs: 1 },
    ],
  );
  expect(times.running).toEqual([{ endsInMs: 10 }, { endsInMs: 40 }]);
  expect(times.waiting).toEqual([
    { startsInMs: 10, endsInMs: 30 },
    {},
    { startsInMs: 30, endsInMs: 130 },
    { startsInMs: 40 },
    { startsInMs: 130, endsInMs: 131 },
    { startsInMs: 131, endsInMs: 132 },
  ]);
  // more jobs run than there are slots
  expect(forecast(1, [{ remainingMs: 10 }, { remainingMs: 40 }, {}], [{ remainingMs: 1 }]).waiting).toEqual([{}]);
  expect(forecast(2, [{}], [{ remainingMs: 5 }, { remainingMs: 1 }]).waiting).toEqual([
    { startsInMs: 0, endsInMs: 5 },
    { startsInMs: 5, endsInMs: 6 },
  ]);
});
