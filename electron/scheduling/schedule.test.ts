import { describe, expect, test } from 'vitest';
import { modeOf, type Schedule, scheduleSchema } from '../../shared/farm.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { type Platform, parsePlatform } from '../../shared/platform.ts';
import { type ScheduleInput, schedule } from './schedule.ts';

function platform(text: string): Platform {
  const parsed = parsePlatform(text);
  if (!parsed) {
    throw new Error(`${text} is not a platform`);
  }
  return parsed;
}
const platforms = (text: string): Platform[] => text.split(' ').map(platform);
/** `{ 'linux/arm64': 'pi4' }` by platform */
const byPlatform = (nodes: Record<string, string>): Record<Platform, string> => nodes;

interface Traits {
  emulated?: string;
  cpus?: number;
  free?: number;
  rootless?: boolean;
}

function up(connection: string, runs: string, { emulated, cpus = 4, free = 1e9, rootless = true }: Traits = {}) {
  const status: NodeStatus = {
    state: 'up',
    connection,
    node: {
      connection,
      engine: 'podman',
      version: '5.4.2',
      apiVersion: '5.4.2',
      hostname: connection,
      rootless,
      platform: platform(runs),
      emulated: emulated ? platforms(emulated) : [],
      cpus,
      memory: { total: 8e9, free },
      disk: { total: 1e11, free: 5e10 },
      latencyMs: 1,
    },
  };
  return status;
}

function down(connection: string): NodeStatus {
  return {
    state: 'down',
    connection,
    problem: { code: 'ssh.timeout', message: `Node ${connection} did not answer.`, fix: 'Switch it on.' },
  };
}

/** `linux/arm64 pi4 native, idle` a line */
function told({ assignments }: Schedule): string[] {
  return assignments.map(({ platform: what, node, reason }) => `${what} ${node} ${reason}`);
}

const plan = (input: Partial<ScheduleInput> & Pick<ScheduleInput, 'nodes'>): Schedule =>
  schedule({ emulate: true, ...input });

describe('what is built', () => {
  test('without platforms: what the nodes that are up run natively, each once', () => {
    const nodes = [
      up('mac', 'arm64', { emulated: 'riscv64' }),
      up('big', 'amd64', { emulated: 's390x' }),
      up('pi', 'arm64/v8'),
      down('old'),
    ];
    expect(plan({ nodes }).assignments.map((assignment) => assignment.platform)).toEqual([
      'linux/amd64',
      'linux/arm64',
    ]);
  });

  test('every platform once, however often it is asked for, in the order asked', () => {
    const asked = [...platforms('arm64 amd64'), platform('linux/arm64/v8')];
    const { assignments } = plan({ platforms: asked, nodes: [up('big', 'amd64'), up('pi', 'arm64')] });
    expect(assignments.map((assignment) => assignment.platform)).toEqual(['linux/arm64', 'linux/amd64']);
  });

  test('nothing where no node is up, and each that is down is left out with its problem', () => {
    const result = plan({ nodes: [down('zoe'), down('abe')] });
    expect(result.assignments).toEqual([]);
    expect(result.leftOut.map(({ node, problem }) => `${node}: ${problem.message}`)).toEqual([
      'abe: Node abe did not answer.',
      'zoe: Node zoe did not answer.',
    ]);
  });
});

describe('who builds', () => {
  test('a native node, however busy, before one that emulates', () => {
    const nodes = [up('big', 'amd64', { emulated: 'arm64', cpus: 64 }), up('pi', 'arm64')];
    expect(told(plan({ platforms: platforms('arm64'), nodes, load: { pi: 9 } }))).toEqual([
      'linux/arm64 pi native, only node',
    ]);
  });

  test('an emulating node where no native one is up', () => {
    const nodes = [up('big', 'amd64', { emulated: 'arm64' }), down('pi')];
    const { assignments } = plan({ platforms: platforms('arm64'), nodes });
    expect(assignments).toEqual([
      {
        platform: 'linux/arm64',
        node: 'big',
        mode: 'emulated',
        reason: 'emulated: no node runs linux/arm64 natively',
      },
    ]);
  });

  test('the idle one of two, the less busy one of two', () => {
    const nodes = [up('one', 'arm64'), up('two', 'arm64')];
    const arm = platforms('arm64');
    expect(told(plan({ platforms: arm, nodes, load: { one: 1 } }))).toEqual(['linux/arm64 two native, idle']);
    expect(told(plan({ platforms: arm, nodes, load: { one: 1, two: 2 } }))).toEqual([
      'linux/arm64 one native, least busy',
    ]);
  });

  test('the one with fewer jobs for its processors', () => {
    const nodes = [up('big', 'amd64', { cpus: 32 }), up('small', 'amd64', { cpus: 2 })];
    expect(plan({ nodes, load: { big: 4, small: 1 } }).assignments[0]?.node).toBe('big');
  });

  test('of idle ones the one with more processors, then more free memory, then the first name', () => {
    const chosen = (...nodes: NodeStatus[]) => plan({ nodes }).assignments[0]?.node;
    expect(chosen(up('a', 'amd64', { cpus: 2 }), up('b', 'amd64', { cpus: 8 }))).toBe('b');
    expect(chosen(up('a', 'amd64', { free: 1e9 }), up('b', 'amd64', { free: 2e9 }))).toBe('b');
    expect(chosen(up('b', 'amd64'), up('a', 'amd64'))).toBe('a');
  });

  test('the one that built it last, since its cache is there', () => {
    const nodes = [up('one', 'amd64'), up('two', 'amd64', { cpus: 64 })];
    const lastBuiltOn = byPlatform({ 'linux/amd64': 'one' });
    expect(told(plan({ nodes, lastBuiltOn }))).toEqual(['linux/amd64 one native, built here last time']);
    expect(told(plan({ nodes, lastBuiltOn, load: { one: 1 } }))).toEqual([
      'linux/amd64 one native, built here last time',
    ]);
  });

  test('not the one that built it last if that overloads it while another is idle', () => {
    const nodes = [up('one', 'amd64'), up('two', 'amd64')];
    const lastBuiltOn = byPlatform({ 'linux/amd64': 'one' });
    const chosen = (load: Record<string, number>) => told(plan({ nodes, lastBuiltOn, load }));
    expect(chosen({ one: 2 })).toEqual(['linux/amd64 two native, idle']);
    expect(chosen({ one: 2, two: 1 })).toEqual(['linux/amd64 one native, built here last time']);
  });

  test('not the one that built it last if it only emulates and a native one is up now', () => {
    const nodes = [up('big', 'amd64', { emulated: 'arm64' }), up('pi', 'arm64'), up('pi2', 'arm64')];
    const lastBuiltOn = byPlatform({ 'linux/arm64': 'big' });
    expect(plan({ platforms: platforms('arm64'), nodes, lastBuiltOn }).assignments[0]?.node).toBe('pi');
  });

  test('one node builds several platforms where it is the only one', () => {
    const nodes = [up('big', 'amd64', { emulated: 'riscv64 s390x' })];
    expect(told(plan({ platforms: platforms('s390x amd64 riscv64'), nodes }))).toEqual([
      'linux/s390x big emulated: no node runs linux/s390x natively',
      'linux/amd64 big native, only node',
      'linux/riscv64 big emulated: no node runs linux/riscv64 natively',
    ]);
  });

  test('platforms with the least choice choose first, so that the only node for one is not filled by others', () => {
    const nodes = [up('big', 'amd64', { cpus: 64, emulated: 's390x' }), up('small', 'amd64', { cpus: 2 })];
    expect(told(plan({ platforms: platforms('amd64 s390x'), nodes }))).toEqual([
      'linux/amd64 small native, idle',
      'linux/s390x big emulated: no node runs linux/s390x natively',
    ]);
  });

  test('platforms of one build are spread over equal nodes', () => {
    const nodes = [up('one', 'amd64'), up('two', 'amd64')];
    expect(told(plan({ platforms: platforms('amd64 386'), nodes }))).toEqual([
      'linux/amd64 two native, idle',
      'linux/386 one native, idle',
    ]);
  });
});

describe('a pin', () => {
  const nodes = [up('one', 'arm64'), up('two', 'arm64', { cpus: 64 }), up('big', 'amd64', { emulated: 'arm64' })];
  const arm = platforms('arm64');

  test('is followed before everything else, to an emulating node too', () => {
    const pinnedTo = (node: string) =>
      told(plan({ platforms: arm, nodes, pins: byPlatform({ 'linux/arm64': node }), load: { one: 9 } }));
    expect(pinnedTo('one')).toEqual(['linux/arm64 one native, pinned']);
    expect(pinnedTo('big')).toEqual(['linux/arm64 big emulated, pinned']);
  });

  test('that cannot be followed is said', () => {
    const pins = byPlatform({ 'linux/arm64': 'big' });
    expect(told(plan({ platforms: arm, nodes, pins, emulate: false }))).toEqual([
      'linux/arm64 two native, idle (big, where it is pinned, cannot build it now)',
    ]);
  });

  test('counts as load for the other platforms', () => {
    const both = [up('one', 'amd64', { cpus: 4 }), up('two', 'amd64', { cpus: 2 })];
    const pins = byPlatform({ 'linux/amd64': 'one' });
    expect(told(plan({ platforms: platforms('386 amd64'), nodes: both, pins }))).toEqual([
      'linux/386 two native, idle',
      'linux/amd64 one native, pinned',
    ]);
  });
});

describe('a platform that nobody can build', () => {
  const nodes = [up('pi', 'arm64'), up('big', 'amd64', { emulated: 'arm64 riscv64' }), down('old')];
  const problem = (what: string, emulate = true, of = nodes) =>
    plan({ platforms: platforms(what), nodes: of, emulate }).unassigned[0]?.problem;

  test('says what each node can do instead, and how to add an emulator', () => {
    expect(problem('s390x')).toEqual({
      code: 'schedule.no-node',
      message:
        'No node can build linux/s390x: big runs linux/amd64 and emulates linux/arm64, linux/riscv64 only; old is down; pi runs linux/arm64 and emulates nothing.',
      fix: 'Register an emulator, for example on big with `sudo podman run --privileged --rm docker.io/tonistiigi/binfmt --install s390x`, or add a node that runs linux/s390x natively.',
    });
  });

  test('says that emulation is switched off where that is the reason', () => {
    expect(problem('riscv64', false)).toEqual({
      code: 'schedule.no-native-node',
      message: 'No node runs linux/riscv64 natively, and emulation is switched off; big could emulate it.',
      fix: 'Allow emulation (leave out `--no-emulation`), or add a node that runs linux/riscv64.',
    });
    expect(problem('s390x', false)?.code).toBe('schedule.no-node');
  });

  test('says that no node is up where that is the reason', () => {
    expect(problem('amd64', true, [down('old'), down('new')])?.message).toBe(
      'No node can build linux/amd64: none is up of new, old.',
    );
    expect(problem('amd64', true, [])?.fix).toContain('barnraiser connection add');
  });

  test('offers no emulator where there is none', () => {
    expect(problem('windows/amd64')?.fix).toBe('Add a node that runs windows/amd64 natively.');
  });

  test('leaves the others to be built', () => {
    const result = plan({ platforms: platforms('s390x amd64'), nodes });
    expect(told(result)).toEqual(['linux/amd64 big native, only node']);
    expect(result.unassigned.map((left) => left.platform)).toEqual(['linux/s390x']);
  });
});

describe('whatever the farm', () => {
  const all = platforms('amd64 386 arm64 arm/v7 riscv64 s390x');
  const runs = 1000;

  /** The same numbers in every run of the tests: a linear congruential generator (Numerical Recipes). */
  function numbers(seed: number): (below: number) => number {
    let state = seed;
    return (below) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
  }

  function randomInput(seed: number): ScheduleInput & { platforms: Platform[] } {
    const next = numbers(seed);
    const some = (chance: number) => all.filter(() => next(chance) === 0);
    const nodes = Array.from({ length: next(7) }, (_, index) => {
      const traits = { emulated: some(3).join(' '), cpus: 1 + next(3) * 4, free: next(3) * 1e9 };
      return next(5) === 0 ? down(`n${index}`) : up(`n${index}`, all[next(all.length)] ?? 'amd64', traits);
    });
    const anyNode = () => `n${next(7)}`;
    return {
      platforms: some(2),
      nodes,
      emulate: next(3) > 0,
      load: Object.fromEntries(nodes.map(({ connection }) => [connection, next(4)])),
      lastBuiltOn: byPlatform(Object.fromEntries(some(2).map((what) => [what, anyNode()]))),
    };
  }

  function modes(input: ScheduleInput, what: Platform): (string | undefined)[] {
    return input.nodes.map((status) => (status.state === 'up' ? modeOf(status.node, what) : undefined));
  }

  const inputs = Array.from({ length: runs }, (_, index) => randomInput(index + 1));

  test('a platform is assigned just where some node can build it, and never twice', () => {
    for (const input of inputs) {
      const result = schedule(input);
      const able = input.platforms.filter((what) =>
        modes(input, what).some((mode) => mode === 'native' || (mode === 'emulated' && input.emulate)),
      );
      expect(result.assignments.map((assignment) => assignment.platform)).toEqual(able);
      expect(result.unassigned.map((left) => left.platform)).toEqual(
        input.platforms.filter((what) => !able.includes(what)),
      );
      expect(scheduleSchema.parse(result)).toEqual(result);
    }
  });

  test('nothing is emulated where a native node is up, and nobody is given what it cannot do', () => {
    let emulated = 0;
    for (const input of inputs) {
      for (const { platform: what, node, mode } of schedule(input).assignments) {
        const index = input.nodes.findIndex(({ connection }) => connection === node);
        expect(modes(input, what)[index]).toBe(mode);
        expect(mode === 'emulated' && modes(input, what).includes('native')).toBe(false);
        emulated += Number(mode === 'emulated');
      }
    }
    expect(emulated).toBeGreaterThan(100);
  });

  test('the order in which nodes answer, and in which platforms are asked for, makes no difference', () => {
    for (const input of inputs) {
      const { assignments, leftOut } = schedule(input);
      const turned = schedule({ ...input, nodes: [...input.nodes].reverse() });
      expect(turned).toEqual(schedule(input));
      const other = schedule({ ...input, platforms: [...input.platforms].reverse() });
      expect([...other.assignments].reverse()).toEqual(assignments);
      expect(other.leftOut).toEqual(leftOut);
    }
  });

  test('every node that is down is left out, and no other', () => {
    for (const input of inputs) {
      const names = input.nodes.filter(({ state }) => state === 'down').map(({ connection }) => connection);
      expect(schedule(input).leftOut.map(({ node }) => node)).toEqual(names);
    }
  });
});
