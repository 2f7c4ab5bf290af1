import { type Assignment, type Mode, modeOf, type Schedule } from '../../shared/farm.ts';
import type { Node, NodeStatus } from '../../shared/node.ts';
import type { Platform } from '../../shared/platform.ts';
import { unassignedProblem } from './unassigned.ts';

/** A job keeps about this many processors busy; a node with more jobs than its processors can feed is overloaded. */
const cpusPerJob = 2;

export interface ScheduleInput {
  /** What to build; without it, every platform that a node runs natively. */
  readonly platforms?: readonly Platform[];
  /** What a probe of the connections found, in any order. */
  readonly nodes: readonly NodeStatus[];
  /** May a node build a platform that it can only emulate? */
  readonly emulate: boolean;
  /** For each platform the node that built it last: its cache is there. */
  readonly lastBuiltOn?: Readonly<Record<Platform, string>>;
  /** How many jobs each node has now, by its connection. */
  readonly load?: Readonly<Record<string, number>>;
  /** Where a person wants a platform to be built. Followed wherever that node can build it at all. */
  readonly pins?: Readonly<Record<Platform, string>>;
}

/**
 * Gives each platform to one node: to the pinned one; else to one that runs it natively before one that emulates it; else to the
 * one that built it last, unless that is overloaded and another is idle; else to the one with the fewest jobs for
 * its processors; else to the one with more processors, then more free memory. Pure, and independent of the order of `nodes`.
 */
export function schedule(input: ScheduleInput): Schedule {
  const nodes = upNodes(input.nodes);
  const platforms = input.platforms ? [...new Set(input.platforms)] : nativePlatforms(nodes);
  const plan = new Plan(input, nodes);
  const assigned = new Map<Platform, Assignment>();
  for (const wish of plan.scarcestFirst(platforms)) {
    const assignment = plan.assign(wish);
    if (assignment) {
      assigned.set(wish.platform, assignment);
    }
  }
  return {
    assignments: platforms.flatMap((platform) => assigned.get(platform) ?? []),
    unassigned: platforms
      .filter((platform) => !assigned.has(platform))
      .map((platform) => ({ platform, problem: unassignedProblem(platform, input.nodes, input.emulate) })),
    leftOut: input.nodes
      .flatMap((status) => (status.state === 'down' ? [{ node: status.connection, problem: status.problem }] : []))
      .sort((one, other) => compareNames(one.node, other.node)),
  };
}

/** A platform and the nodes that could build it: natively where any can, and one that a person has pinned. */
interface Wish {
  readonly platform: Platform;
  readonly mode: Mode;
  readonly candidates: readonly Node[];
  readonly pinned?: Node;
}

class Plan {
  readonly #input: ScheduleInput;
  readonly #nodes: readonly Node[];
  readonly #jobs: Map<string, number>;

  constructor(input: ScheduleInput, nodes: readonly Node[]) {
    this.#input = input;
    this.#nodes = nodes;
    this.#jobs = new Map(nodes.map(({ connection }) => [connection, input.load?.[connection] ?? 0]));
  }

  /**
   * Platforms with the least choice come first, so that a node which is the only one for a platform is not filled by others;
   * a pin leaves no choice.
   */
  scarcestFirst(platforms: readonly Platform[]): Wish[] {
    const choice = ({ pinned, candidates }: Wish): number => (pinned ? 0 : candidates.length);
    return platforms
      .map((platform) => this.#wish(platform))
      .sort(
        (one, other) =>
          choice(one) - choice(other) ||
          Number(one.mode === 'emulated') - Number(other.mode === 'emulated') ||
          compareNames(one.platform, other.platform),
      );
  }

  assign({ platform, mode, candidates, pinned }: Wish): Assignment | undefined {
    const chosen = pinned ?? this.#choose(platform, candidates);
    if (!chosen) {
      return undefined;
    }
    const assignment = pinned
      ? this.#pinned(platform, pinned)
      : {
          platform,
          node: chosen.connection,
          mode,
          reason:
            (mode === 'native' ? this.#whyNative(platform, chosen, candidates) : whyEmulated(platform)) +
            this.#whyNotPinned(platform),
        };
    this.#jobs.set(chosen.connection, this.#jobsOf(chosen) + 1);
    return assignment;
  }

  #wish(platform: Platform): Wish {
    const able = (mode: Mode): Node[] => this.#nodes.filter((node) => modeOf(node, platform) === mode);
    const native = able('native');
    const emulating = this.#input.emulate ? able('emulated') : [];
    const pin = this.#input.pins?.[platform];
    const pinned = [...native, ...emulating].find(({ connection }) => connection === pin);
    return {
      platform,
      ...(native.length > 0 ? { mode: 'native', candidates: native } : { mode: 'emulated', candidates: emulating }),
      ...(pinned ? { pinned } : {}),
    };
  }

  #choose(platform: Platform, candidates: readonly Node[]): Node | undefined {
    const last = candidates.find(({ connection }) => connection === this.#input.lastBuiltOn?.[platform]);
    if (last && !(this.#wouldOverload(last) && candidates.some((node) => this.#isIdle(node)))) {
      return last;
    }
    const [best] = [...candidates].sort(
      (one, other) =>
        this.#relativeLoad(one) - this.#relativeLoad(other) ||
        other.cpus - one.cpus ||
        other.memory.free - one.memory.free ||
        compareNames(one.connection, other.connection),
    );
    return best;
  }

  #pinned(platform: Platform, node: Node): Assignment {
    const mode = modeOf(node, platform) ?? 'emulated';
    return { platform, node: node.connection, mode, reason: `${mode}, pinned` };
  }

  #whyNative(platform: Platform, node: Node, candidates: readonly Node[]): string {
    if (candidates.length === 1) {
      return 'native, only node';
    }
    if (this.#input.lastBuiltOn?.[platform] === node.connection) {
      return 'native, built here last time';
    }
    return this.#isIdle(node) ? 'native, idle' : 'native, least busy';
  }

  #whyNotPinned(platform: Platform): string {
    const pin = this.#input.pins?.[platform];
    return pin === undefined ? '' : ` (${pin}, where it is pinned, cannot build it now)`;
  }

  #jobsOf(node: Node): number {
    return this.#jobs.get(node.connection) ?? 0;
  }

  #isIdle(node: Node): boolean {
    return this.#jobsOf(node) === 0;
  }

  #wouldOverload(node: Node): boolean {
    return !this.#isIdle(node) && (this.#jobsOf(node) + 1) * cpusPerJob > node.cpus;
  }

  #relativeLoad(node: Node): number {
    // an engine that does not know its processors has at least one
    return this.#jobsOf(node) / Math.max(1, node.cpus);
  }
}

function whyEmulated(platform: Platform): string {
  return `emulated: no node runs ${platform} natively`;
}

function upNodes(statuses: readonly NodeStatus[]): Node[] {
  return statuses.flatMap((status) => (status.state === 'up' ? [status.node] : []));
}

function nativePlatforms(nodes: readonly Node[]): Platform[] {
  return [...new Set(nodes.map(({ platform }) => platform))].sort(compareNames);
}

/** The same order on every computer, whatever its language. */
function compareNames(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
