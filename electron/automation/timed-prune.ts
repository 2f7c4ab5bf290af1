import { formatBytes } from '../../shared/format.ts';
import { fail } from '../../shared/problem.ts';
import type { TaskOf } from '../../shared/timer.ts';
import type { Housekeeping } from '../housekeeping/housekeeping.ts';
import type { Nodes } from '../nodes/nodes.ts';
import type { TaskContext, TaskHandling, TaskOutcome } from './timers.ts';

export interface TimedPrunesOptions {
  readonly housekeeping: Pick<Housekeeping, 'preview' | 'prune'>;
  readonly nodes: Pick<Nodes, 'select'>;
}

/** Prunes that timers start. The nodes that can be reached are pruned, also if others cannot. */
export class TimedPrunes implements TaskHandling<TaskOf<'prune'>> {
  readonly #options: TimedPrunesOptions;

  constructor(options: TimedPrunesOptions) {
    this.#options = options;
  }

  /** @throws Failure as `Nodes.select` */
  async check({ nodes }: TaskOf<'prune'>): Promise<void> {
    await this.#options.nodes.select(nodes);
  }

  async run({ nodes, rules }: TaskOf<'prune'>, { signal }: Pick<TaskContext, 'signal'>): Promise<TaskOutcome> {
    const { housekeeping } = this.#options;
    const { id } = await housekeeping.preview({ ...nodes, rules }, signal);
    const reports = await housekeeping.prune({ id }, signal);
    const freedBytes = reports.reduce((sum, { reclaimedBytes }) => sum + reclaimedBytes, 0);
    const failed = reports.flatMap(({ node, problem }) => (problem ? [{ node, problem }] : []));
    const [first, ...others] = failed;
    if (!first) {
      return { status: 'done', freedBytes };
    }
    const problem =
      others.length === 0
        ? first.problem
        : fail(
            first.problem.code,
            `${failed.length} of ${reports.length} nodes could not be pruned; ${formatBytes(freedBytes)} were freed on the others.`,
            'Check their connections.',
            failed.map((each) => each.problem.message).join('\n'),
          ).problem;
    return { status: 'failed', problem, freedBytes };
  }
}
