import type { Job } from '../../shared/build.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { Failure, type Problem } from '../../shared/problem.ts';
import type { Assignment } from '../../shared/schedule.ts';
import { schedule } from '../scheduling/schedule.ts';

/** Moves jobs of a build from lost nodes to others. A node that was lost gets no more jobs of the build. */
export class Failover {
  readonly #nodes: readonly NodeStatus[];
  readonly #emulate: boolean;
  /** The nodes that were lost, with the reason. */
  readonly #lost = new Map<string, Problem>();

  /** @param nodes those of the build. @param emulate whether a node may emulate a platform. */
  constructor(nodes: readonly NodeStatus[], emulate: boolean) {
    this.#nodes = nodes;
    this.#emulate = emulate;
  }

  /** @throws Failure with the reason why the node was lost */
  assertNotLost(node: string): void {
    const problem = this.#lost.get(node);
    if (problem) {
      throw new Failure(problem);
    }
  }

  /**
   * Records that the node of a job is lost and assigns its platform to another node.
   * @param jobs all jobs of the build, which are the load of the nodes. @returns undefined if no other node can build
   * the platform.
   */
  reassign(lost: Job, problem: Problem, jobs: readonly Job[]): Assignment | undefined {
    this.#lost.set(lost.node, problem);
    const nodes = this.#nodes.filter(({ connection }) => !this.#lost.has(connection));
    const load: Record<string, number> = {};
    for (const job of jobs) {
      if (job !== lost && job.durationMs === undefined) {
        load[job.node] = (load[job.node] ?? 0) + 1;
      }
    }
    return schedule({ platforms: [lost.platform], nodes, emulate: this.#emulate, load }).assignments[0];
  }
}

/** Whether a job failed because its node was lost, not because of the build: another node may succeed. */
export function isNodeLoss(error: unknown): error is Failure {
  return error instanceof Failure && nodeLossCodes.has(error.problem.code);
}

const nodeLossCodes = new Set<string>([
  'ssh.lost',
  'ssh.unreachable',
  'ssh.timeout',
  'ssh.channel',
  'engine.unreachable',
  'engine.no-socket',
]);
