import { describe, expect, test } from 'vitest';
import type { Node, NodeStatus } from '../../shared/node.ts';
import { type Platform, parsePlatform } from '../../shared/platform.ts';
import { modeOf, type Schedule, scheduleSchema } from '../../shared/schedule.ts';
import { nodeLoads } from '../nodes/testing/node-loads.ts';
import { type ScheduleInput, schedule } from './schedule.ts';

function platform(text: string): Platform {
  const parsed = parsePlatform(text);
  if (!parsed) {
    throw new Error(`${text} is not a platform`);
  }
  return parsed;
}
const platforms = (text: string): Platform[] => text.split(' ').map(platform);
/** Types `{ 'linux/arm64': 'pi4' }` as a record by platform. */
const byPlatform = (nodes: Record<string, string>): Record<Platform, string> => nodes;

interface Traits {
  emulated?: string;
  cpus?: number;
  free?: number;
  rootless?: boolean;
  engine?: Node['engine'];
  processor?: Node['processor'];
  machineId?: string;
  only?: string;
}

function up(
  connection: string,
  runs: string,
  { emulated, cpus = 4, free = 1e9, rootless = true, engine = 'podman', processor, machineId, only }: Traits = {},
) {
  const status: NodeStatus = {
    state: 'up',
    connection,
    node: {
      connection,
      engine,
      version: '5.4.2',
      apiVersion: '5.4.2',
      hostname: connection,
      rootless,
      platform: platform(runs),
      processor,
      emulated: emulated ? platforms(emulated) : [],
      cpus,
      memory: { total: 8e9, free },
      disk: { total: 1e11, free: 5e10 },
      latencyMs: 1,
      machineId,
      capabilities: { exportFormats: [] },
      ...(only ? { allowedPlatforms: platforms(only) } : {}),
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

/** Each assignment as `linux/arm64 pi4 native, idle`. */
function assignmentsOf({ assignments }: Schedule): string[] {
  return assignments.map(({ platform: what, node, reason }) => `${what} ${node} ${reason}`);
}

const scheduleWith = (input: Partial<ScheduleInput> & Pick<ScheduleInput, 'nodes'>): Schedule =>
  schedule({ emulate: true, ...input });

describe('the platforms of a schedule', () => {
  test('are the native platforms of the nodes that are up, if none are requested', () => {
    const nodes = [
      up('mac', 'arm64', { emulated: 'riscv64' }),
      up('big', 'amd64', { emulated: 's390x' }),
      up('pi', 'arm64/v8'),
      down('old'),
    ];
    expect(scheduleWith({ nodes }).assignments.map((assignment) => assignment.platform)).toEqual([
      'linux/amd64',
      'linux/arm64',
    ]);
  });

  test('are unique and in the requested order', () => {
    const requested = [...platforms('arm64 amd64'), platform('linux/arm64/v8')];
    const { assignments } = scheduleWith({ platforms: requested, nodes: [up('big', 'amd64'), up('pi', 'arm64')] });
    expect(assignments.map((assignment) => assignment.platform)).toEqual(['linux/arm64', 'linux/amd64']);
  });

  test('are none if all nodes are down, and these are left out with their problems', () => {
    const result = scheduleWith({ nodes: [down('zoe'), down('abe')] });
    expect(result.assignments).toEqual([]);
    expect(result.leftOut.map(({ node, problem }) => `${node}: ${problem.message}`)).toEqual([
      'abe: Node abe did not answer.',
      'zoe: Node zoe did not answer.',
    ]);
  });
});

describe('a platform is assigned to', () => {
  test('a native node, even a busy one, before a node that emulates it', () => {
    const nodes = [up('big', 'amd64', { emulated: 'arm64', cpus: 64 }), up('pi', 'arm64')];
    expect(assignmentsOf(scheduleWith({ platforms: platforms('arm64'), nodes, load: nodeLoads({ pi: 9 }) }))).toEqual([
      'linux/arm64 pi only native node',
    ]);
  });

  test('a node that emulates it if no native node is up', () => {
    const nodes = [up('big', 'amd64', { emulated: 'arm64' }), down('pi')];
    const { assignments } = scheduleWith({ platforms: platforms('arm64'), nodes });
    expect(assignments).toEqual([
      {
        platform: 'linux/arm64',
        node: 'big',
        mode: 'emulated',
        reason: 'emulated: no node runs linux/arm64 natively',
      },
    ]);
  });

  test('an idle node, or else the least busy one', () => {
    const nodes = [up('one', 'arm64'), up('two', 'arm64')];
    const arm = platforms('arm64');
    expect(assignmentsOf(scheduleWith({ platforms: arm, nodes, load: nodeLoads({ one: 1 }) }))).toEqual([
      'linux/arm64 two native, idle',
    ]);
    expect(assignmentsOf(scheduleWith({ platforms: arm, nodes, load: nodeLoads({ one: 1, two: 2 }) }))).toEqual([
      'linux/arm64 one native, least busy',
    ]);
  });

  test('the node with fewer jobs per processor', () => {
    const nodes = [up('big', 'amd64', { cpus: 32 }), up('small', 'amd64', { cpus: 2 })];
    expect(scheduleWith({ nodes, load: nodeLoads({ big: 4, small: 1 }) }).assignments[0]?.node).toBe('big');
  });

  test('the idle node with more processors, then more free memory, then the first name', () => {
    const chosen = (...nodes: NodeStatus[]) => scheduleWith({ nodes }).assignments[0]?.node;
    expect(chosen(up('a', 'amd64', { cpus: 2 }), up('b', 'amd64', { cpus: 8 }))).toBe('b');
    expect(chosen(up('a', 'amd64', { free: 1e9 }), up('b', 'amd64', { free: 2e9 }))).toBe('b');
    expect(chosen(up('b', 'amd64'), up('a', 'amd64'))).toBe('a');
  });

  test('a node whose processors and memory are not known after one that has some, but while it is idle before one that is busy', () => {
    const unknown = up('a', 'amd64');
    if (unknown.state === 'up') {
      delete unknown.node.cpus;
      delete unknown.node.memory;
    }
    const chosen = (load = {}) =>
      scheduleWith({ nodes: [unknown, up('b', 'amd64')], load: nodeLoads(load) }).assignments[0]?.node;
    expect(chosen()).toBe('b');
    expect(chosen({ b: 1 })).toBe('a');
    expect(chosen({ a: 1, b: 1 })).toBe('b');
  });

  test('the node that built it last, which has its cache', () => {
    const nodes = [up('one', 'amd64'), up('two', 'amd64', { cpus: 64 })];
    const lastBuiltOn = byPlatform({ 'linux/amd64': 'one' });
    expect(assignmentsOf(scheduleWith({ nodes, lastBuiltOn }))).toEqual([
      'linux/amd64 one native, built here last time',
    ]);
    expect(assignmentsOf(scheduleWith({ nodes, lastBuiltOn, load: nodeLoads({ one: 1 }) }))).toEqual([
      'linux/amd64 one native, built here last time',
    ]);
  });

  test('another node than the last one if that would be overloaded while another is idle', () => {
    const nodes = [up('one', 'amd64'), up('two', 'amd64')];
    const lastBuiltOn = byPlatform({ 'linux/amd64': 'one' });
    const chosen = (load: Record<string, number>) =>
      assignmentsOf(scheduleWith({ nodes, lastBuiltOn, load: nodeLoads(load) }));
    expect(chosen({ one: 2 })).toEqual(['linux/amd64 two native, idle']);
    expect(chosen({ one: 2, two: 1 })).toEqual(['linux/amd64 one native, built here last time']);
  });

  test('a native node if the last one only emulates it', () => {
    const nodes = [up('big', 'amd64', { emulated: 'arm64' }), up('pi', 'arm64'), up('pi2', 'arm64')];
    const lastBuiltOn = byPlatform({ 'linux/arm64': 'big' });
    expect(scheduleWith({ platforms: platforms('arm64'), nodes, lastBuiltOn }).assignments[0]?.node).toBe('pi');
  });

  test('the same node as other platforms if it is the only one', () => {
    const nodes = [up('big', 'amd64', { emulated: 'riscv64 s390x' })];
    expect(assignmentsOf(scheduleWith({ platforms: platforms('s390x amd64 riscv64'), nodes }))).toEqual([
      'linux/s390x big emulated: no node runs linux/s390x natively',
      'linux/amd64 big only native node',
      'linux/riscv64 big emulated: no node runs linux/riscv64 natively',
    ]);
  });

  test('a node after the platforms that fewer nodes can build', () => {
    const nodes = [up('big', 'amd64', { cpus: 64, emulated: 's390x' }), up('small', 'amd64', { cpus: 2 })];
    expect(assignmentsOf(scheduleWith({ platforms: platforms('amd64 s390x'), nodes }))).toEqual([
      'linux/amd64 small native, idle',
      'linux/s390x big emulated: no node runs linux/s390x natively',
    ]);
  });

  test('different nodes of equal rank within a build', () => {
    const nodes = [up('one', 'amd64'), up('two', 'amd64')];
    expect(assignmentsOf(scheduleWith({ platforms: platforms('amd64 386'), nodes }))).toEqual([
      'linux/amd64 two native, idle',
      'linux/386 one native, idle',
    ]);
  });
});

describe('a platform for newer processors', () => {
  const newer = up('newer', 'amd64', { processor: { variant: 'v3' }, cpus: 2 });
  const older = up('older', 'amd64', { processor: { variant: 'v2' }, cpus: 64 });
  const mute = up('mute', 'amd64', { cpus: 64 });

  test('is built natively where the processor runs it, and is never a default', () => {
    const nodes = [newer, older, mute];
    expect(assignmentsOf(scheduleWith({ nodes, platforms: platforms('amd64/v3') }))).toEqual([
      'linux/amd64/v3 newer only native node',
    ]);
    expect(assignmentsOf(scheduleWith({ nodes: [newer] }))).toEqual(['linux/amd64 newer only native node']);
  });

  test('is refused where the processor is older or not known, which is said', () => {
    const { unassigned } = scheduleWith({ nodes: [older, mute], platforms: platforms('amd64/v3') });
    expect(unassigned[0]?.problem).toMatchObject({
      message:
        'No node can build linux/amd64/v3: mute runs linux/amd64, on a processor that could not be read, and emulates nothing; older runs linux/amd64/v2 and emulates nothing.',
      fix: 'Add a node whose processor runs linux/amd64/v3, or build linux/amd64.',
    });
  });
});

test('a 32-bit ARM node builds lower variants natively, before a node that emulates them', () => {
  const nodes = [up('big', 'amd64', { emulated: 'arm/v7', cpus: 64 }), up('pi', 'arm/v7')];
  const requested = platforms('arm/v6 arm/v5 arm/v7');
  expect(assignmentsOf(scheduleWith({ nodes, platforms: requested }))).toEqual(
    requested.map((name) => `${name} pi only native node`),
  );
  expect(assignmentsOf(scheduleWith({ nodes: [nodes[0] ?? expect.fail()], platforms: requested }))).toEqual(
    requested.map((name) => `${name} big emulated: no node runs ${name} natively`),
  );
});

describe('a pin', () => {
  const nodes = [up('one', 'arm64'), up('two', 'arm64', { cpus: 64 }), up('big', 'amd64', { emulated: 'arm64' })];
  const arm = platforms('arm64');

  test('takes precedence, even to a node that emulates the platform', () => {
    const pinnedTo = (node: string) =>
      assignmentsOf(
        scheduleWith({ platforms: arm, nodes, pins: byPlatform({ 'linux/arm64': node }), load: nodeLoads({ one: 9 }) }),
      );
    expect(pinnedTo('one')).toEqual(['linux/arm64 one native, pinned']);
    expect(pinnedTo('big')).toEqual(['linux/arm64 big emulated, pinned']);
  });

  test('that cannot be followed is named in the reason', () => {
    const pins = byPlatform({ 'linux/arm64': 'big' });
    expect(assignmentsOf(scheduleWith({ platforms: arm, nodes, pins, emulate: false }))).toEqual([
      'linux/arm64 two native, idle (pinned to big, which cannot build it now)',
    ]);
  });

  test('counts as load for the other platforms', () => {
    const both = [up('one', 'amd64', { cpus: 4 }), up('two', 'amd64', { cpus: 2 })];
    const pins = byPlatform({ 'linux/amd64': 'one' });
    expect(assignmentsOf(scheduleWith({ platforms: platforms('386 amd64'), nodes: both, pins }))).toEqual([
      'linux/386 two native, idle',
      'linux/amd64 one native, pinned',
    ]);
  });
});

describe('a node that does not support an option of the build', () => {
  const whale = up('whale', 'amd64', { emulated: 'arm64', engine: 'buildkit' });
  const seal = up('seal', 'arm64', { emulated: 'amd64' });

  test('gets no job, not even a pinned one, and is left out with the reason', () => {
    const pins = byPlatform({ 'linux/amd64': 'whale' });
    const result = scheduleWith({ platforms: platforms('amd64 arm64'), nodes: [whale, seal], pins, pull: 'never' });
    expect(assignmentsOf(result)).toEqual([
      'linux/amd64 seal emulated: no node that supports the pull policy "never" runs linux/amd64 natively (pinned to whale, which cannot build it now)',
      'linux/arm64 seal only native node',
    ]);
    expect(result.leftOut).toEqual([
      {
        node: 'whale',
        problem: {
          code: 'engine.unsupported',
          message:
            'Node whale does not support the pull policy "never": BuildKit looks up every base image in its registry.',
          fix: 'Choose another pull policy, or build on nodes with another engine.',
        },
      },
    ]);
  });

  test('builds with every other value of the option', () => {
    const result = scheduleWith({ nodes: [whale, seal], pull: 'always' });
    expect(result.assignments.map(({ node }) => node)).toEqual(['whale', 'seal']);
    expect(result.leftOut).toEqual([]);
  });

  test('is the reason if no other node can build a platform', () => {
    const { unassigned } = scheduleWith({ platforms: platforms('386'), nodes: [whale, seal], pull: 'never' });
    expect(unassigned[0]?.problem).toMatchObject({
      code: 'schedule.no-node',
      message:
        'No node can build linux/386: seal runs linux/arm64 and emulates only linux/amd64; whale does not support the pull policy "never".',
      fix: 'Choose another pull policy, or build on nodes with another engine.',
    });
  });
});

describe('the problem of a platform that no node can build', () => {
  const nodes = [up('pi', 'arm64'), up('big', 'amd64', { emulated: 'arm64 riscv64' }), down('old')];
  const problem = (what: string, emulate = true, of = nodes) =>
    scheduleWith({ platforms: platforms(what), nodes: of, emulate }).unassigned[0]?.problem;

  test('names what each node can build and how to install an emulator', () => {
    expect(problem('s390x')).toEqual({
      code: 'schedule.no-node',
      message:
        'No node can build linux/s390x: big runs linux/amd64 and emulates only linux/arm64, linux/riscv64; old is down; pi runs linux/arm64 and emulates nothing.',
      fix: 'Install an emulator, for example on big with `sudo podman run --privileged --rm docker.io/tonistiigi/binfmt --install s390x`, or add a node that runs linux/s390x natively.',
    });
  });

  test('names what keeps an emulator from being used, and the command that changes it', () => {
    const [arm64] = platforms('arm64');
    const first = up('big', 'amd64');
    const lacking = (reason: 'no-flag-f' | 'disabled') =>
      first.state === 'up' && arm64
        ? [
            up('a', 'amd64'),
            {
              ...first,
              node: { ...first.node, unusableEmulators: [{ platform: arm64, handler: 'qemu-aarch64', reason }] },
            },
          ]
        : expect.fail();
    expect(problem('arm64', true, lacking('no-flag-f'))).toEqual({
      code: 'schedule.no-node',
      message:
        'No node can build linux/arm64: a runs linux/amd64 and emulates nothing; big has an emulator for linux/arm64, but containers cannot use it: it is registered without flag F.',
      fix: 'Make the emulator of big usable: run `sudo podman run --privileged --rm docker.io/tonistiigi/binfmt --uninstall qemu-aarch64 --install arm64` there. Or add a node that runs linux/arm64 natively.',
    });
    expect(problem('arm64', true, lacking('disabled'))?.fix).toContain(
      '`echo 1 | sudo tee /proc/sys/fs/binfmt_misc/qemu-aarch64`',
    );
  });

  test('names emulation that is not allowed as the reason', () => {
    expect(problem('riscv64', false)).toEqual({
      code: 'schedule.no-native-node',
      message: 'No node runs linux/riscv64 natively, and emulation is not allowed. big could emulate it.',
      fix: 'Allow emulation, or add a node that runs linux/riscv64.',
      actions: [{ id: 'allow-emulation' }],
    });
    expect(problem('s390x', false)?.code).toBe('schedule.no-node');
  });

  test('names nodes that are down as the reason', () => {
    expect(problem('amd64', true, [down('old'), down('new')])?.message).toBe(
      'No node can build linux/amd64: all nodes are down (new, old).',
    );
    expect(problem('amd64', true, [])?.actions).toEqual([{ id: 'add-connection' }]);
  });

  test('suggests no emulator for a platform that has none', () => {
    expect(problem('windows/amd64')?.fix).toBe('Add a node that runs windows/amd64 natively.');
  });

  test('does not affect the other platforms', () => {
    const result = scheduleWith({ platforms: platforms('s390x amd64'), nodes });
    expect(assignmentsOf(result)).toEqual(['linux/amd64 big only native node']);
    expect(result.unassigned.map((left) => left.platform)).toEqual(['linux/s390x']);
  });
});

describe('in random farms', () => {
  const all = platforms('amd64 386 arm64 arm/v7 riscv64 s390x');
  const runs = 1000;

  /** A linear congruential generator (constants of Numerical Recipes) with the same numbers in every test run. */
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
      const traits = {
        emulated: some(3).join(' '),
        cpus: 1 + next(3) * 4,
        free: next(3) * 1e9,
        engine: next(4) === 0 ? ('buildkit' as const) : ('podman' as const),
      };
      return next(5) === 0 ? down(`n${index}`) : up(`n${index}`, all[next(all.length)] ?? 'amd64', traits);
    });
    const anyNode = () => `n${next(7)}`;
    return {
      platforms: some(2),
      nodes,
      emulate: next(3) > 0,
      pull: next(3) === 0 ? 'never' : 'missing',
      load: nodeLoads(Object.fromEntries(nodes.map(({ connection }) => [connection, next(4)]))),
      lastBuiltOn: byPlatform(Object.fromEntries(some(2).map((what) => [what, anyNode()]))),
    };
  }

  function isUsable(status: NodeStatus, { pull }: ScheduleInput): status is NodeStatus & { state: 'up' } {
    return status.state === 'up' && !(pull === 'never' && status.node.engine === 'buildkit');
  }

  function modes(input: ScheduleInput, what: Platform): (string | undefined)[] {
    return input.nodes.map((status) => (isUsable(status, input) ? modeOf(status.node, what) : undefined));
  }

  const inputs = Array.from({ length: runs }, (_, index) => randomInput(index + 1));

  test('every platform that some node can build is assigned exactly once', () => {
    for (const input of inputs) {
      const result = schedule(input);
      const buildable = input.platforms.filter((what) =>
        modes(input, what).some((mode) => mode === 'native' || (mode === 'emulated' && input.emulate)),
      );
      expect(result.assignments.map((assignment) => assignment.platform)).toEqual(buildable);
      expect(result.unassigned.map((left) => left.platform)).toEqual(
        input.platforms.filter((what) => !buildable.includes(what)),
      );
      expect(scheduleSchema.parse(result)).toEqual(result);
    }
  });

  test('nothing is emulated if a native node is up, and no node gets a platform that it cannot build', () => {
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

  test('the order of nodes and platforms does not change the assignments', () => {
    for (const input of inputs) {
      const { assignments, leftOut } = schedule(input);
      const reversed = schedule({ ...input, nodes: [...input.nodes].reverse() });
      expect(reversed).toEqual(schedule(input));
      const other = schedule({ ...input, platforms: [...input.platforms].reverse() });
      expect([...other.assignments].reverse()).toEqual(assignments);
      expect(other.leftOut).toEqual(leftOut);
    }
  });

  test('exactly the nodes that are down or do not support an option are left out', () => {
    for (const input of inputs) {
      const names = input.nodes.filter((status) => !isUsable(status, input)).map(({ connection }) => connection);
      expect(schedule(input).leftOut.map(({ node }) => node)).toEqual(names);
    }
  });
});

test('two connections to one machine count as one machine', () => {
  const result = schedule({
    nodes: [
      up('a', 'linux/amd64', { emulated: 'linux/arm64', cpus: 8, machineId: 'm1' }),
      up('a-2', 'linux/amd64', { emulated: 'linux/arm64', cpus: 8, machineId: 'm1' }),
      up('b', 'linux/amd64', { emulated: 'linux/arm64', cpus: 8, machineId: 'm2' }),
    ],
    platforms: platforms('linux/amd64 linux/arm64'),
    emulate: true,
  });
  expect(result.assignments.map(({ node }) => node)).toEqual(['a', 'b']);
});

describe('a connection that allows only some platforms', () => {
  const nodes = [
    up('big', 'amd64', { emulated: 'arm64', cpus: 64, only: 'arm64' }),
    up('small', 'amd64', { cpus: 1 }),
    up('pi', 'arm64', { processor: { runs32Bit: true }, only: 'arm/v7' }),
  ];

  test('builds no others, and the plan says so', () => {
    expect(assignmentsOf(scheduleWith({ nodes, platforms: platforms('amd64 arm64 arm/v7') }))).toEqual([
      'linux/amd64 small only native node',
      'linux/arm64 big emulated: no node runs linux/arm64 natively; big builds only linux/arm64',
      'linux/arm/v7 pi only native node; pi builds only linux/arm/v7',
    ]);
  });

  test('adds to a build that names no platforms those that it is there for', () => {
    expect(scheduleWith({ nodes }).assignments.map(({ platform: what }) => what)).toEqual([
      'linux/amd64',
      'linux/arm/v7',
    ]);
  });

  test('is not overruled by a pin of a build', () => {
    const pins = byPlatform({ 'linux/amd64': 'big' });
    expect(assignmentsOf(scheduleWith({ nodes, platforms: platforms('amd64'), pins }))).toEqual([
      'linux/amd64 small only native node (pinned to big, which cannot build it now)',
    ]);
  });

  test('is named where no other node can build a platform', () => {
    const [big = expect.fail()] = nodes;
    const { unassigned } = scheduleWith({ nodes: [big], platforms: platforms('amd64') });
    expect(unassigned[0]?.problem).toMatchObject({
      message: 'No node can build linux/amd64: big may build only linux/arm64, as its connection says.',
      fix: 'Allow linux/amd64 in the connection of a node that can build it.',
    });
  });
});
