import type { Build } from '../../shared/build.ts';
import type { Connection } from '../../shared/connection.ts';
import type { ManifestList } from '../../shared/image.ts';
import type { Platform } from '../../shared/platform.ts';
import { Failure, fail, type Problem, problemOf } from '../../shared/problem.ts';
import { type ChangedConnection, connectionChangedFailure } from '../connections/changed-connections.ts';
import type { PackedContext } from '../context/pack-context.ts';
import type { TarLayouts } from '../context/tar-layouts.ts';
import { namedImages } from '../engines/named-images.ts';
import type { Events } from '../events.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Lease } from '../images/lease.ts';
import type { ReceivedImage } from '../images/manifest.ts';
import { createManifestList } from '../images/manifest-list.ts';
import type { Receiver } from '../images/receiver/receiver.ts';
import { readImages } from '../images/stored-list.ts';
import type { ConnectionPool, NodeConnection } from '../nodes/connection-pool.ts';
import type { Slot } from '../nodes/node-queue.ts';
import type { NodeSlots } from '../nodes/node-slots.ts';
import { parseContainerfile } from '../projects/parse-containerfile.ts';
import { blobsOf, type PushContent } from '../registry/push.ts';
import { type Pushes, parseDestination } from '../registry/pushes.ts';
import type { RunningPush } from '../registry/running-push.ts';
import { systemPaths } from '../system/system-paths.ts';
import { BaseImageLogins } from './base-image-logins.ts';
import { BuildRecord } from './build-record.ts';
import { Cancellation } from './cancellation.ts';
import { type PackingFolders, startPacking } from './context-packing.ts';
import { Failover, isNodeFailure } from './failover.ts';
import type { History } from './history.ts';
import { type JobInput, mismatchedPlatforms, runJob } from './job.ts';
import type { JobLog } from './job-log.ts';
import type { JobTracker } from './job-tracker.ts';
import { BuildContexts } from './named-contexts.ts';
import type { NodeWork } from './node-work.ts';
import type { PreparedBuild } from './prepare-build.ts';
import type { RunningBuilds } from './running-builds.ts';
import type { SharedPortForwards } from './shared-port-forwards.ts';

export interface BuildServices extends PackingFolders {
  readonly store: ImageStore;
  readonly receiver: Receiver;
  readonly portForwards: SharedPortForwards;
  readonly nodeWork: NodeWork;
  /** What is known of the contexts that nodes keep. */
  readonly layouts: TarLayouts;
  readonly pool: Pick<ConnectionPool, 'connect'>;
  readonly slots: NodeSlots;
  readonly events: Events;
  readonly history: History;
  readonly running: RunningBuilds;
  readonly pushes: Pick<Pushes, 'begin'>;
}

/** One build, from its packed context to its manifest list. */
export class BuildRun {
  readonly #services: BuildServices;
  readonly #prepared: PreparedBuild;
  readonly #record: BuildRecord;
  readonly #cancellation: Cancellation;
  /** The slot of each job, on its current node. */
  readonly #slots = new Map<Platform, Slot>();
  readonly #failover: Failover;
  /** The connection to each node as it is now, by the node's name in this build. */
  readonly #connections: Map<string, Connection>;
  /** What jobs do on their nodes now. */
  readonly #work = new Set<{ readonly node: string; readonly ended: Promise<void> }>();
  /** The images of the finished jobs. */
  readonly #images: ReceivedImage[] = [];
  #push: RunningPush | undefined;

  /** @param prepared every platform is assigned. @param slots those of the assignments, in their order. */
  constructor(services: BuildServices, prepared: PreparedBuild, slots: readonly Slot[]) {
    const { request, nodes, connections, schedule } = prepared;
    this.#services = services;
    this.#prepared = prepared;
    this.#record = new BuildRecord(prepared, services.history, services.running, services.events);
    this.#cancellation = new Cancellation(request.reference);
    this.#failover = new Failover(nodes, request);
    this.#connections = new Map(connections.map((connection) => [connection.name, connection]));
    slots.forEach((slot, position) => {
      const assignment = schedule.assignments[position];
      if (assignment) {
        this.#slots.set(assignment.platform, slot);
      }
    });
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
    if (platform === undefined) {
      void this.#push?.cancel();
    }
    for (const tracker of this.#record.trackers) {
      if (platform === undefined || tracker.job.platform === platform) {
        tracker.startCancelling();
      }
    }
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
   * Opens the build's record. To be called once, before {@link run}.
   * @throws Failure `disk.full`, `settings.unwritable`
   */
  async open(): Promise<void> {
    try {
      await this.#record.open((platform) => this.cancel(platform));
    } catch (error) {
      await this.#releaseSlots();
      throw error;
    }
  }

  /**
   * Runs the build to its end. Never rejects: a failure is the problem of the build.
   * @returns whether its end could be saved in the history
   */
  async run(): Promise<boolean> {
    try {
      await this.#withContext((context) =>
        // jobs leave their nodes while the image is stored and pushed
        this.#withLease((lease) => this.#buildAndPush(context, lease).finally(() => this.#leaveNodes())),
      );
    } catch (error) {
      this.#record.fail(problemOf(error));
    }
    this.#prepared.source.release();
    this.#prepared.namedContexts.release();
    await this.#releaseSlots();
    await this.#freeDisk();
    return this.#record.close();
  }

  /** Packs the context and uses it while it is packed. */
  async #withContext(use: (context: PackedContext) => Promise<void>): Promise<void> {
    const { events } = this.#services;
    const packing = this.#prepared.packing ?? startPacking(this.#prepared, this.#services);
    const context = await packing.open(this.#cancellation.signal, (progress) =>
      events.batch({ event: 'build.context', buildId: this.id, ...progress, done: false }),
    );
    context.done.then(
      (summary) => {
        this.#record.setContext(summary);
        const { digest: _, ...packed } = summary;
        events.batch({ event: 'build.context', buildId: this.id, ...packed, done: true });
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

  /** Builds the image, and pushes what is there of it meanwhile if the request says so. */
  async #buildAndPush(context: PackedContext, lease: Lease): Promise<void> {
    const push = await this.#beginPush();
    try {
      if (!(await this.#buildAll(context, lease))) {
        return;
      }
      const list = push?.direct ? undefined : await this.#commit();
      const ended = await push?.finish(() => this.#pushContent());
      if (!list && ended?.problem) {
        // without the push, the image is nowhere
        this.#cancellation.signal.throwIfAborted();
        throw new Failure(ended.problem);
      }
      this.#record.succeed(list);
    } finally {
      // changes nothing if the push has ended
      await push?.cancel(
        fail('push.cancelled', 'Nothing was pushed, because not all platforms were built.', 'Retry the build.'),
      );
    }
  }

  async #beginPush(): Promise<RunningPush | undefined> {
    const { request, inputs, containerfile } = this.#prepared;
    const { reference, buildArgs, push } = request;
    if (!push) {
      return undefined;
    }
    const { instructions } = parseContainerfile(containerfile.content.toString('utf8'));
    const running = await this.#services.pushes.begin({
      buildId: this.id,
      reference,
      destination: parseDestination(reference, push.destination),
      tlsVerify: push.tlsVerify,
      direct: push.direct,
      credentials: inputs.pushCredentials,
      pulled: this.build.jobs
        .slice(0, 1)
        .flatMap(({ platform }) => namedImages({ instructions, buildArgs, platform, nodePlatform: platform })),
    });
    this.#record.setPush(running);
    this.#push = running;
    this.#cancellation.signal.throwIfAborted();
    return running;
  }

  /** Joins the images in a manifest list in local storage. If that fails, they are kept for a retry. */
  async #commit(): Promise<ManifestList> {
    const marks = { mismatched: mismatchedPlatforms(this.build.jobs) };
    const { reference, listAnnotations: annotations } = this.#prepared.request;
    const { signal } = this.#cancellation;
    try {
      return await this.#services.store.commit(reference, this.#images, { ...marks, annotations, signal });
    } catch (error) {
      await this.#keepImages().catch(() => undefined);
      throw error;
    }
  }

  /** The list of all images, with those that are here. */
  async #pushContent(): Promise<PushContent> {
    const isPushed = ({ digest }: ReceivedImage): boolean => this.#push?.direct?.has(digest) ?? false;
    const here = this.#images.filter((image) => !isPushed(image));
    return {
      ...(await readImages(this.#services.store.blobs, here)),
      list: createManifestList(this.#images, this.#prepared.request.listAnnotations),
      pushed: this.#images.filter(isPushed),
    };
  }

  /** Builds all platforms in parallel. @returns whether all are built */
  async #buildAll(context: PackedContext, lease: Lease): Promise<boolean> {
    const containerfile = parseContainerfile(this.#prepared.containerfile.content.toString('utf8'));
    const { store, receiver, portForwards, nodeWork, layouts } = this.#services;
    const contexts = new BuildContexts(this.#prepared.namedContexts, this.#services, {
      project: this.#prepared.project,
      lease,
      signal: this.#cancellation.signal,
    });
    const input: JobInput = {
      contexts,
      buildId: this.id,
      prepared: this.#prepared,
      context,
      lease,
      containerfile,
      store,
      receiver,
      portForwards,
      nodeWork,
      layouts,
      logins: new BaseImageLogins(systemPaths()),
      push: this.#push,
      onBlob: (blob) => this.#push?.add([blob]),
    };
    await this.#holdFinished(lease);
    try {
      await Promise.all(this.#record.trackers.map((tracker) => this.#buildPlatform(tracker, input)));
    } finally {
      await contexts.close();
    }
    if (this.#images.length < this.build.jobs.length) {
      this.#record.failWithJobs();
      return false;
    }
    // if this process ends before it saves the end of the build, the record and the stored list show that it was done
    await this.#record.save().catch(() => undefined);
    return true;
  }

  /**
   * Takes the finished images of the build that is retried.
   * @throws Failure `image.incomplete` if they are no longer there
   */
  async #holdFinished(lease: Lease): Promise<void> {
    const { retried } = this.#prepared.inputs;
    if (!retried || retried.finished.length === 0) {
      return;
    }
    const { store } = this.#services;
    const held = await store.holdImages(retried.build.id, retried.build.reference, lease);
    for (const job of retried.finished) {
      const image = held.find(({ digest }) => digest === job.digest);
      if (!image) {
        throw fail(
          'image.incomplete',
          `The image of build ${retried.build.id} for ${job.platform} is no longer in local storage.`,
          'Start the build again.',
        );
      }
      this.#addImage(image);
    }
    // the build that is retried may be deleted before this one ends
    await this.#keepImages();
  }

  #addImage(image: ReceivedImage): void {
    this.#images.push(image);
    if (!this.#push?.direct?.has(image.digest)) {
      this.#push?.add(blobsOf(image));
    }
  }

  /** Keeps the images of the finished jobs, also beyond the end of the build if it does not complete. */
  async #keepImages(): Promise<void> {
    // of a list that is not stored here, nothing is kept here: a retry finds the images in the registry
    if (this.#push?.direct) {
      return;
    }
    await this.#services.store.keep(this.id, this.#prepared.request.reference, this.#images);
  }

  /** Builds one platform, on another node if its node is lost or fails. Never rejects if it fails, so that the others go on. */
  async #buildPlatform(tracker: JobTracker, input: JobInput): Promise<void> {
    const { platform } = tracker.job;
    const signal = this.#cancellation.signalOf(platform);
    for (;;) {
      try {
        const image = await this.#runJob(tracker, input, signal);
        this.#addImage(image);
        // the last images are joined at once
        const isLast = this.#images.length === this.build.jobs.length;
        if (!isLast) {
          await this.#keepImages().catch((error: unknown) => {
            tracker.logLine(`The image is not kept if other platforms fail: ${problemOf(error).message}`);
          });
        }
        tracker.complete({ digest: image.digest, size: image.size });
        if (!isLast) {
          await this.#record.save().catch(() => undefined);
        }
        return;
      } catch (error) {
        await this.#slots.get(platform)?.release();
        if (
          !isNodeFailure(error) ||
          signal.aborted ||
          !(await this.#moveJob(tracker, error.problem).catch(() => false))
        ) {
          tracker.fail(problemOf(error));
          return;
        }
      }
    }
  }

  /** Runs a job as soon as its node has a slot for it. */
  async #runJob(tracker: JobTracker, input: JobInput, signal: AbortSignal): Promise<ReceivedImage> {
    const { node, platform } = tracker.job;
    const slot = this.#slots.get(platform);
    if (!slot) {
      throw new Error(`there is no slot for ${platform}`);
    }
    await slot.acquire({
      signal: AbortSignal.any([signal, this.#failover.lossOf(node)]),
      onWait: (ahead) => {
        // what is built is what the project contains now
        input.context.prepare();
        tracker.waitForSlot(ahead);
      },
    });
    if (tracker.job.startedAt === undefined) {
      tracker.start();
    }
    const ended = AbortSignal.any([signal, this.#failover.withdrawalOf(node)]);
    ended.throwIfAborted();
    const job = this.#connect(node, ended).then((connection) => runJob(input, tracker, connection, ended));
    this.#addWork(
      node,
      job.then(({ left }) => left),
    );
    const { image } = await job;
    await slot.release();
    return image;
  }

  #addWork(node: string, result: Promise<void>): void {
    const end = (): void => void this.#work.delete(work);
    const work = { node, ended: result.then(end, end) };
    this.#work.add(work);
  }

  /** Resolves when no job does anything on its node. */
  async #leaveNodes(): Promise<void> {
    await Promise.all([...this.#work].map(({ ended }) => ended));
  }

  /** Moves a job whose node was lost to the queue of another node. @returns whether another node can build its platform */
  async #moveJob(tracker: JobTracker, problem: Problem): Promise<boolean> {
    const { assigned, slots } = await this.#services.slots.reserve(
      this.#prepared.connections,
      (load) => this.#failover.reassign(tracker.job, problem, load),
      (assignment) => (assignment ? [assignment] : []),
    );
    const [slot] = slots;
    if (!assigned || !slot) {
      return false;
    }
    this.#slots.set(tracker.job.platform, slot);
    tracker.moveTo(assigned, problem);
    return true;
  }

  #connect(node: string, signal: AbortSignal): Promise<NodeConnection> {
    const connection = this.#connections.get(node);
    if (!connection) {
      throw new Error(`the schedule names ${node}, which is not a connection of the build`);
    }
    return this.#services.pool.connect(connection, signal);
  }

  async #releaseSlots(): Promise<void> {
    await Promise.all([...this.#slots.values()].map((slot) => slot.release()));
  }

  /**
   * Removes the images of a failed build from the store if the disk is full. Otherwise they stay, so that the next
   * build does not transfer their layers again.
   */
  async #freeDisk(): Promise<void> {
    const { problem, jobs } = this.build;
    if ([problem, ...jobs.map((job) => job.problem)].some((some) => some?.code === 'disk.full')) {
      await this.#services.store.releaseKept([this.id]).catch(() => undefined);
      await this.#services.store.collectGarbage().catch(() => undefined);
    }
  }
}
