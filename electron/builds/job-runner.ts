import type { Job } from '../../shared/build.ts';
import type { Connection } from '../../shared/connection.ts';
import type { Platform } from '../../shared/platform.ts';
import { Failure, type Problem, problemOf } from '../../shared/problem.ts';
import { type ChangedConnection, connectionChangedFailure } from '../connections/changed-connections.ts';
import type { ReceivedImage } from '../images/manifest.ts';
import type { CircuitBreaker, NodeFailure } from '../nodes/circuit-breaker.ts';
import type { ConnectionPool, NodeConnection } from '../nodes/connection-pool.ts';
import type { Slot } from '../nodes/node-queue.ts';
import type { NodeSlots, QueuedBuild } from '../nodes/node-slots.ts';
import { setAsideNodes, type Unavailable } from '../nodes/unavailable.ts';
import type { AttemptTracker } from './attempt-tracker.ts';
import { buildCancelled, type Cancellation } from './cancellation.ts';
import { Failover } from './failover.ts';
import { type FailedAttempt, type FailureRow, failedPhaseOf, failureClass } from './failure-class.ts';
import { type JobInput, runJob } from './job.ts';
import type { JobTracker } from './job-tracker.ts';
import { type OtherNode, OtherNodes } from './other-nodes.ts';
import type { PreparedBuild } from './prepare-build.ts';
import { slowerFailure } from './second-start.ts';
import { maxTakeOvers } from './take-over.ts';

export interface JobRunnerServices {
  readonly pool: Pick<ConnectionPool, 'connect'>;
  readonly slots: NodeSlots;
  readonly breaker: CircuitBreaker;
  /** When this computer last woke from sleep, in milliseconds since 1970. */
  readonly wokeAt?: () => number;
}

interface JobRunnerOptions {
  /** The build, as it is in the queues of nodes. */
  readonly queued: QueuedBuild;
  /** Those of the assignments of the schedule, in their order. */
  readonly slots: readonly Slot[];
  readonly cancellation: Cancellation;
}

/** Runs the jobs of a build: each when its node has a slot, and on another node if its node is lost or fails. */
export class JobRunner {
  readonly #services: JobRunnerServices;
  readonly #prepared: PreparedBuild;
  readonly #queued: QueuedBuild;
  readonly #cancellation: Cancellation;
  readonly #failover: Failover;
  readonly #others: OtherNodes;
  /** The slot of each job, on its current node. */
  readonly #slots = new Map<Platform, Slot>();
  /** The connection to each node as it is now, by the node's name in this build. */
  readonly #connections: Map<string, Connection>;
  /** The platforms that were tried again on their node after a sleep. */
  readonly #triedAfterSleep = new Set<Platform>();
  /** What jobs do on their nodes now. */
  readonly #work = new Set<{ readonly node: string; readonly ended: Promise<void> }>();
  /** How often each job was taken over. */
  readonly #takeOvers = new Map<Platform, number>();
  /** The jobs that were started a second time. */
  readonly #secondStarts = new Set<JobTracker>();
  /** Failures that count only when another node has built the platform. */
  readonly #doubtful = new Map<Platform, { readonly node: string; readonly failure: NodeFailure }[]>();

  /** @param prepared every platform is assigned. */
  constructor(services: JobRunnerServices, prepared: PreparedBuild, { queued, slots, cancellation }: JobRunnerOptions) {
    const { request, nodes, connections, schedule } = prepared;
    this.#services = services;
    this.#prepared = prepared;
    this.#queued = queued;
    this.#cancellation = cancellation;
    this.#failover = new Failover(nodes, request, prepared.known);
    this.#others = new OtherNodes({
      ...{ prepared, queued, slots: services.slots, failover: this.#failover },
      setAside: () => this.#setAside(),
    });
    this.#connections = new Map(connections.map((connection) => [connection.name, connection]));
    slots.forEach((slot, position) => {
      const assignment = schedule.assignments[position];
      if (assignment) {
        this.#slots.set(assignment.platform, slot);
      }
    });
  }

  /**
   * To be called when a connection was changed. Jobs go on over one that was renamed. Otherwise they are stopped on its
   * node and move to other nodes.
   * @returns when no job uses the connection any more, if it was not only renamed. Never rejects.
   */
  async connectionChanged(change: ChangedConnection): Promise<void> {
    const [node] = [...this.#connections].find(([, { name }]) => name === change.name) ?? [];
    if (node === undefined) {
      return;
    }
    if (change.kind === 'renamed') {
      this.#connections.set(node, change.now);
      return;
    }
    this.#failover.withdraw(node, connectionChangedFailure(change));
    await Promise.all([...this.#work].map((work) => (work.node === node ? work.ended : undefined)));
  }

  /**
   * Builds one platform, on another node if its node is lost or fails.
   * @returns its image. Undefined if the job failed or was cancelled, which its tracker then says. Never rejects.
   */
  async run(tracker: JobTracker, input: JobInput): Promise<ReceivedImage | undefined> {
    const { platform } = tracker.job;
    const signal = this.#cancellation.signalOf(platform);
    for (;;) {
      const startedMs = Date.now();
      try {
        const image = await this.#runOnNode(tracker, input, signal);
        await this.#countSuccess(tracker);
        return image;
      } catch (error) {
        const attempt = { error, phase: failedPhaseOf(tracker.job.status) };
        await this.#slots.get(platform)?.release();
        const wasLost = !signal.aborted && failureClass(attempt) === 'lost';
        if (wasLost && (await this.#tryAfterSleep(tracker, startedMs))) {
          continue;
        }
        if (signal.aborted || !(await this.#moveAfter(attempt, tracker, input.buildId).catch(() => false))) {
          tracker.fail(problemOf(error));
          return undefined;
        }
      }
    }
  }

  /**
   * Puts a job that has ended into the queue of its node again.
   * @throws Failure of the reservation
   */
  async queueAgain({ job }: JobTracker): Promise<void> {
    const { platform, node, mode, reason } = job;
    this.#failover.renew(node, platform);
    const { slots } = await this.#services.slots.reserve(
      this.#queued,
      this.#prepared.connections,
      () => ({ platform, node, mode, reason }),
      (assignment) => [assignment],
    );
    const [slot] = slots;
    if (slot) {
      this.#slots.set(platform, slot);
    }
  }

  /**
   * Tries the node of a job once again if its connection was lost while this computer slept: the node may have gone on, and has the
   * finished steps in its cache. Never rejects.
   */
  async #tryAfterSleep(tracker: JobTracker, startedMs: number): Promise<boolean> {
    const { platform, node } = tracker.job;
    const { wokeAt = () => 0 } = this.#services;
    if (wokeAt() < startedMs || this.#triedAfterSleep.has(platform)) {
      return false;
    }
    this.#triedAfterSleep.add(platform);
    return this.queueAgain(tracker).then(
      () => {
        tracker.restart(`This computer was asleep. Node ${node} is tried again.`);
        return true;
      },
      () => false,
    );
  }

  /** Releases the slots of all jobs. */
  async releaseSlots(): Promise<void> {
    await Promise.all([...this.#slots.values()].map((slot) => slot.release()));
  }

  /** Resolves when no job does anything on its node. */
  async leaveNodes(): Promise<void> {
    await Promise.all([...this.#work].map(({ ended }) => ended));
  }

  /** Runs a job as soon as its node has a slot for it. */
  async #runOnNode(tracker: JobTracker, input: JobInput, signal: AbortSignal): Promise<ReceivedImage> {
    const slot = await this.#waitForSlot(tracker, input, signal);
    if (tracker.job.startedAt === undefined) {
      tracker.start();
    }
    const { attempt } = tracker;
    const startedMs = performance.now();
    const stop = new AbortController();
    const first = this.#runAttempt(attempt, slot, input, AbortSignal.any([signal, stop.signal]));
    const hasEnded = new AbortController();
    const end = (): void => hasEnded.abort();
    const firstEnded = first.then(end, end);
    const finding = this.#secondStarts.has(tracker)
      ? Promise.resolve(undefined)
      : this.#others.findSecond(attempt.state, startedMs, AbortSignal.any([signal, hasEnded.signal]));
    await Promise.race([firstEnded, finding.then((found) => (found ? undefined : firstEnded))]);
    const found = await finding;
    if (!found || hasEnded.signal.aborted) {
      await found?.slot.release();
      return first;
    }
    this.#secondStarts.add(tracker);
    return this.#race(tracker, input, { signal, found, first, startedMs, stopFirst: stop });
  }

  /**
   * Runs a second attempt at a job beside the first. The first image is taken, and the other attempt is stopped on its node. If one
   * fails, the job is the other.
   */
  async #race(
    tracker: JobTracker,
    input: JobInput,
    { signal, found, first, startedMs, stopFirst }: FirstAttempt,
  ): Promise<ReceivedImage> {
    const { platform, node } = tracker.job;
    const stopSecond = new AbortController();
    const second = this.#startSecond(tracker, input, found, AbortSignal.any([signal, stopSecond.signal]));
    const outcomes = [outcomeOf(first, true), outcomeOf(second, false)];
    const { image, error, isFirst } = await Promise.race(outcomes);
    const attempt = tracker.second;
    if (signal.aborted || (isFirst && (image || !attempt))) {
      stopSecond.abort(buildCancelled(this.#queued.reference));
      await (signal.aborted || !image ? Promise.all(outcomes) : undefined);
      tracker.endSecond();
      return first;
    }
    const status = isFirst ? tracker.job.status : (attempt?.state.status ?? 'queued');
    const failed = { error, phase: failedPhaseOf(status) };
    if (!isFirst && !image) {
      await this.#noteFailure({ platform, node: found.assigned.node, lost: tracker.job.lost }, failed, input.buildId);
      tracker.endSecond(problemOf(error));
      return first;
    }
    const slower = slowerFailure({ platform, node }, performance.now() - startedMs);
    if (image) {
      stopFirst.abort(slower);
    } else {
      await this.#noteFailure(tracker.job, failed, input.buildId);
    }
    const slot = this.#slots.get(platform);
    this.#slots.set(platform, found.slot);
    void outcomes[0]?.then(() => slot?.release());
    tracker.adoptSecond(image ? slower.problem : problemOf(error));
    return second;
  }

  async #startSecond(tracker: JobTracker, input: JobInput, { assigned, slot }: OtherNode, signal: AbortSignal) {
    try {
      await slot.acquire({ signal, onWait: () => undefined });
      return await this.#runAttempt(tracker.beginSecond(assigned), slot, input, signal);
    } finally {
      await slot.release();
    }
  }

  /** Runs an attempt on its node, which has a slot for it. */
  async #runAttempt(attempt: AttemptTracker, slot: Slot, input: JobInput, signal: AbortSignal): Promise<ReceivedImage> {
    const { node } = attempt.state;
    await this.#services.breaker.begin(this.#connectionOf(node));
    const ended = AbortSignal.any([signal, this.#failover.withdrawalOf(node)]);
    ended.throwIfAborted();
    const job = this.#connect(node, ended).then((connection) => runJob(input, attempt, connection, ended));
    this.#addWork(
      node,
      job.then(({ left }) => left),
    );
    const { image } = await job;
    await slot.release();
    return image;
  }

  /** Waits for a slot: of the node of the job, or of one that takes it over meanwhile. */
  async #waitForSlot(tracker: JobTracker, input: JobInput, signal: AbortSignal): Promise<Slot> {
    for (;;) {
      const { node, platform } = tracker.job;
      const slot = this.#slots.get(platform);
      if (!slot) {
        throw new Error(`there is no slot for ${platform}`);
      }
      const ended = new AbortController();
      const moved = new AbortController();
      let ahead: number | undefined;
      const canMove = (this.#takeOvers.get(platform) ?? 0) < maxTakeOvers;
      const finding = canMove && this.#others.findTakeOver(tracker.job, () => ahead, ended.signal);
      const move = Promise.resolve(finding || undefined).then((found) => {
        if (found) {
          moved.abort();
        }
        return found;
      });
      const isMoved = await slot
        .acquire({
          signal: AbortSignal.any([signal, this.#failover.lossOf(node), moved.signal]),
          onWait: (wait) => {
            // what is built is what the project contains now
            input.context.prepare();
            tracker.waitForSlot(wait);
            ahead = wait.ahead;
          },
        })
        .then(
          () => false,
          (error: unknown) => {
            if (!moved.signal.aborted || signal.aborted) {
              throw error;
            }
            return true;
          },
        )
        .finally(async () => {
          ended.abort();
          if (!moved.signal.aborted || signal.aborted) {
            // found at the same moment, in vain
            await move.then((found) => found?.slot.release());
          }
        });
      const found = await move;
      if (!isMoved || !found) {
        // it may have got a slot while another node took it over
        await found?.slot.release();
        return slot;
      }
      await slot.release();
      this.#slots.set(platform, found.slot);
      this.#takeOvers.set(platform, (this.#takeOvers.get(platform) ?? 0) + 1);
      tracker.takeOver(found.assigned);
    }
  }

  #setAside(): Unavailable {
    return setAsideNodes(this.#prepared.connections, this.#services.breaker);
  }

  #addWork(node: string, result: Promise<void>): void {
    const end = (): void => void this.#work.delete(work);
    const work = { node, ended: result.then(end, end) };
    this.#work.add(work);
  }

  /** Moves a job that has failed to the queue of another node. @returns whether that is right and another node can build it */
  async #moveAfter(attempt: FailedAttempt, tracker: JobTracker, buildId: string): Promise<boolean> {
    const { job } = tracker;
    const problem = await this.#noteFailure(job, attempt, buildId);
    if (!problem) {
      return false;
    }
    const { assigned, slots } = await this.#services.slots.reserve(
      this.#queued,
      this.#prepared.connections,
      (load) => this.#failover.reassign(job, load, this.#setAside()),
      (assignment) => (assignment ? [assignment] : []),
    );
    const [slot] = slots;
    if (!assigned || !slot) {
      return false;
    }
    this.#slots.set(job.platform, slot);
    if (problem.code === 'node.draining') {
      // the job had not begun there
      tracker.takeOver({ ...assigned, reason: `${assigned.reason}; moved from ${job.node}, which is draining` });
    } else {
      tracker.moveTo(assigned, problem);
    }
    return true;
  }

  /** Records a failure of a job on a node, and counts it against the node. @returns its problem, unless it is not the node's */
  async #noteFailure(
    job: Pick<Job, 'platform' | 'node' | 'lost'>,
    attempt: FailedAttempt,
    buildId: string,
  ): Promise<Problem | undefined> {
    const row = this.#failover.record(job, attempt);
    if (!row || !(attempt.error instanceof Failure)) {
      return undefined;
    }
    const { problem } = attempt.error;
    await this.#countFailure(job, row, { buildId, problem });
    return problem;
  }

  async #countFailure(
    { node, platform }: Pick<Job, 'node' | 'platform'>,
    { kind, counts }: FailureRow,
    { buildId, problem }: { readonly buildId: string; readonly problem: Problem },
  ): Promise<void> {
    const wasLost = kind === 'lost';
    // all jobs of a build lose a node at once
    const failure = { key: wasLost ? buildId : `${buildId} ${platform}`, problem, wasLost };
    if (counts === 'proven') {
      this.#doubtful.set(platform, [...(this.#doubtful.get(platform) ?? []), { node, failure }]);
    } else if (counts !== 'never') {
      await this.#services.breaker.addFailure(this.#connectionOf(node), failure);
    }
  }

  async #countSuccess({ job: { node, platform } }: JobTracker): Promise<void> {
    const { breaker } = this.#services;
    await breaker.reset(this.#connectionOf(node));
    for (const doubtful of this.#doubtful.get(platform) ?? []) {
      await breaker.addFailure(this.#connectionOf(doubtful.node), doubtful.failure);
    }
  }

  #connect(node: string, signal: AbortSignal): Promise<NodeConnection> {
    return this.#services.pool.connect(this.#connectionOf(node), signal);
  }

  #connectionOf(node: string): Connection {
    const connection = this.#connections.get(node);
    if (!connection) {
      throw new Error(`the schedule names ${node}, which is not a connection of the build`);
    }
    return connection;
  }
}

/** What {@link JobRunner} knows of the attempt that a second one is started beside. */
interface FirstAttempt {
  readonly signal: AbortSignal;
  readonly found: OtherNode;
  readonly first: Promise<ReceivedImage>;
  /** From `performance.now()`. */
  readonly startedMs: number;
  readonly stopFirst: AbortController;
}

interface Outcome {
  readonly isFirst: boolean;
  readonly image?: ReceivedImage;
  readonly error?: unknown;
}

function outcomeOf(attempt: Promise<ReceivedImage>, isFirst: boolean): Promise<Outcome> {
  return attempt.then(
    (image) => ({ image, isFirst }),
    (error: unknown) => ({ error, isFirst }),
  );
}
