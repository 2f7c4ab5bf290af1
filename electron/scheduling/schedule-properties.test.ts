/** What holds for every schedule, in random farms. */
import { expect, test } from 'vitest';
import type { JobTime } from '../../shared/emulation.ts';
import type { Node, NodeStatus } from '../../shared/node.ts';
import { type Platform, platformSchema } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { modeOf } from '../../shared/schedule.ts';
import { type ScheduleInput, schedule } from './schedule.ts';

const all = ['linux/amd64', 'linux/386', 'linux/arm64', 'linux/arm/v7', 'linux/riscv64'].map((name) =>
  platformSchema.parse(name),
);
const runs = 300;

/** A linear congruential generator (constants of Numerical Recipes) with the same numbers in every test run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type RandomInput = Omit<ScheduleInput, 'nodes' | 'platforms'> & {
  platforms: Platform[];
  nodes: Extract<NodeStatus, { state: 'up' }>[];
};

function randomInput(seed: number, nodeCount = 7): RandomInput {
  const next = numbers(seed);
  const oneOf = <T>(items: readonly T[]): T => items[next(items.length)] ?? expect.fail('nothing to choose from');
  const some = (chance: number) => all.filter(() => next(chance) === 0);
  const byPlatform = (chance: number) => Object.fromEntries(some(chance).map((each) => [each, `n${next(nodeCount)}`]));
  const nodes = Array.from({ length: 1 + next(nodeCount) }, (_, index) => {
    const preferences = {
      ...(next(3) === 0 ? { priority: next(3) * 10 } : {}),
      ...(next(3) === 0 ? { weight: next(3) * 100 } : {}),
      ...(next(4) === 0 ? { emulation: 'never' as const } : {}),
    };
    const node: Node = {
      connection: `n${index}`,
      engine: 'podman',
      version: '5.4.2',
      apiVersion: '5.4.2',
      hostname: `n${index}`,
      platform: oneOf(all),
      emulated: some(3),
      cpus: 2 ** next(6),
      load: next(4),
      latencyMs: 1,
      capabilities: { exportFormats: [] },
      preferences,
    };
    return { state: 'up' as const, connection: node.connection, node };
  });
  const times: JobTime[] = Array.from({ length: next(30) }, () => {
    const mode = next(4) === 0 ? ('emulated' as const) : ('native' as const);
    const time = { platform: oneOf(all), node: `n${next(nodeCount)}`, mode, ms: 1000 + next(100_000) };
    return next(3) === 0 ? time : { ...time, steps: 5, cachedSteps: next(4) };
  });
  return {
    platforms: some(2),
    nodes,
    emulate: next(4) > 0,
    load: Object.fromEntries(
      nodes.map(({ connection }) => [
        connection,
        { slots: 1 + next(3), jobs: Array.from({ length: next(5) }, () => ({ remainingMs: next(50_000) })) },
      ]),
    ),
    lastBuiltOn: byPlatform(3),
    pins: byPlatform(5),
    farmPins: byPlatform(5),
    exclude: next(3) === 0 ? [`n${next(nodeCount)}`] : [],
    unavailable:
      next(3) === 0
        ? { [`n${next(nodeCount)}`]: fail('engine.unreachable', 'It is paused.', 'Resume it.').problem }
        : {},
    history: { times },
  };
}

const inputs = Array.from({ length: runs }, (_, index) => randomInput(index + 1));

function usableNodes({ nodes, exclude = [], unavailable = {} }: RandomInput): Node[] {
  return nodes
    .map(({ node }) => node)
    .filter(({ connection }) => !exclude.includes(connection) && !unavailable[connection]);
}

/** The nodes that may build a platform in one mode. */
function capable(input: RandomInput, platform: Platform, mode: 'native' | 'emulated'): string[] {
  const nodes = mode === 'emulated' && !input.emulate ? [] : usableNodes(input);
  return nodes.filter((node) => modeOf(node, platform) === mode).map(({ connection }) => connection);
}

test('every platform that can be built is assigned, and the others are not', () => {
  for (const input of inputs) {
    const can = input.platforms.filter(
      (each) => capable(input, each, 'native').length + capable(input, each, 'emulated').length > 0,
    );
    const { assignments, unassigned } = schedule(input);
    expect(assignments.map(({ platform }) => platform)).toEqual(can);
    expect(unassigned.map(({ platform }) => platform)).toEqual(input.platforms.filter((each) => !can.includes(each)));
  }
});

test('a node gets only what it can and may build, and native nodes come first', () => {
  for (const input of inputs) {
    for (const { platform, node, mode } of schedule(input).assignments) {
      expect(capable(input, platform, mode)).toContain(node);
      const isPinned = [input.pins, input.farmPins].some((pins) => pins?.[platform] === node);
      expect(mode === 'emulated' && !isPinned && capable(input, platform, 'native').length > 0).toBe(false);
    }
  }
});

test('pins are kept where the node can build the platform, those of the build before those of the farm', () => {
  let kept = 0;
  for (const input of inputs) {
    for (const { platform, node } of schedule(input).assignments) {
      const nodes = [...capable(input, platform, 'native'), ...capable(input, platform, 'emulated')];
      const pin = [input.pins?.[platform], input.farmPins?.[platform]].find((name) => name && nodes.includes(name));
      if (pin !== undefined) {
        expect(node).toBe(pin);
        kept += 1;
      }
    }
  }
  expect(kept).toBeGreaterThan(30);
});

test('a node of a higher priority number gets nothing that one of a lower number can build the same way', () => {
  for (const input of inputs) {
    const priorityOf = (name: string) =>
      input.nodes.find(({ connection }) => connection === name)?.node.preferences?.priority ?? 10;
    for (const { platform, node, mode } of schedule(input).assignments) {
      if (![input.pins, input.farmPins].some((pins) => pins?.[platform] === node)) {
        expect(priorityOf(node)).toBe(Math.min(...capable(input, platform, mode).map(priorityOf)));
      }
    }
  }
});

test('the order of nodes and platforms does not matter', () => {
  for (const input of inputs) {
    const result = schedule(input);
    expect(schedule({ ...input, nodes: [...input.nodes].reverse() })).toEqual(result);
    const other = schedule({ ...input, platforms: [...input.platforms].reverse() });
    expect([...other.assignments].reverse()).toEqual(result.assignments);
    expect(other.finish).toEqual(result.finish);
  }
});

test('estimates are positive and within their ranges, and a platform is not done before its job has run', () => {
  let estimated = 0;
  for (const input of inputs) {
    const { assignments, finish } = schedule(input);
    for (const estimate of [finish, ...assignments.flatMap((each) => [each.estimate, each.finish])]) {
      if (estimate) {
        expect(estimate.low).toBeGreaterThan(0);
        expect(estimate.ms).toBeGreaterThanOrEqual(estimate.low);
        expect(estimate.high).toBeGreaterThanOrEqual(estimate.ms);
        estimated += 1;
      }
    }
    for (const each of assignments) {
      expect(each.finish?.ms ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(each.estimate?.ms ?? 0);
      expect(finish?.ms ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(each.finish?.ms ?? 0);
    }
  }
  expect(estimated).toBeGreaterThan(500);
});

test('nothing is said of the time if nothing is known', () => {
  for (const input of inputs) {
    const { assignments, finish } = schedule({ ...input, history: { times: [] } });
    expect(finish).toBeUndefined();
    expect(assignments.every(({ estimate }) => estimate === undefined)).toBe(true);
  }
});

test('with one more node of the same kind and without a cache, the build is not done later', () => {
  let earlier = 0;
  for (const seed of Array.from({ length: runs }, (_, index) => index + 1)) {
    const { platforms, nodes, load = {}, history } = randomInput(seed);
    const native = nodes.map((status) => ({
      ...status,
      node: { ...status.node, platform: all[0] ?? expect.fail(), emulated: [], preferences: {} },
    }));
    const [last] = native.splice(-1);
    const can = platforms.filter((each) => native.some(({ node }) => modeOf(node, each)));
    if (!last || can.length === 0 || !history) {
      continue;
    }
    // a cache keeps a job where it is for a little time, see keepUsual
    const times = history.times.map((time) => ({ ...time, node: 'elsewhere' }));
    const input = { platforms: can, load, history: { times }, emulate: false };
    const before = schedule({ ...input, nodes: native }).finish?.ms;
    const after = schedule({ ...input, nodes: [...native, last] }).finish?.ms;
    if (before !== undefined && after !== undefined) {
      // rounded to milliseconds
      expect(after).toBeLessThanOrEqual(before + 1);
      earlier += Number(after < before);
    }
  }
  expect(earlier).toBeGreaterThan(20);
});

test('a platform stays on its node if another is only a little faster, and leaves it if that is much faster', () => {
  const [amd64 = expect.fail()] = all;
  const [one, two] = ['one', 'two'].map((name) => {
    const [status = expect.fail()] = randomInput(1).nodes;
    return {
      ...status,
      connection: name,
      node: { ...status.node, connection: name, platform: amd64, preferences: {}, load: 0 },
    };
  });
  const chosen = (fast: number) =>
    schedule({
      platforms: [amd64],
      nodes: [one ?? expect.fail(), two ?? expect.fail()],
      emulate: false,
      lastBuiltOn: { [amd64]: 'one' },
      history: {
        times: ['one', 'two'].flatMap((node) => [
          {
            platform: amd64,
            node,
            mode: 'native' as const,
            ms: node === 'one' ? 60_000 : fast,
            steps: 5,
            cachedSteps: 2,
          },
        ]),
      },
    }).assignments[0]?.node;
  expect([chosen(57_000), chosen(30_000)]).toEqual(['one', 'two']);
});

test('jobs are shared out by weight', () => {
  const [amd64 = expect.fail()] = all;
  const platforms = ['linux/amd64', 'linux/386', 'linux/amd64/v2'].map((name) => platformSchema.parse(name));
  const node = (connection: string, weight: number): NodeStatus => {
    const [status = expect.fail()] = randomInput(1).nodes;
    const facts = { ...status.node, connection, platform: amd64, cpus: 64, load: 0, processor: { variant: 'v3' } };
    return { ...status, connection, node: { ...facts, preferences: { weight } } };
  };
  const counts = (one: number, two: number) => {
    const slot = { slots: 1, jobs: [] };
    const nodes = [node('one', one), node('two', two)];
    const { assignments } = schedule({ platforms, nodes, emulate: false, load: { one: slot, two: slot } });
    return assignments.filter((assignment) => assignment.node === 'one').length;
  };
  expect([counts(200, 100), counts(100, 200), counts(0, 100), counts(100, 0)]).toEqual([2, 1, 0, 3]);
});
