/** Scheduling: which node builds which platform, and why. */

import type { OptionValues } from '../../shared/build-options.ts';
import { formatTime } from '../../shared/emulation.ts';
import { formatList } from '../../shared/format.ts';
import type { Node, NodeStatus } from '../../shared/node.ts';
import { defaultPreferences } from '../../shared/node-preferences.ts';
import type { Platform } from '../../shared/platform.ts';
import type { Problem } from '../../shared/problem.ts';
import {
  type Assignment,
  type Estimate,
  type Mode,
  modeOf,
  modesOf,
  ownPlatforms,
  type Schedule,
} from '../../shared/schedule.ts';
import { wordOf } from '../../shared/words.ts';
import type { NodeLoads } from '../nodes/node-load.ts';
import { assignTasks, Machine, type Option, runOn } from './assign.ts';
import { Estimator, type JobEstimate, type ScheduleHistory, unknownTime } from './estimates.ts';
import { exclusionProblem, unsupportedOption } from './limits.ts';
import { unassignedProblem } from './unassigned.ts';

export interface ScheduleInput extends OptionValues {
  /** The platforms to build. Without it: every platform that a node runs natively. */
  readonly platforms?: readonly Platform[];
  /** The probed nodes, in any order. */
  readonly nodes: readonly NodeStatus[];
  /** Whether a node may build a platform that it can only emulate. */
  readonly emulate: boolean;
  /** The node that last built each platform and has its cache. */
  readonly lastBuiltOn?: Readonly<Record<Platform, string>>;
  /** What is known of the time that jobs take. */
  readonly history?: ScheduleHistory;
  /** What each node has to do now, by its connection. */
  readonly load?: NodeLoads;
  /** The node that the request assigns a platform to. Ignored if the node cannot build the platform. */
  readonly pins?: Readonly<Record<Platform, string>>;
  /** The same for all builds of a farm. A pin of the request comes first. */
  readonly farmPins?: Readonly<Record<Platform, string>>;
  /** Nodes that get no jobs, with the reason: paused, drained, set aside after failures. They are left out with it. */
  readonly unavailable?: Readonly<Record<string, Problem>>;
}

/**
 * Assigns each platform to one node, so that the whole list is done as early as possible. In this order:
 * 1. the pinned node: of the request, then of the farm,
 * 2. native nodes before nodes that emulate, however fast these are,
 * 3. nodes of a lower priority, as in RFC 2782,
 * 4. the nodes after which the last platform is done first. That counts what the nodes have to do, how long the job takes there
 *    ({@link Estimator}), and how many jobs share a machine. The time of a node with weight 50 counts twice, so that it gets half
 *    as many jobs as one with weight 100. A platform leaves the node that has its cache only if that is worth it.
 * 5. the node with more processors, then more free memory, then the first name.
 *
 * Nodes that are down, unavailable, excluded, or whose engine does not support an option of the build get nothing.
 *
 * A pure function. The result does not depend on the order of `nodes` and `platforms`.
 */
export function schedule(input: ScheduleInput): Schedule {
  const leftOut = new Map(
    input.nodes.flatMap((status) => {
      const problem = status.state === 'down' ? status.problem : exclusionProblem(status.node, input);
      return problem ? [[status.connection, problem] as const] : [];
    }),
  );
  const nodes = upNodes(input.nodes).filter(({ connection }) => !leftOut.has(connection));
  const platforms = input.platforms ? [...new Set(input.platforms)] : nativePlatforms(nodes);
  const planned = new Planner(input, nodes, leftOut).assign(platforms);
  const assignments = platforms.flatMap((platform) => planned.get(platform) ?? []);
  const finish = lastOf(assignments.map((assignment) => assignment.finish));
  return {
    assignments,
    unassigned: platforms
      .filter((platform) => !planned.has(platform))
      .map((platform) => ({ platform, problem: unassignedProblem(platform, input) })),
    leftOut: [...leftOut]
      .map(([node, problem]) => ({ node, problem }))
      .sort((one, other) => compareNames(one.node, other.node)),
    ...(finish ? { finish } : {}),
  };
}

/** The jobs of a node in the order in which they are put in its queue: the longest first. */
export function queueOrder<T extends Pick<Assignment, 'platform' | 'estimate'>>(assignments: readonly T[]): T[] {
  return [...assignments].sort(
    (one, other) => (other.estimate?.ms ?? 0) - (one.estimate?.ms ?? 0) || compareNames(one.platform, other.platform),
  );
}

/** A platform and the nodes that can build it: the native nodes, or if there are none, the nodes that emulate it. */
interface Choice {
  readonly platform: Platform;
  readonly mode: Mode;
  /** Those of the best priority. */
  readonly candidates: readonly Node[];
  readonly pinned?: { readonly node: Node; readonly reason: string };
}

/** A node as it is chosen for a platform. */
interface NodeOption extends Option {
  readonly node: Node;
  readonly estimate: JobEstimate;
}

class Planner {
  readonly #input: ScheduleInput;
  readonly #estimator: Estimator;
  /** By node. Nodes of the same machine share its processors and slots. */
  readonly #machines = new Map<string, PlannedMachine>();
  /** The better node of two that are equal has the lower number. */
  readonly #ranks: ReadonlyMap<string, number>;
  /** Nodes that build the same platforms, the better ones first. */
  readonly #groups: readonly NodeGroup[];
  /** Nodes that are up and left out. */
  readonly #excluded: readonly Node[];

  constructor(input: ScheduleInput, nodes: readonly Node[], leftOut: ReadonlyMap<string, Problem>) {
    this.#input = input;
    this.#excluded = upNodes(input.nodes).filter(({ connection }) => leftOut.has(connection));
    const sorted = [...nodes].sort(
      (one, other) =>
        cpusOf(other) - cpusOf(one) ||
        (other.memory?.free ?? 0) - (one.memory?.free ?? 0) ||
        compareNames(one.connection, other.connection),
    );
    this.#groups = groupNodes(sorted);
    this.#ranks = new Map(sorted.map(({ connection }, rank) => [connection, rank]));
    this.#estimator = new Estimator(input.history ?? { times: [] }, nodes, input);
    const byMachine = new Map<string, Node[]>();
    for (const node of sorted) {
      const id = machineOf(node);
      const same = byMachine.get(id);
      if (!same) {
        byMachine.set(id, [node]);
      } else {
        same.push(node);
      }
    }
    for (const same of byMachine.values()) {
      const machine = planMachine(same, input.load);
      for (const { connection } of same) {
        this.#machines.set(connection, machine);
      }
    }
  }

  assign(platforms: readonly Platform[]): Map<Platform, Assignment> {
    const choices = platforms
      .map((platform) => this.#choiceFor(platform))
      .filter(({ candidates, pinned }) => pinned || candidates.length > 0)
      .map((choice) => ({ choice, options: this.#optionsOf(choice) }));
    const tasks = choices.map(({ choice: { platform }, options }) => {
      const last = this.#input.lastBuiltOn?.[platform];
      return { id: platform, options, usual: options.find(({ node }) => node.connection === last) };
    });
    const chosen = assignTasks(tasks);
    const jobs = choices.flatMap(({ choice }, position) => {
      const option = chosen[position];
      return option ? [{ choice, option }] : [];
    });
    return new Map(this.#withTimes(jobs).map((assignment) => [assignment.platform, assignment]));
  }

  /** The assignments with the times at which their jobs start and end on their machines. */
  #withTimes(jobs: readonly { readonly choice: Choice; readonly option: NodeOption }[]): Assignment[] {
    const byMachine = new Map<PlannedMachine, { choice: Choice; option: NodeOption }[]>();
    for (const job of jobs) {
      const machine = this.#machineOf(job.option.node);
      const same = byMachine.get(machine);
      if (!same) {
        byMachine.set(machine, [job]);
      } else {
        same.push(job);
      }
    }
    return [...byMachine].flatMap(([machine, all]) => {
      const sorted = all.sort(
        (one, other) => other.option.ms - one.option.ms || compareNames(one.choice.platform, other.choice.platform),
      );
      const slotted = runOn(
        machine,
        sorted.map(({ option }) => option.ms),
      );
      return sorted.map(({ choice, option }, position) => {
        const { platform } = choice;
        const { node, estimate } = option;
        const { startMs, endMs } = slotted[position] ?? { startMs: 0, endMs: option.ms };
        const mode = modeOf(node, platform) ?? choice.mode;
        const reason = this.#reason(choice, option, all.length > 1);
        return { platform, node: node.connection, mode, reason, ...timesOf(estimate, { startMs, endMs }, machine) };
      });
    });
  }

  #optionsOf({ platform, mode, candidates, pinned }: Choice): NodeOption[] {
    const nodes = pinned ? [pinned.node] : candidates;
    return nodes.map((node) => {
      const machine = this.#machineOf(node);
      const own = pinned ? (modeOf(node, platform) ?? mode) : mode;
      const estimate = this.#estimator.estimate(platform, node, own, machine.running);
      const rank = this.#ranks.get(node.connection) ?? 0;
      return { node, machine, estimate, ms: estimate.ms, penalty: defaultPreferences.weight / weightOf(node), rank };
    });
  }

  #choiceFor(platform: Platform): Choice {
    const capable = (mode: Mode): Node[] => this.#capable(platform, mode);
    const native = capable('native');
    const emulating = this.#input.emulate && (native.length === 0 || this.#hasPin(platform)) ? capable('emulated') : [];
    const pinned = this.#pinOf(platform, [...native, ...emulating]);
    return {
      platform,
      ...(native.length > 0
        ? { mode: 'native', candidates: preferred(native) }
        : { mode: 'emulated', candidates: preferred(emulating) }),
      ...(pinned ? { pinned } : {}),
    };
  }

  #hasPin(platform: Platform): boolean {
    return (this.#input.pins?.[platform] ?? this.#input.farmPins?.[platform]) !== undefined;
  }

  #pinOf(platform: Platform, capable: readonly Node[]): Choice['pinned'] {
    const find = (name: string | undefined): Node | undefined => capable.find(({ connection }) => connection === name);
    const own = find(this.#input.pins?.[platform]);
    if (own) {
      return { node: own, reason: wordOf('pinned') };
    }
    const ofFarm = find(this.#input.farmPins?.[platform]);
    return ofFarm && { node: ofFarm, reason: 'pinned by the farm' };
  }

  #capable(platform: Platform, mode: Mode): Node[] {
    return this.#groups.flatMap(({ modes, nodes }) => (modes.get(platform) === mode ? nodes : []));
  }

  /** @param isShared other platforms of the build are on the same machine */
  #reason(choice: Choice, { node, estimate }: NodeOption, isShared: boolean): string {
    const { platform, mode, pinned } = choice;
    const usual = estimate.usualMs === undefined ? '' : `, usually ${formatTime(estimate.usualMs)} here`;
    if (pinned) {
      const own = modeOf(node, platform) ?? mode;
      return `${own}, ${pinned.reason}${allowedReason(node)}`;
    }
    const why = mode === 'native' ? this.#nativeReason(choice, node, isShared) : this.#emulatedReason(platform);
    return why + usual + allowedReason(node) + this.#ignoredPin(platform);
  }

  #nativeReason({ platform, candidates }: Choice, node: Node, isShared: boolean): string {
    const option = this.#limitOfOthers(platform);
    if (this.#capable(platform, 'native').length === 1) {
      return option === undefined ? 'only native node' : `only native node that supports ${option}`;
    }
    if (candidates.length === 1) {
      return 'native, preferred by its priority';
    }
    if (this.#input.lastBuiltOn?.[platform] === node.connection) {
      return 'native, built here last time';
    }
    const { jobs } = this.#machineOf(node);
    if (jobs === 0) {
      return 'native, idle';
    }
    const others = candidates.filter((other) => this.#machineOf(other) !== this.#machineOf(node));
    return !isShared && others.every((other) => this.#machineOf(other).jobs >= jobs)
      ? 'native, least busy'
      : 'native, done first';
  }

  #emulatedReason(platform: Platform): string {
    const option = this.#limitOfOthers(platform);
    return `emulated: no node${option === undefined ? '' : ` that supports ${option}`} runs ${platform} natively`;
  }

  /** The option for which native nodes of a platform are left out, if any are. */
  #limitOfOthers(platform: Platform): string | undefined {
    return this.#excluded
      .filter((node) => modeOf(node, platform) === 'native')
      .map((node) => unsupportedOption(node, this.#input))
      .find((option) => option !== undefined);
  }

  #ignoredPin(platform: Platform): string {
    const pin = this.#input.pins?.[platform] ?? this.#input.farmPins?.[platform];
    return pin === undefined ? '' : ` (pinned to ${pin}, which cannot build it now)`;
  }

  #machineOf({ connection }: Node): PlannedMachine {
    const machine = this.#machines.get(connection);
    if (!machine) {
      throw new Error(`${connection} has no machine`);
    }
    return machine;
  }
}

class PlannedMachine extends Machine {
  /** Whether it is known how long its jobs will take. */
  readonly isKnown: boolean;

  constructor(machine: ConstructorParameters<typeof Machine>[0], isKnown: boolean) {
    super(machine);
    this.isKnown = isKnown;
  }

  /** How many of its jobs run now. */
  get running(): number {
    return Math.min(this.freeAtMs.length, this.jobs);
  }
}

/** Nodes of the same kind, which build the same platforms. */
interface NodeGroup {
  readonly modes: ReadonlyMap<Platform, Mode>;
  readonly nodes: Node[];
}

function groupNodes(nodes: readonly Node[]): NodeGroup[] {
  const groups = new Map<string, NodeGroup>();
  for (const node of nodes) {
    const { platform, processor, emulated, allowedPlatforms, preferences } = node;
    const key = `${platform} ${processor?.variant} ${processor?.runs32Bit} ${emulated} ${allowedPlatforms} ${preferences?.emulation}`;
    const group = groups.get(key);
    if (!group) {
      groups.set(key, { modes: modesOf(node), nodes: [node] });
    } else {
      group.nodes.push(node);
    }
  }
  return [...groups.values()];
}

/** Until there is an answer, a node has as many slots as the settings have by default. */
const usualSlots = 2;

/** The slots of a machine with its jobs in them, in the order in which they run. */
function planMachine(nodes: readonly Node[], loads: NodeLoads = {}): PlannedMachine {
  const [first] = nodes;
  // each connection to a machine has the load of the whole machine
  const load = nodes
    .flatMap(({ connection }) => loads[connection] ?? [])
    .reduce<NodeLoads[string] | undefined>(
      (most, each) => (most && most.jobs.length >= each.jobs.length ? most : each),
      undefined,
    );
  const jobs = load?.jobs ?? [];
  const slots = Math.max(1, load?.slots ?? first?.preferences?.slots ?? usualSlots);
  const freeAtMs: number[] = new Array(slots).fill(0);
  const unknownMs = first ? unknownTime(first) : 0;
  for (const { remainingMs = unknownMs } of jobs) {
    const slot = freeAtMs.indexOf(Math.min(...freeAtMs));
    freeAtMs[slot] = (freeAtMs[slot] ?? 0) + Math.max(0, remainingMs);
  }
  const isKnown = jobs.every(({ remainingMs }) => remainingMs !== undefined);
  return new PlannedMachine({ cpus: first?.cpus, freeAtMs, jobs: jobs.length }, isKnown);
}

/** The times of a job that are known well enough to be shown. */
function timesOf(
  { ms, low, high, basis }: JobEstimate,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  { isKnown, jobs }: PlannedMachine,
): Pick<Assignment, 'estimate' | 'finish'> {
  if (basis === 'nothing') {
    return {};
  }
  const factor = (endMs - startMs) / ms;
  const estimate = { ms: endMs - startMs, low: low * factor, high: high * factor };
  if (!isKnown && jobs > 0) {
    return { estimate: rounded(estimate) };
  }
  const finish = {
    ms: endMs,
    low: startMs * waitSpread.low + estimate.low,
    high: startMs * waitSpread.high + estimate.high,
  };
  return { estimate: rounded(estimate), finish: rounded(finish) };
}

/** How much shorter or longer than estimated it takes until a slot is free. */
const waitSpread = { low: 0.7, high: 1.5 };

function rounded({ ms, low, high }: Estimate): Estimate {
  return { ms: Math.round(ms), low: Math.floor(low), high: Math.ceil(high) };
}

/** When the last of several jobs is done. Unknown if it is of one of them. */
function lastOf(finishes: readonly (Estimate | undefined)[]): Estimate | undefined {
  let last: Estimate | undefined;
  for (const finish of finishes) {
    if (!finish) {
      return undefined;
    }
    last = {
      ms: Math.max(last?.ms ?? 0, finish.ms),
      low: Math.max(last?.low ?? 0, finish.low),
      high: Math.max(last?.high ?? 0, finish.high),
    };
  }
  return last;
}

/** The nodes of the lowest priority. Those of weight 0 only if there is no other (RFC 2782). */
function preferred(nodes: readonly Node[]): readonly Node[] {
  const priorityOf = ({ preferences }: Node): number => preferences?.priority ?? defaultPreferences.priority;
  let first = Number.POSITIVE_INFINITY;
  for (const node of nodes) {
    first = Math.min(first, priorityOf(node));
  }
  const best = nodes.filter((node) => priorityOf(node) === first);
  const weighted = best.filter(({ preferences }) => preferences?.weight !== 0);
  return weighted.length > 0 ? weighted : best;
}

function weightOf({ preferences }: Node): number {
  // nodes of weight 0 are only compared with each other
  return preferences?.weight || defaultPreferences.weight;
}

/** At least 1, also if an engine reports 0 or its processors are not known. */
function cpusOf({ cpus = 1 }: Node): number {
  return Math.max(1, cpus);
}

/** Identifies the machine of a node; one that is unknown is taken for a machine of its own. */
function machineOf({ machineId, connection }: Node): string {
  return machineId === undefined ? `connection ${connection}` : `machine ${machineId}`;
}

/** Its connection limits what is built there, which decides over all else. */
function allowedReason({ connection, allowedPlatforms }: Node): string {
  return allowedPlatforms ? `; ${connection} builds only ${formatList(allowedPlatforms)}` : '';
}

function upNodes(statuses: readonly NodeStatus[]): Node[] {
  return statuses.flatMap((status) => (status.state === 'up' ? [status.node] : []));
}

function nativePlatforms(nodes: readonly Node[]): Platform[] {
  return [...new Set(nodes.flatMap(ownPlatforms))].sort(compareNames);
}

/** Compares by code units, so that the order does not depend on the locale. */
function compareNames(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
