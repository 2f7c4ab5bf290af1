import { randomBytes } from 'node:crypto';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Build, BuildRequest } from '../../shared/build.ts';
import type { Connection } from '../../shared/connection.ts';
import type { Assignment, Schedule } from '../../shared/farm.ts';
import type { NodeStatus } from '../../shared/node.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail, type Problem, problemOf } from '../../shared/problem.ts';
import { type PackedContext, packContext } from '../context/spool.ts';
import type { Events } from '../events.ts';
import type { Receiver } from '../images/receiver.ts';
import type { ImageStore, Lease, ReceivedImage } from '../images/store.ts';
import type { ConnectionPool } from '../nodes/connection-pool.ts';
import { readSource } from '../projects/source.ts';
import { schedule } from '../scheduling/schedule.ts';
import { History } from './history.ts';
import { cancelled, type JobWork, runJob } from './job.ts';
import { JobLog } from './job-log.ts';
import { isNodeLoss, JobTracker } from './job-tracker.ts';
import { ProjectMemory, projectId } from './project-memory.ts';

export interface BuildServices {
  readonly store: ImageStore;
  readonly receiver: Receiver;
  readonly lines: ConnectionPool;
  readonly events: Events;
  readonly history: History;
  /** Folders for the packed context and for what is remembered of projects. */
  readonly spoolFolder: string;
  readonly projectsFolder: string;
  /** How many jobs a node runs at once; the others wait for a place. */
  readonly jobsPerNode: number;
}

/** What to build, and what a probe of the nodes just found. */
export interface BuildPlan {
  readonly request: BuildRequest;
  /** Absolute path of the Containerfile. */
  readonly containerfile: string;
  readonly connections: readonly Connection[];
  readonly nodes: readonly NodeStatus[];
  /** Has at least one assignment and leaves no platform out. */
  readonly plan: Schedule;
}

/** One build from its request to its manifest list. */
export class BuildRun {
  readonly #services: BuildServices;
  readonly #request: BuildRequest;
  readonly #plan: BuildPlan;
  readonly #memory: ProjectMemory;
  readonly #abort = new AbortController();
  /** Each job can be cancelled alone. */
  readonly #jobAborts = new Map<Platform, AbortController>();
  readonly #places = new Map<string, LimitFunction>();
  readonly #startedMs = performance.now();
  /** Nodes that were lost in this build, with why: none of its jobs goes there again. */
  readonly #lost = new Map<string, Problem>();
  #trackers: JobTracker[] = [];
  #build: Build;

  constructor(services: BuildServices, plan: BuildPlan) {
    const { request } = plan;
    this.#services = services;
    this.#request = request;
    this.#plan = plan;
    this.#memory = new ProjectMemory(services.projectsFolder, projectId(request), request.context);
    const now = new Date();
    this.#build = {
      id: History.newId(now, randomBytes(2).toString('hex')),
      status: 'running',
      reference: request.reference,
      request,
      schedule: plan.plan,
      jobs: [],
      createdAt: now.toISOString(),
    };
  }

  get id(): string {
    return this.#build.id;
  }

  /** The build as it is now. */
  get build(): Build {
    return { ...this.#build, jobs: this.#trackers.map(({ job }) => job) };
  }

  /** Cancels one platform, or the whole build. */
  cancel(platform?: Platform): void {
    const abort = platform === undefined ? this.#abort : this.#jobAbort(platform);
    abort.abort(cancelled(this.#request.reference));
  }

  /** The lines of a running job's log. */
  log(platform: Platform): JobLog | undefined {
    return this.#trackers.find(({ job }) => job.platform === platform)?.log;
  }

  /** Runs to the end. Never rejects: what goes wrong stands in the build. */
  async run(): Promise<Build> {
    try {
      await this.#withContext((context) => this.#withLease((lease) => this.#buildAll(context, lease)));
    } catch (error) {
      const problem = problemOf(error);
      this.#endJobs(problem);
      this.#end(problem.code === 'build.cancelled' ? 'cancelled' : 'failed', problem);
    }
    await Promise.all(this.#trackers.map(({ log }) => log.close()));
    await this.#makeSpace();
    // on a full disk the outcome cannot be kept, and is told all the same
    await this.#services.history.save(this.build).catch(() => undefined);
    this.#services.events.emit({ event: 'build.finished', build: this.build });
    return this.build;
  }

  /** Puts the build on record: what was asked for, the Containerfile as it is now, and an empty log for each job. Comes before {@link run}. */
  async prepare(): Promise<void> {
    const { history, events } = this.#services;
    try {
      for (const assignment of this.#build.schedule.assignments) {
        const log = await JobLog.create(history.logPath(this.id, assignment.platform));
        this.#trackers.push(new JobTracker(this.id, assignment, log, events));
      }
      await history.save(this.build);
      await history.keepContainerfile(this.id, this.#plan.containerfile);
    } catch (error) {
      await Promise.all(this.#trackers.map(({ log }) => log.close()));
      throw error;
    }
    // whoever hears of it may ask for all of it
    events.emit({ event: 'build.started', build: this.build });
  }

  /**
   * What came back of a failed build stays for the next, which need not bring it again; but not where it is what fills the
   * disk.
   */
  async #makeSpace(): Promise<void> {
    const problems = [this.#build.problem, ...this.#trackers.map(({ job }) => job.problem)];
    if (problems.some((problem) => problem?.code === 'disk.full')) {
      await this.#services.store.collect().catch(() => undefined);
    }
  }

  async #withContext(use: (context: PackedContext) => Promise<void>): Promise<void> {
    const { events, spoolFolder } = this.#services;
    const context = await packContext({
      context: this.#request.context,
      ...(this.#request.file === undefined ? {} : { file: this.#request.file }),
      spoolFolder,
      signal: this.#abort.signal,
      onProgress: ({ files, bytes }) =>
        events.batch({ event: 'build.context', buildId: this.id, files, bytes, done: false }),
    });
    // jobs that read the context see its failure; nobody else needs to
    context.done.then(
      (summary) => {
        this.#build = { ...this.#build, context: summary };
        const { files, bytes } = summary;
        events.batch({ event: 'build.context', buildId: this.id, files, bytes, done: true });
      },
      () => undefined,
    );
    try {
      await use(context);
    } finally {
      await context.close();
    }
  }

  async #withLease(use: (lease: Lease) => Promise<void>): Promise<void> {
    const lease = await this.#services.store.lease(this.id);
    try {
      await use(lease);
    } finally {
      await lease.release();
    }
  }

  async #buildAll(context: PackedContext, lease: Lease): Promise<void> {
    const { text } = await this.#services.history.containerfile(this.id);
    const instructions = readSource(text).instructions.map((instruction) => instruction.text);
    const work = { context, lease, instructions };
    const images = await Promise.all(this.#trackers.map((tracker) => this.#buildOne(tracker, work)));
    const whole = images.filter((image) => image !== undefined);
    if (whole.length < images.length) {
      this.#endFailed();
      return;
    }
    const list = await this.#services.store.commit(this.#request.reference, whole);
    this.#build = { ...this.#build, list };
    this.#end('done');
  }

  /** Builds one platform, on another node if its own is lost. Resolves with undefined where it failed: others go on. */
  async #buildOne(
    tracker: JobTracker,
    given: Pick<JobWork, 'context' | 'lease' | 'instructions'>,
  ): Promise<ReceivedImage | undefined> {
    const { store, receiver } = this.#services;
    const work = { ...given, request: this.#request, store, receiver, memory: this.#memory };
    const signal = this.#signalOf(tracker.job.platform);
    for (;;) {
      const { node } = tracker.job;
      try {
        const image = await this.#inPlace(node, signal, async () => {
          const known = this.#lost.get(node);
          if (known) {
            throw fail(known.code, known.message, known.fix, known.detail);
          }
          if (tracker.job.startedAt === undefined) {
            tracker.start();
          }
          return runJob(work, tracker, await this.#services.lines.line(this.#connection(node)), signal);
        });
        tracker.done({ digest: image.digest, size: image.size });
        return image;
      } catch (error) {
        const next = isNodeLoss(error) && !signal.aborted ? this.#moveFrom(tracker, error.problem) : undefined;
        if (!next) {
          tracker.failed(problemOf(error));
          return undefined;
        }
        tracker.moveTo(next, problemOf(error));
      }
    }
  }

  /** Another node for the platform of a job whose node is lost, where there is one. */
  #moveFrom(tracker: JobTracker, problem: Problem): Assignment | undefined {
    const { node, platform } = tracker.job;
    this.#lost.set(node, problem);
    const left = this.#plan.nodes.filter(({ connection }) => !this.#lost.has(connection));
    const load: Record<string, number> = {};
    for (const { job } of this.#trackers) {
      if (job !== tracker.job && job.durationMs === undefined) {
        load[job.node] = (load[job.node] ?? 0) + 1;
      }
    }
    return schedule({ platforms: [platform], nodes: left, emulate: this.#request.emulate, load }).assignments[0];
  }

  /** Aborts when the whole build or this platform of it is cancelled. */
  #signalOf(platform: Platform): AbortSignal {
    return AbortSignal.any([this.#abort.signal, this.#jobAbort(platform).signal]);
  }

  /** Made when first wanted: a platform may be cancelled before its job has begun. */
  #jobAbort(platform: Platform): AbortController {
    const abort = this.#jobAborts.get(platform) ?? new AbortController();
    this.#jobAborts.set(platform, abort);
    return abort;
  }

  /** Does work when the node has a place for it. A wait that is aborted ends at once; work that has begun ends by itself. */
  #inPlace<T>(node: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const place = this.#places.get(node) ?? pLimit(this.#services.jobsPerNode);
    this.#places.set(node, place);
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const leave = (): void => reject(signal.reason);
      signal.addEventListener('abort', leave, { once: true });
      place(async () => {
        signal.removeEventListener('abort', leave);
        signal.throwIfAborted();
        return work();
      }).then(resolve, reject);
    });
  }

  #connection(name: string): Connection {
    const connection = this.#plan.connections.find((candidate) => candidate.name === name);
    if (!connection) {
      throw new Error(`the schedule names ${name}, which is none of the build's connections`);
    }
    return connection;
  }

  #endJobs(problem: Problem): void {
    for (const tracker of this.#trackers) {
      if (tracker.job.durationMs === undefined) {
        tracker.failed(problem);
      }
    }
  }

  #endFailed(): void {
    const jobs = this.#trackers.map(({ job }) => job);
    const failed = jobs.filter(({ status }) => status === 'failed');
    const [first] = failed.length > 0 ? failed : jobs.filter(({ status }) => status === 'cancelled');
    const problem = first?.problem ?? fail('build.incomplete', 'Nothing was built.', 'Build again.').problem;
    if (failed.length === 0) {
      this.#end('cancelled', problem);
      return;
    }
    const platforms = failed.map(({ platform }) => platform).join(', ');
    const message =
      failed.length > 1 ? `${failed.length} platforms failed: ${platforms}. ${problem.message}` : problem.message;
    this.#end('failed', { ...problem, message });
  }

  #end(status: Build['status'], problem?: Problem): void {
    const durationMs = Math.round(performance.now() - this.#startedMs);
    this.#build = { ...this.#build, status, durationMs, ...(problem ? { problem } : {}) };
  }
}
