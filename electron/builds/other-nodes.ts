import { setTimeout as delay } from 'node:timers/promises';
import type { Job } from '../../shared/build.ts';
import { optionsOf } from '../../shared/build-options.ts';
import type { Connection } from '../../shared/connection.ts';
import type { JobTime } from '../../shared/emulation.ts';
import type { Platform } from '../../shared/platform.ts';
import type { Assignment } from '../../shared/schedule.ts';
import type { NodeLoads } from '../nodes/node-load.ts';
import type { Slot } from '../nodes/node-queue.ts';
import type { NodeSlots, QueuedBuild } from '../nodes/node-slots.ts';
import { heldNodes, type Unavailable } from '../nodes/unavailable.ts';
import type { Failover } from './failover.ts';
import type { PreparedBuild } from './prepare-build.ts';
import { secondStart, slowAfterMs } from './second-start.ts';
import { takeOver } from './take-over.ts';

/** How often a job looks for another node, in milliseconds. */
const pollMs = 1_000;

/** A node that a job may have, with a place in its queue. */
export interface OtherNode {
  readonly assigned: Assignment;
  readonly slot: Slot;
}

interface OtherNodesOptions {
  readonly slots: Pick<NodeSlots, 'load' | 'reserve' | 'keyOf'>;
  readonly prepared: PreparedBuild;
  readonly queued: QueuedBuild;
  readonly failover: Pick<Failover, 'usable'>;
  readonly setAside: () => Unavailable;
}

type WantedJob = Pick<Job, 'platform' | 'node' | 'mode' | 'estimate'>;

/** What decides whether a job gets another node. */
type Facts = Omit<Parameters<typeof takeOver>[0], 'ahead'>;

/** Finds other nodes for jobs of a build that wait, or that are slow. */
export class OtherNodes {
  readonly #options: OtherNodesOptions;

  constructor(options: OtherNodesOptions) {
    this.#options = options;
  }

  /**
   * Waits until another node can take over a job that waits, and puts the job into its queue, too.
   * @param ahead how many jobs wait before it. Undefined as long as it does not wait
   * @returns undefined when the signal aborts, and if the job stays where it is. Never rejects.
   */
  findTakeOver(job: WantedJob, ahead: () => number | undefined, signal: AbortSignal): Promise<OtherNode | undefined> {
    return this.#find(job, signal, pollMs, (facts) => {
      const before = ahead();
      return before === undefined ? undefined : takeOver({ ...facts, ahead: before });
    });
  }

  /**
   * Waits until a job that runs is slow and another node can build it, too, and puts it into its queue.
   * @param startedMs when it began on its node, from `performance.now()`
   * @returns undefined when the signal aborts, and if the build does not ask for it. Never rejects.
   */
  async findSecond(job: WantedJob, startedMs: number, signal: AbortSignal): Promise<OtherNode | undefined> {
    const { slots, prepared } = this.#options;
    const { request, startsSlowJobsTwice = false, connections } = prepared;
    const afterMs = slowAfterMs(request.secondStart ?? (startsSlowJobsTwice ? 'auto' : 'off'), job);
    // nodes that push to the registry themselves would push twice, under the same tag
    if (afterMs === undefined || request.push?.direct) {
      return undefined;
    }
    const keys = new Map(connections.map((connection) => [connection.name, slots.keyOf(connection)]));
    const isSameMachine = (one: string, other: string): boolean => keys.get(one) === keys.get(other);
    return this.#find(job, signal, startedMs + afterMs - performance.now(), (facts) =>
      secondStart({ ...facts, elapsedMs: performance.now() - startedMs, isSameMachine }),
    );
  }

  /** @param firstMs until the first look */
  async #find(
    job: WantedJob,
    signal: AbortSignal,
    firstMs: number,
    decide: (facts: Facts) => Assignment | undefined,
  ): Promise<OtherNode | undefined> {
    const { prepared, failover } = this.#options;
    const { connections, project } = prepared;
    if (isPinned(job, prepared)) {
      return undefined;
    }
    for (let ms = firstMs; ; ms = pollMs) {
      await wait(ms, signal);
      if (signal.aborted) {
        return undefined;
      }
      const usable = new Set(failover.usable(job.platform).map(({ connection }) => connection));
      const able = connections.filter(({ name }) => usable.has(name));
      const found =
        able.length < 2
          ? undefined
          : await this.#reserve(job, able, await project.times().catch(() => []), decide).catch(() => undefined);
      if (found) {
        return found;
      }
    }
  }

  async #reserve(
    job: WantedJob,
    able: readonly Connection[],
    times: readonly JobTime[],
    decide: (facts: Facts) => Assignment | undefined,
  ): Promise<OtherNode | undefined> {
    const { slots, prepared, queued, failover, setAside } = this.#options;
    const { request, known = {} } = prepared;
    const find = (load: NodeLoads): Assignment | undefined =>
      decide({
        ...optionsOf(request),
        ...(known.history ? { history: known.history } : {}),
        emulate: request.emulate,
        nodes: failover.usable(job.platform),
        unavailable: { ...heldNodes(load), ...setAside() },
        ...{ job, load, times },
      });
    if (!find(await slots.load(able))) {
      return undefined;
    }
    // under the lock, the load may be another
    const reserved = await slots.reserve(queued, able, find, (found) => (found ? [found] : []));
    const [slot] = reserved.slots;
    return reserved.assigned && slot && { assigned: reserved.assigned, slot };
  }
}

function isPinned(
  { platform, node }: { platform: Platform; node: string },
  { request, known }: PreparedBuild,
): boolean {
  return [request.pins[platform], known?.farmPins?.[platform]].includes(node);
}

/** Waits for a time, or until the signal aborts. */
async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await delay(Math.max(0, ms), undefined, { signal, ref: false }).catch(() => undefined);
}
