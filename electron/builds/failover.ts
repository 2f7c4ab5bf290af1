import type { BuildRequest, Job } from '../../shared/build.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { Failure, type Problem } from '../../shared/problem.ts';
import type { Assignment } from '../../shared/schedule.ts';
import { schedule } from '../scheduling/schedule.ts';

/** What decides which nodes may build. */
type FailoverRequest = Pick<BuildRequest, 'emulate' | 'pull' | 'retention'>;

/** What tells the jobs of a build that they cannot use a node any more. */
interface NodeSignals {
  /** Aborted when the node was lost, with the reason. */
  readonly lost: AbortController;
  /** Aborted when the connection of the node was changed or removed, with the reason. */
  readonly withdrawn: AbortController;
}

/** Moves jobs of a build from lost nodes to others. A node that was lost gets no more jobs of the build. */
export class Failover {
  readonly #nodes: readonly NodeStatus[];
  readonly #request: FailoverRequest;
  /** By node. */
  readonly #signals = new Map<string, NodeSignals>();

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
   * Records that the node of a job is lost and assigns its platform to another node.
   * @param load how many jobs each node has, by its connection. @returns undefined if no other node can build the
   *   platform.
   */
  reassign(lost: Job, problem: Problem, load: Readonly<Record<string, number>>): Assignment | undefined {
    this.#signalsOf(lost.node).lost.abort(new Failure(problem));
    const nodes = this.#nodes.filter(({ connection }) => !this.lossOf(connection).aborted);
    const { emulate, pull, retention } = this.#request;
    return schedule({ platforms: [lost.platform], nodes, emulate, pull, retention, load }).assignments[0];
  }

  #signalsOf(node: string): NodeSignals {
    const signals = this.#signals.get(node) ?? { lost: new AbortController(), withdrawn: new AbortController() };
    this.#signals.set(node, signals);
    return signals;
  }
}

/** Whether a job failed because its node was lost, not because of the build: another node may succeed. */
export function isNodeLoss(error: unknown): error is Failure {
  return error instanceof Failure && nodeLossCodes.has(error.problem.code);
}

const nodeLossCodes = new Set<string>([
  'connection.changed',
  'ssh.lost',
  'ssh.unreachable',
  'ssh.timeout',
  'ssh.channel',
  'engine.unreachable',
  'engine.no-socket',
]);
