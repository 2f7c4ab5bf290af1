import type { Build } from '../../shared/build.ts';
import type { Platform } from '../../shared/platform.ts';
import { problemOf } from '../../shared/problem.ts';
import { type PackedContext, packContext } from '../context/pack-context.ts';
import type { Events } from '../events.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Lease } from '../images/lease.ts';
import type { ReceivedImage } from '../images/manifest.ts';
import type { Receiver } from '../images/receiver/receiver.ts';
import type { ConnectionPool, NodeConnection } from '../nodes/connection-pool.ts';
import { parseContainerfile } from '../projects/parse-containerfile.ts';
import { BuildRecord } from './build-record.ts';
import { Cancellation } from './cancellation.ts';
import { Failover, isNodeLoss } from './failover.ts';
import type { History } from './history.ts';
import { type JobInput, runJob } from './job.ts';
import type { JobLog } from './job-log.ts';
import { JobSlots } from './job-slots.ts';
import type { JobTracker } from './job-tracker.ts';
import type { PreparedBuild } from './prepare-build.ts';
import type { SharedPortForwards } from './shared-port-forwards.ts';

export interface BuildServices {
  readonly store: ImageStore;
  readonly receiver: Receiver;
  readonly portForwards: SharedPortForwards;
  readonly pool: Pick<ConnectionPool, 'connect'>;
  readonly events: Events;
  readonly history: History;
  /** Folder for packed contexts. */
  readonly spoolFolder: string;
}

/** One build, from its packed context to its manifest list. */
export class BuildRun {
  readonly #services: BuildServices;
  readonly #prepared: PreparedBuild;
  readonly #record: BuildRecord;
  readonly #cancellation: Cancellation;
  readonly #slots: JobSlots;
  readonly #failover: Failover;

  /** @param prepared every platform is assigned. @param slotsPerNode how many jobs a node runs at once. */
  constructor(services: BuildServices, prepared: PreparedBuild, slotsPerNode: number) {
    const { request, nodes } = prepared;
    this.#services = services;
    this.#prepared = prepared;
    this.#record = new BuildRecord(prepared, services.history, services.events);
    this.#cancellation = new Cancellation(request.reference);
    this.#slots = new JobSlots(slotsPerNode);
    this.#failover = new Failover(nodes, request.emulate);
  }

  get id(): string {
    return this.#record.id;
  }

  /** The build as it is now. */
  get build(): Build {
    return this.#record.build;
  }

  /** The log of a job. */
  log(platform: Platform): JobLog | undefined {
    return this.#record.logOf(platform);
  }

  /** Cancels one platform, or the whole build. */
  cancel(platform?: Platform): void {
    this.#cancellation.cancel(platform);
  }

  /**
   * Opens the build's record. To be called once, before {@link run}.
   * @throws Failure `disk.full`, `settings.unwritable`
   */
  open(): Promise<void> {
    return this.#record.open();
  }

  /** Runs the build to its end. Never rejects: a failure is the problem of the build. */
  async run(): Promise<void> {
    try {
      await this.#withContext((context) => this.#withLease((lease) => this.#buildAll(context, lease)));
    } catch (error) {
      this.#record.fail(problemOf(error));
    }
    await this.#freeDisk();
    await this.#record.close();
  }

  /** Packs the context and uses it while it is packed. */
  async #withContext(use: (context: PackedContext) => Promise<void>): Promise<void> {
    const { events, spoolFolder } = this.#services;
    const { request, containerfile } = this.#prepared;
    const context = await packContext({
      context: request.context,
      file: containerfile,
      spoolFolder,
      signal: this.#cancellation.signal,
      onProgress: ({ files, bytes }) =>
        events.batch({ event: 'build.context', buildId: this.id, files, bytes, done: false }),
    });
    context.done.then(
      (summary) => {
        this.#record.setContext(summary);
        const { files, bytes } = summary;
        events.batch({ event: 'build.context', buildId: this.id, files, bytes, done: true });
      },
      () => undefined, // the jobs that read the context report its failure
    );
    try {
      await use(context);
    } finally {
      await context.close();
    }
  }

  /** Keeps the blobs of finished jobs until the manifest list names them. */
  async #withLease(use: (lease: Lease) => Promise<void>): Promise<void> {
    const lease = await this.#services.store.createLease(this.id);
    try {
      await use(lease);
    } finally {
      await lease.release();
    }
  }

  /** Builds all platforms in parallel and joins their images in a manifest list. */
  async #buildAll(context: PackedContext, lease: Lease): Promise<void> {
    const { instructions } = parseContainerfile(await this.#record.readContainerfile());
    const { store, receiver, portForwards } = this.#services;
    const input: JobInput = {
      prepared: this.#prepared,
      context,
      lease,
      instructions: instructions.map(({ text }) => text),
      store,
      receiver,
      portForwards,
    };
    const results = await Promise.all(this.#record.trackers.map((tracker) => this.#buildPlatform(tracker, input)));
    const images = results.filter((image) => image !== undefined);
    if (images.length < results.length) {
      this.#record.failWithJobs();
      return;
    }
    this.#record.succeed(await store.commit(this.#prepared.request.reference, images));
  }

  /**
   * Builds one platform, on another node if its node is lost. Resolves with undefined if it fails, so that the others
   * go on.
   */
  async #buildPlatform(tracker: JobTracker, input: JobInput): Promise<ReceivedImage | undefined> {
    const signal = this.#cancellation.signalOf(tracker.job.platform);
    for (;;) {
      const { node } = tracker.job;
      try {
        const image = await this.#slots.run(node, signal, async () => {
          this.#failover.assertNotLost(node);
          if (tracker.job.startedAt === undefined) {
            tracker.start();
          }
          return runJob(input, tracker, await this.#connect(node), signal);
        });
        tracker.complete({ digest: image.digest, size: image.size });
        return image;
      } catch (error) {
        const problem = problemOf(error);
        const next =
          isNodeLoss(error) && !signal.aborted
            ? this.#failover.reassign(tracker.job, problem, this.build.jobs)
            : undefined;
        if (!next) {
          tracker.fail(problem);
          return undefined;
        }
        tracker.moveTo(next, problem);
      }
    }
  }

  #connect(node: string): Promise<NodeConnection> {
    const connection = this.#prepared.connections.find(({ name }) => name === node);
    if (!connection) {
      throw new Error(`the schedule names ${node}, which is not a connection of the build`);
    }
    return this.#services.pool.connect(connection);
  }

  /**
   * Removes the images of a failed build from the store if the disk is full. Otherwise they stay, so that the next
   * build does not transfer their layers again.
   */
  async #freeDisk(): Promise<void> {
    const { problem, jobs } = this.build;
    if ([problem, ...jobs.map((job) => job.problem)].some((some) => some?.code === 'disk.full')) {
      await this.#services.store.collectGarbage().catch(() => undefined);
    }
  }
}
