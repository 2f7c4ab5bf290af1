/** Scheduling: which node builds which platform, and why. */

import type { OptionValues } from '../../shared/build-options.ts';
import { formatList } from '../../shared/format.ts';
import type { Node, NodeStatus } from '../../shared/node.ts';
import type { Platform } from '../../shared/platform.ts';
import { type Assignment, type Mode, modeOf, ownPlatforms, type Schedule } from '../../shared/schedule.ts';
import { limitProblem, unsupportedOption } from './limits.ts';
import { unassignedProblem } from './unassigned.ts';

/** How many processors a job keeps busy. A node whose jobs need more processors than it has is overloaded. */
const cpusPerJob = 2;

export interface ScheduleInput extends OptionValues {
  /** The platforms to build. Without it: every platform that a node runs natively. */
  readonly platforms?: readonly Platform[];
  /** The probed nodes, in any order. */
  readonly nodes: readonly NodeStatus[];
  /** Whether a node may build a platform that it can only emulate. */
  readonly emulate: boolean;
  /** The node that last built each platform and has its cache. */
  readonly lastBuiltOn?: Readonly<Record<Platform, string>>;
  /** How many jobs each node has now, by its connection. */
  readonly load?: Readonly<Record<string, number>>;
  /** The node that the user assigned a platform to. Ignored if the node cannot build the platform. */
  readonly pins?: Readonly<Record<Platform, string>>;
}

/**
 * Assigns each platform to one node. The order of preference is:
 * 1. the pinned node,
 * 2. native nodes before nodes that emulate,
 * 3. the node that built the platform last, unless it would be overloaded and another is idle,
 * 4. the node with the fewest jobs per processor,
 * 5. the node with more processors, then more free memory, then the first name.
 *
 * Nodes whose engine does not support an option of the build are left out, like nodes that are down.
 *
 * A pure function. The result does not depend on the order of `nodes`.
 */
export function schedule(input: ScheduleInput): Schedule {
  const nodes = upNodes(input.nodes).filter((node) => !limitProblem(node, input));
  const platforms = input.platforms ? [...new Set(input.platforms)] : nativePlatforms(nodes);
  const planner = new Planner(input, nodes);
  const assigned = new Map<Platform, Assignment>();
  for (const choice of planner.scarcestFirst(platforms)) {
    const assignment = planner.assign(choice);
    if (assignment) {
      assigned.set(choice.platform, assignment);
    }
  }
  return {
    assignments: platforms.flatMap((platform) => assigned.get(platform) ?? []),
    unassigned: platforms
      .filter((platform) => !assigned.has(platform))
      .map((platform) => ({ platform, problem: unassignedProblem(platform, input) })),
    leftOut: input.nodes
      .flatMap((status) => {
        const problem = status.state === 'down' ? status.problem : limitProblem(status.node, input);
        return problem ? [{ node: status.connection, problem }] : [];
      })
      .sort((one, other) => compareNames(one.node, other.node)),
  };
}

/** A platform and the nodes that can build it: the native nodes, or if there are none, the nodes that emulate it. */
interface Choice {
  readonly platform: Platform;
  readonly mode: Mode;
  readonly candidates: readonly Node[];
  readonly pinned?: Node;
}

class Planner {
  readonly #input: ScheduleInput;
  readonly #nodes: readonly Node[];
  /** By machine: nodes of the same machine share its processors and slots. */
  readonly #jobs = new Map<string, number>();

  constructor(input: ScheduleInput, nodes: readonly Node[]) {
    this.#input = input;
    this.#nodes = nodes;
    for (const node of nodes) {
      // each connection to a machine has the load of the whole machine
      this.#jobs.set(machineOf(node), Math.max(this.#jobsOf(node), input.load?.[node.connection] ?? 0));
    }
  }

  /**
   * Sorts platforms by how many nodes can build them. Platforms with few candidates are assigned first, so that their
   * nodes are not already busy with others. A pinned platform has no choice and comes first.
   */
  scarcestFirst(platforms: readonly Platform[]): Choice[] {
    const count = ({ pinned, candidates }: Choice): number => (pinned ? 0 : candidates.length);
    return platforms
      .map((platform) => this.#choiceFor(platform))
      .sort(
        (one, other) =>
          count(one) - count(other) ||
          Number(one.mode === 'emulated') - Number(other.mode === 'emulated') ||
          compareNames(one.platform, other.platform),
      );
  }

  assign({ platform, mode, candidates, pinned }: Choice): Assignment | undefined {
    const chosen = pinned ?? this.#best(platform, candidates);
    if (!chosen) {
      return undefined;
    }
    const assignment = pinned
      ? this.#pinnedAssignment(platform, pinned)
      : {
          platform,
          node: chosen.connection,
          mode,
          reason:
            (mode === 'native' ? this.#nativeReason(platform, chosen, candidates) : this.#emulatedReason(platform)) +
            allowedReason(chosen) +
            this.#ignoredPin(platform),
        };
    this.#jobs.set(machineOf(chosen), this.#jobsOf(chosen) + 1);
    return assignment;
  }

  #choiceFor(platform: Platform): Choice {
    const capable = (mode: Mode): Node[] => this.#nodes.filter((node) => modeOf(node, platform) === mode);
    const native = capable('native');
    const emulating = this.#input.emulate ? capable('emulated') : [];
    const pin = this.#input.pins?.[platform];
    const pinned = [...native, ...emulating].find(({ connection }) => connection === pin);
    return {
      platform,
      ...(native.length > 0 ? { mode: 'native', candidates: native } : { mode: 'emulated', candidates: emulating }),
      ...(pinned ? { pinned } : {}),
    };
  }

  #best(platform: Platform, candidates: readonly Node[]): Node | undefined {
    const last = candidates.find(({ connection }) => connection === this.#input.lastBuiltOn?.[platform]);
    if (last && !(this.#wouldOverload(last) && candidates.some((node) => this.#isIdle(node)))) {
      return last;
    }
    const [best] = [...candidates].sort(
      (one, other) =>
        this.#relativeLoad(one) - this.#relativeLoad(other) ||
        cpusOf(other) - cpusOf(one) ||
        (other.memory?.free ?? 0) - (one.memory?.free ?? 0) ||
        compareNames(one.connection, other.connection),
    );
    return best;
  }

  #pinnedAssignment(platform: Platform, node: Node): Assignment {
    const mode = modeOf(node, platform) ?? 'emulated';
    return { platform, node: node.connection, mode, reason: `${mode}, pinned${allowedReason(node)}` };
  }

  #nativeReason(platform: Platform, node: Node, candidates: readonly Node[]): string {
    if (candidates.length === 1) {
      const option = this.#limitOfOthers(platform);
      return option === undefined ? 'only native node' : `only native node that supports ${option}`;
    }
    if (this.#input.lastBuiltOn?.[platform] === node.connection) {
      return 'native, built here last time';
    }
    return this.#isIdle(node) ? 'native, idle' : 'native, least busy';
  }

  #emulatedReason(platform: Platform): string {
    const option = this.#limitOfOthers(platform);
    return `emulated: no node${option === undefined ? '' : ` that supports ${option}`} runs ${platform} natively`;
  }

  /** The option for which native nodes of a platform are left out, if any are. */
  #limitOfOthers(platform: Platform): string | undefined {
    return upNodes(this.#input.nodes)
      .filter((node) => modeOf(node, platform) === 'native')
      .map((node) => unsupportedOption(node, this.#input))
      .find((option) => option !== undefined);
  }

  #ignoredPin(platform: Platform): string {
    const pin = this.#input.pins?.[platform];
    return pin === undefined ? '' : ` (pinned to ${pin}, which cannot build it now)`;
  }

  #jobsOf(node: Node): number {
    return this.#jobs.get(machineOf(node)) ?? 0;
  }

  #isIdle(node: Node): boolean {
    return this.#jobsOf(node) === 0;
  }

  #wouldOverload(node: Node): boolean {
    return !this.#isIdle(node) && (this.#jobsOf(node) + 1) * cpusPerJob > cpusOf(node);
  }

  #relativeLoad(node: Node): number {
    return this.#jobsOf(node) / cpusOf(node);
  }
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
