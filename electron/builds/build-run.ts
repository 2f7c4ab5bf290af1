import type { Build } from '../../shared/build.ts';
import { formatReference, type ManifestList, parseReference } from '../../shared/image.ts';
import type { Platform } from '../../shared/platform.ts';
import { Failure, fail, problemOf } from '../../shared/problem.ts';
import type { ChangedConnection } from '../connections/changed-connections.ts';
import type { PackedContext } from '../context/pack-context.ts';
import type { TarLayouts } from '../context/tar-layouts.ts';
import { namedImages } from '../engines/named-images.ts';
import { usualTarHash } from '../engines/usual-tar-hash.ts';
import type { Events } from '../events.ts';
import { tagImage } from '../images/image-names.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Lease } from '../images/lease.ts';
import type { ReceivedImage } from '../images/manifest.ts';
import type { Receiver } from '../images/receiver/receiver.ts';
import { readImages } from '../images/stored-list.ts';
import type { Slot } from '../nodes/node-queue.ts';
import type { QueuedBuild } from '../nodes/node-slots.ts';
import type { Outputs, RunningOutput } from '../outputs/outputs.ts';
import { type GitFacts, readGitFacts } from '../projects/git-facts.ts';
import { parseContainerfile } from '../projects/parse-containerfile.ts';
import { blobsOf, type PushContent } from '../registry/push.ts';
import type { Pushes } from '../registry/pushes.ts';
import { readTaggedList } from '../registry/tagged-list.ts';
import { type AttestedImages, attestImages } from './attest-images.ts';
import { BaseImageLogins } from './base-image-logins.ts';
import { BuildPushes, destinationsOf } from './build-pushes.ts';
import { BuildRecord } from './build-record.ts';
import { Cancellation } from './cancellation.ts';
import { type PackingFolders, startPacking } from './context-packing.ts';
import { pushedList, registryLocation, remoteOptions, wholeImages } from './existing-images.ts';
import { giveNames } from './give-names.ts';
import type { History } from './history.ts';
import { type JobInput, mismatchedPlatforms } from './job.ts';
import type { JobLog } from './job-log.ts';
import { JobRunner, type JobRunnerServices } from './job-runner.ts';
import type { JobTracker } from './job-tracker.ts';
import { BuildContexts } from './named-contexts.ts';
import type { NodeWork } from './node-work.ts';
import { missingPlatforms } from './optional-platforms.ts';
import type { PreparedBuild } from './prepare-build.ts';
import type { RunningBuilds } from './running-builds.ts';
import type { SharedPortForwards } from './shared-port-forwards.ts';

export interface BuildServices extends PackingFolders, JobRunnerServices {
  readonly store: ImageStore;
  readonly receiver: Receiver;
  readonly portForwards: SharedPortForwards;
  readonly nodeWork: NodeWork;
  /** What is known of the contexts that nodes keep. */
  readonly layouts: TarLayouts;
  readonly events: Events;
  readonly history: History;
  readonly running: RunningBuilds;
  readonly pushes: Pick<Pushes, 'begin' | 'source'>;
  readonly outputs: Pick<Outputs, 'begin'>;
}

/** One build, from its packed context to its manifest list. */
export class BuildRun {
  readonly #services: BuildServices;
  readonly #prepared: PreparedBuild;
  readonly #record: BuildRecord;
  readonly #cancellation: Cancellation;
  readonly #jobs: JobRunner;
  /** The images of the finished jobs. */
  readonly #images: ReceivedImage[] = [];
  /** Images that were in local storage under the name of the build, and stay in its list. */
  #found: ReceivedImage[] = [];
  #pushes: BuildPushes | undefined;
  #outputs: readonly RunningOutput[] = [];
  /** Starts a job. Undefined unless jobs are running. */
  #beginJob: ((tracker: JobTracker, isAgain: boolean) => void) | undefined;

  /** @param queued its id is that of the build. @param prepared every platform is assigned. @param slots those of the assignments, in their order. */
  constructor(services: BuildServices, queued: QueuedBuild, prepared: PreparedBuild, slots: readonly Slot[]) {
    this.#services = services;
    this.#prepared = prepared;
    this.#record = new BuildRecord(queued.id, prepared, services.history, services.running, services.events);
    this.#cancellation = new Cancellation(prepared.request.reference);
    this.#jobs = new JobRunner(services, prepared, { queued, slots, cancellation: this.#cancellation });
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
      void this.#pushes?.cancel();
      this.#cancelOutputs();
    }
    for (const tracker of this.#record.trackers) {
      if (platform === undefined || tracker.job.platform === platform) {
        tracker.startCancelling();
      }
    }
  }

  /**
   * Builds a platform again that has failed or was cancelled, while others are still being built.
   * @returns whether it can be
   */
  retry(platform: Platform): boolean {
    const tracker = this.#record.trackers.find(({ job }) => job.platform === platform);
    const canRetry =
      tracker && ['failed', 'cancelled'].includes(tracker.job.status) && !this.#cancellation.signal.aborted;
    if (!canRetry || !this.#beginJob) {
      return false;
    }
    this.#cancellation.renew(platform);
    tracker.restart(`${platform} is built again.`);
    this.#beginJob(tracker, true);
    return true;
  }

  /** See {@link JobRunner.connectionChanged}. */
  connectionChanged(change: ChangedConnection): Promise<void> {
    return this.#jobs.connectionChanged(change);
  }

  /**
   * Opens the build's record. To be called once, before {@link run}.
   * @throws Failure `disk.full`, `settings.unwritable`
   */
  async open(): Promise<void> {
    try {
      await this.#record.open((request, platform) => {
        if (request === 'cancel') {
          this.cancel(platform);
        } else if (platform !== undefined) {
          this.retry(platform);
        }
      });
    } catch (error) {
      await this.#jobs.releaseSlots();
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
        this.#withLease((lease) => this.#buildAndPush(context, lease).finally(() => this.#jobs.leaveNodes())),
      );
    } catch (error) {
      this.#record.fail(problemOf(error));
    }
    this.#prepared.source.release();
    this.#prepared.namedContexts.release();
    await this.#jobs.releaseSlots();
    await this.#freeDisk();
    return this.#record.close();
  }

  /** Packs the context and uses it while it is packed. Undefined if all images are there. */
  async #withContext(use: (context: PackedContext | undefined) => Promise<void>): Promise<void> {
    const { events } = this.#services;
    if (this.#prepared.inputs.existing && this.#record.trackers.length === 0) {
      await use(undefined);
      return;
    }
    const packing = this.#prepared.packing ?? startPacking(this.#prepared, this.#services, this.#services);
    const context = await packing.open(this.#cancellation.signal, (progress) =>
      events.batch({ event: 'build.context', buildId: this.id, ...progress, done: false }),
    );
    for (const status of this.#prepared.nodes) {
      const hash = status.state === 'up' ? usualTarHash(status.node) : undefined;
      if (hash) {
        context.hash(hash);
      }
    }
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
    const { store } = this.#services;
    const lease = await store.createLease(this.id);
    try {
      await use(lease);
    } finally {
      await lease.release();
      if (this.#prepared.inputs.retried?.resumes) {
        // that of the process that was interrupted
        await store.dropLeases([this.id]).catch(() => undefined);
      }
    }
  }

  /** Builds the image, and pushes what is there of it meanwhile if the request says so. */
  async #buildAndPush(context: PackedContext | undefined, lease: Lease): Promise<void> {
    const pushes = await this.#beginPushes();
    const git = this.#findCommit();
    let isBuilt = false;
    try {
      await this.#holdFound(lease);
      const missing = context ? await this.#buildAll(context, lease) : [];
      if (!missing) {
        return;
      }
      isBuilt = true;
      // ends its thread beside the rest; awaited where the context was opened
      void context?.close();
      const attested = await this.#attest(lease, git);
      const storing = pushes?.first.direct ? Promise.resolve(undefined) : this.#store(missing, attested);
      // a push whose image could not be stored is cancelled below
      const stored = storing.catch(() => new Promise(() => undefined));
      const push = async () => pushes?.finish(() => this.#pushContent(attested, lease), stored);
      // what describes an image is read from where it is stored
      const pushing = attested.attached.length > 0 || this.#prepared.signer ? stored.then(push) : push();
      const list = await storing;
      const outputs = this.#writeOutputs(list);
      const ended = await pushing;
      await outputs;
      if (!list && ended?.problem) {
        // without the push, the image is nowhere
        this.#cancellation.signal.throwIfAborted();
        throw new Failure(ended.problem);
      }
      if (list && ended?.status === 'done') {
        await this.#tagRelease(list);
      }
      this.#record.succeed(list, missing);
    } finally {
      // changes nothing if the push has ended
      await pushes?.cancel(
        isBuilt
          ? fail('push.cancelled', 'No tag was set, because the build failed after all its steps.', 'Retry the build.')
          : fail('push.cancelled', 'Nothing was pushed, because not all platforms were built.', 'Retry the build.'),
      );
    }
  }

  /** Gives the stored list the release tag that its registry has given to it, unless another image has it here. */
  async #tagRelease({ reference, digest }: ManifestList): Promise<void> {
    const { releaseTag } = this.#prepared.request;
    const parsed = parseReference(reference);
    if (releaseTag === undefined || typeof parsed === 'string') {
      return;
    }
    const { store } = this.#services;
    const name = formatReference({ ...parsed, tag: releaseTag });
    const other = await store.find(name).catch(() => undefined);
    if (other === undefined || other.digest === digest) {
      // the image is complete without it
      await tagImage(store, reference, name).catch(() => undefined);
    }
  }

  /** Writes what the request asks for of the stored list. Never rejects: failures are problems of the outputs. */
  async #writeOutputs(list: ManifestList | undefined): Promise<void> {
    const { reference, outputs = [] } = this.#prepared.request;
    if (!list) {
      return;
    }
    const { digest } = list;
    this.#outputs = outputs.map((output) =>
      this.#services.outputs.begin({ reference, output, buildId: this.id, digest }),
    );
    this.#record.setOutputs(this.#outputs);
    if (this.#cancellation.signal.aborted) {
      this.#cancelOutputs();
    }
    await Promise.all(this.#outputs.map(({ ended }) => ended));
  }

  #cancelOutputs(): void {
    for (const output of this.#outputs) {
      output.cancel();
    }
  }

  async #beginPushes(): Promise<BuildPushes | undefined> {
    const { request, inputs, containerfile } = this.#prepared;
    const { reference, buildArgs, push, releaseTag, archTags } = request;
    if (!push) {
      return undefined;
    }
    const { instructions } = parseContainerfile(containerfile.content.toString('utf8'));
    const running = await BuildPushes.begin(this.#services.pushes, destinationsOf(request), {
      buildId: this.id,
      reference,
      tlsVerify: push.tlsVerify,
      direct: push.direct,
      credentials: inputs.pushCredentials,
      tags: { release: releaseTag, byPlatform: archTags ?? false },
      merge: this.#keepsOthers,
      pulled: this.build.jobs
        .slice(0, 1)
        .flatMap(({ platform }) => namedImages({ instructions, buildArgs, platform, nodePlatform: platform })),
    });
    this.#record.setPushes(running);
    this.#pushes = running;
    this.#cancellation.signal.throwIfAborted();
    return running;
  }

  /** Stores the image under all its names, with the signature that the request asks for. */
  async #store(missing: readonly Platform[], attested: AttestedImages): Promise<ManifestList | undefined> {
    const list = await this.#commit(missing, attested);
    if (list) {
      await this.#prepared.signer?.sign(this.#services.store, list.reference, this.#cancellation.signal);
      await giveNames(this.#services.store, this.#prepared.request);
    }
    return list;
  }

  /**
   * Joins the images in a manifest list in local storage. If that fails, they are kept for a retry.
   * @param missing optional platforms
   * @returns undefined if nothing of it is here, because the registry has it
   */
  async #commit(missing: readonly Platform[], attested: AttestedImages): Promise<ManifestList | undefined> {
    const marks = { missing, optional: missing, mismatched: mismatchedPlatforms(this.build.jobs) };
    if (missing.length > 0) {
      // for a retry of what is missing
      await this.#keepImages();
    }
    const { reference, listAnnotations: annotations } = this.#prepared.request;
    const { signal } = this.#cancellation;
    const { attached } = attested;
    const images = [...attested.images, ...this.#stillListed];
    if (this.#images.length === 0 && this.#prepared.inputs.existing) {
      return images.length === 0 ? undefined : await this.#services.store.find(reference);
    }
    try {
      return await this.#services.store.commit(reference, images, { ...marks, annotations, attached, signal });
    } catch (error) {
      await this.#keepImages().catch(() => undefined);
      throw error;
    }
  }

  /** The commit of the project's folder when the build begins, if it records provenance. */
  async #findCommit(): Promise<GitFacts | undefined> {
    const { request, source, contents, containerfile } = this.#prepared;
    if (!request.provenance || source.isForeign) {
      return undefined;
    }
    const project = { context: contents.context, containerfile: containerfile.path };
    const facts = await readGitFacts(project, { signal: this.#cancellation.signal }).catch(() => undefined);
    return facts && 'commit' in facts ? facts : undefined;
  }

  /** Makes the provenance and the SBOM that the request asks for. If that fails, the images are kept for a retry. */
  async #attest(lease: Lease, git: Promise<GitFacts | undefined>): Promise<AttestedImages> {
    try {
      return await attestImages(this.#images, {
        ...{ build: this.build, prepared: this.#prepared, store: this.#services.store, lease },
        git: await git,
        signal: this.#cancellation.signal,
      });
    } catch (error) {
      await this.#keepImages().catch(() => undefined);
      throw error;
    }
  }

  /** The found images of platforms that were not built now. */
  get #stillListed(): ReceivedImage[] {
    return this.#found.filter(({ platform }) => this.#images.every((image) => image.platform !== platform));
  }

  /** Whether other platforms under the name of the build have the same content, so that they stay in its list. */
  get #keepsOthers(): boolean {
    const { contentTag, inputs } = this.#prepared;
    return contentTag ? !contentTag.isDirty : inputs.existing !== undefined;
  }

  /** The list of all images, with those that are here. */
  async #pushContent({ images: built, attached }: AttestedImages, lease: Lease): Promise<PushContent> {
    const { request, inputs, signer } = this.#prepared;
    const { store, pushes } = this.#services;
    const location = this.#keepsOthers ? registryLocation(request) : undefined;
    const { signal } = this.#cancellation;
    const remote =
      location &&
      (await readTaggedList(location, { ...remoteOptions(request, pushes.source(inputs.pushCredentials)), signal }));
    const { list, here } = pushedList(built, this.#stillListed, remote, request.listAnnotations);
    const hasAttached = attached.length > 0 || signer !== undefined;
    const found = hasAttached ? await store.attachedTo([list.digest, ...here.map(({ digest }) => digest)]) : [];
    // with the platforms of others, the list of the registry is not the stored one
    const isSigned = found.some((each) => each.attached.role === 'signatures' && each.attached.subject === list.digest);
    const signed = signer && !isSigned ? [await signer.signElsewhere(store, list.digest, lease)] : [];
    const isPushed = ({ digest }: ReceivedImage): boolean => this.#pushes?.first.direct?.has(digest) ?? false;
    return {
      ...(await readImages(
        store.blobs,
        here.filter((image) => !isPushed(image)),
      )),
      list,
      attached: [...found, ...signed],
      pushed: built.filter(isPushed),
    };
  }

  async #holdFound(lease: Lease): Promise<void> {
    if (this.#keepsOthers && !this.#pushes?.first.direct) {
      this.#found = await wholeImages(this.#services.store, this.#prepared.request.reference, lease);
    }
  }

  /**
   * Builds all platforms in parallel.
   * @returns the optional platforms that are not built. Undefined if the build has failed.
   */
  async #buildAll(context: PackedContext, lease: Lease): Promise<Platform[] | undefined> {
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
      logins: new BaseImageLogins(this.#services.pushes.source()),
      push: this.#pushes?.first,
      onBlob: (blob) => this.#pushes?.add([blob]),
    };
    await this.#holdFinished(lease);
    try {
      await this.#runJobs(input);
    } finally {
      await contexts.close();
    }
    const missing = missingPlatforms(this.build);
    if (!missing || (missing.length > 0 && this.#cancellation.signal.aborted)) {
      this.#record.failWithJobs();
      return undefined;
    }
    // if this process ends before it saves the end of the build, the record and the stored list show that it was done
    await this.#record.save().catch(() => undefined);
    return missing;
  }

  /** Runs all jobs, and those that are started again meanwhile. */
  async #runJobs(input: JobInput): Promise<void> {
    const running = new Set<Promise<void>>();
    const begin = (tracker: JobTracker, isAgain: boolean): void => {
      const queued = isAgain ? this.#jobs.queueAgain(tracker) : Promise.resolve();
      const job = queued
        .then(
          () => this.#buildPlatform(tracker, input),
          (error: unknown) => tracker.fail(problemOf(error)),
        )
        .finally(() => running.delete(job));
      running.add(job);
    };
    this.#beginJob = begin;
    try {
      for (const tracker of this.#record.trackers) {
        begin(tracker, false);
      }
      while (running.size > 0) {
        await Promise.race(running);
      }
    } finally {
      this.#beginJob = undefined;
      // one of them has thrown
      await Promise.allSettled(running);
    }
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
    if (!this.#pushes?.first.direct?.has(image.digest)) {
      this.#pushes?.add(blobsOf(image));
    }
  }

  /** Keeps the images of the finished jobs, also beyond the end of the build if it does not complete. */
  async #keepImages(): Promise<void> {
    // of a list that is not stored here, nothing is kept here: a retry finds the images in the registry
    if (this.#pushes?.first.direct) {
      return;
    }
    await this.#services.store.keep(this.id, this.#prepared.request.reference, this.#images);
  }

  /** Builds one platform. Never rejects if it fails, so that the others go on. */
  async #buildPlatform(tracker: JobTracker, input: JobInput): Promise<void> {
    const image = await this.#jobs.run(tracker, input);
    if (!image) {
      return;
    }
    this.#addImage(image);
    // the last images are joined at once
    const isLast = this.#images.length === this.build.jobs.filter((job) => !job.foundIn).length;
    if (!isLast) {
      await this.#keepImages().catch((error: unknown) => {
        tracker.logLine(`The image is not kept if other platforms fail: ${problemOf(error).message}`);
      });
    }
    const save = isLast ? undefined : () => this.#record.save();
    await tracker.complete({ digest: image.digest, size: image.size }, save);
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
