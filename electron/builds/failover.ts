import type { BuildRequest, Job } from '../../shared/build.ts';
import { type OptionValues, optionsOf } from '../../shared/build-options.ts';
import type { NodeStatus } from '../../shared/node.ts';
import type { Platform } from '../../shared/platform.ts';
import { Failure, type Problem } from '../../shared/problem.ts';
import type { Assignment } from '../../shared/schedule.ts';
import { schedule } from '../scheduling/schedule.ts';

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
  /** By node. */
  readonly #signals = new Map<string, NodeSignals>();
  /** The nodes that failed, by platform. */
  readonly #failed = new Map<Platform, Set<string>>();

  /** @param nodes those of the build. */
  constructor(nodes: readonly NodeStatus[], request: FailoverRequest) {
    this.#nodes = nodes;
    this.#request = request;
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
   * Records that the node of a job is lost or has failed, and assigns its platform to another node.
   * @param load how many jobs each node has, by its connection. @returns undefined if no other node can build the
   *   platform.
   */
  reassign(lost: Job, problem: Problem, load: Readonly<Record<string, number>>): Assignment | undefined {
    const failed = this.#failed.get(lost.platform) ?? new Set();
    this.#failed.set(lost.platform, failed.add(lost.node));
    if (lossCodes.has(problem.code)) {
      this.#signalsOf(lost.node).lost.abort(new Failure(problem));
    }
    const nodes = this.#nodes.filter(({ connection }) => !this.lossOf(connection).aborted && !failed.has(connection));
    const { emulate } = this.#request;
    return schedule({ ...optionsOf(this.#request), platforms: [lost.platform], nodes, emulate, load }).assignments[0];
  }

  #signalsOf(node: string): NodeSignals {
    const signals = this.#signals.get(node) ?? { lost: new AbortController(), withdrawn: new AbortController() };
    this.#signals.set(node, signals);
    return signals;
  }
}

/** Whether a job failed because of its node, not because of the build: another node may succeed. */
export function isNodeFailure(error: unknown): error is Failure {
  if (!(error instanceof Failure)) {
    return false;
  }
  const { code, actions } = error.problem;
  const isNodeFull = code === 'disk.full' && actions?.some(({ id }) => id === 'free-disk');
  return lossCodes.has(code) || code === 'engine.runtime' || isNodeFull === true;
}

/** The node was lost: it can build nothing more. */
const lossCodes = new Set<string>([
  'connection.changed',
  'connection.removed',
  'ssh.lost',
  'ssh.unreachable',
  'ssh.timeout',
  'ssh.channel',
  'tcp.lost',
  'tcp.unreachable',
  'tcp.timeout',
  'container.missing',
  'container.exec',
  'pod.exec',
  'engine.unreachable',
  'engine.no-socket',
]);
