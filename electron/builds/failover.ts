import type { BuildRequest, Job } from '../../shared/build.ts';
import { type OptionValues, optionsOf } from '../../shared/build-options.ts';
import type { NodeStatus } from '../../shared/node.ts';
import type { Platform } from '../../shared/platform.ts';
import { Failure, type ProblemCode } from '../../shared/problem.ts';
import type { Assignment } from '../../shared/schedule.ts';
import type { NodeLoads } from '../nodes/node-load.ts';
import type { Unavailable } from '../nodes/unavailable.ts';
import { scheduleAround } from '../scheduling/withheld-nodes.ts';
import { type FailedAttempt, type FailureRow, failureRow } from './failure-class.ts';
import type { KnownOfNodes } from './prepare-build.ts';

/** How often a job moves because of failures. */
const maxMoves = 8;

/** What decides which nodes may build. */
type FailoverRequest = OptionValues & Pick<BuildRequest, 'emulate'>;

/** What tells the jobs of a build that they cannot use a node any more. */
interface NodeSignals {
  /** Aborted when the node was lost, with the reason. */
  readonly lost: AbortController;
  /** Aborted when the connection of the node was changed or removed, with the reason. */
  readonly withdrawn: AbortController;
}

/**
 * Moves jobs of a build to other nodes, from nodes that were lost or cannot build them. A node that was lost gets no more jobs of
 * the build, and a node that failed no more jobs of that platform.
 */
export class Failover {
  readonly #nodes: readonly NodeStatus[];
  readonly #request: FailoverRequest;
  readonly #known: KnownOfNodes;
  /** By node. */
  readonly #signals = new Map<string, NodeSignals>();
  /** The nodes that failed and how, by platform. */
  readonly #failed = new Map<Platform, Map<string, ProblemCode>>();

  /** @param nodes those of the build. */
  constructor(nodes: readonly NodeStatus[], request: FailoverRequest, known: KnownOfNodes = {}) {
    this.#nodes = nodes;
    this.#request = request;
    this.#known = known;
  }

  /** Aborts when a job has found that the node was lost, with the reason. */
  lossOf(node: string): AbortSignal {
    return this.#signalsOf(node).lost.signal;
  }

  /** Aborts when the connection of the node was changed or removed, with the reason: jobs that run on it have to end. */
  withdrawalOf(node: string): AbortSignal {
    return this.#signalsOf(node).withdrawn.signal;
  }

  /** Ends all jobs on a node whose connection was changed or removed. The build does not use it any more. */
  withdraw(node: string, reason: Failure): void {
    const { lost, withdrawn } = this.#signalsOf(node);
    lost.abort(reason);
    withdrawn.abort(reason);
  }

  /**
   * Records that a job has failed on its node.
   * @returns what the failure says about the node. Undefined if the job is not built elsewhere.
   */
  record({ platform, node, lost }: Pick<Job, 'platform' | 'node' | 'lost'>, attempt: FailedAttempt) {
    if (!(attempt.error instanceof Failure)) {
      return undefined;
    }
    const { code } = attempt.error.problem;
    const failed = this.#failed.get(platform) ?? new Map<string, ProblemCode>();
    this.#failed.set(platform, failed.set(node, code));
    const row = failureRow(attempt, this.#request.retryElsewhere);
    if (!row) {
      return undefined;
    }
    if (row.kind === 'lost') {
      this.#signalsOf(node).lost.abort(attempt.error);
    }
    return lost.length < maxMoves && !isOfBuild(row, code, failed) ? row : undefined;
  }

  /**
   * Assigns the platform of a job whose failure was recorded to another node.
   * @returns undefined if no other node can build the platform
   */
  reassign(
    { platform }: Pick<Job, 'platform'>,
    load: NodeLoads,
    unavailable: Unavailable = {},
  ): Assignment | undefined {
    const { emulate } = this.#request;
    const nodes = this.usable(platform);
    const input = { ...optionsOf(this.#request), ...this.#known, platforms: [platform], nodes, emulate, load };
    return scheduleAround(input, unavailable).assignments[0];
  }

  /** The nodes that may get a platform: they were not lost, and did not fail to build it. */
  usable(platform: Platform): NodeStatus[] {
    const failed = this.#failed.get(platform);
    return this.#nodes.filter(({ connection }) => !this.lossOf(connection).aborted && !failed?.has(connection));
  }

  /** Gives a node that was lost, or could not build a platform, another chance. Not one whose connection was changed or removed. */
  renew(node: string, platform: Platform): void {
    this.#failed.get(platform)?.delete(node);
    if (!this.#signalsOf(node).withdrawn.signal.aborted) {
      this.#signals.delete(node);
    }
  }

  #signalsOf(node: string): NodeSignals {
    const signals = this.#signals.get(node) ?? { lost: new AbortController(), withdrawn: new AbortController() };
    this.#signals.set(node, signals);
    return signals;
  }
}

/** Whether so many nodes have failed in the same way that it is not their failure. */
function isOfBuild({ nodes }: FailureRow, code: ProblemCode, failed: ReadonlyMap<string, ProblemCode>): boolean {
  return nodes !== undefined && [...failed.values()].filter((each) => each === code).length >= nodes;
}
