/** Builds: from a request to jobs on nodes to a manifest list, with the history and logs of all builds. */
import { isAbsolute } from 'node:path';
import type { Build, BuildRequest, Job } from '../../shared/build.ts';
import { entryOf } from '../../shared/build-entry.ts';
import type { CallOutput, CallRequest } from '../../shared/contract.ts';
import { withOutput } from '../../shared/output-list.ts';
import type { OutputState } from '../../shared/output-state.ts';
import type { Platform } from '../../shared/platform.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import type { Schedule } from '../../shared/schedule.ts';
import type { Settings } from '../../shared/settings.ts';
import { type ChangedConnection, changedConnections } from '../connections/changed-connections.ts';
import { preparePackingThread } from '../context/packing-thread.ts';
import { ContainerfileSteps } from '../engines/containerfile-steps.ts';
import type { ReceivedImage } from '../images/manifest.ts';
import type { QueuedBuild } from '../nodes/node-slots.ts';
import type { Nodes } from '../nodes/nodes.ts';
import type { Outputs } from '../outputs/outputs.ts';
import { findRepository } from '../projects/git-facts.ts';
import { parseContainerfile } from '../projects/parse-containerfile.ts';
import { queueOrder } from '../scheduling/schedule.ts';
import type { SettingsStore } from '../settings/settings-store.ts';
import type { ContextSources } from '../sources/context-sources.ts';
import type { AnySecretRequest, AskSecret } from '../ssh/authentication/secret-request.ts';
import { assertOptionsAgree } from './agreeing-options.ts';
import { type BuildInputs, type ExistingImages, reusedJob } from './build-inputs.ts';
import { destinationsOf } from './build-pushes.ts';
import { newBuildId } from './build-record.ts';
import { BuildRun, type BuildServices } from './build-run.ts';
import { BuildSecrets } from './build-secrets.ts';
import { buildCancelled } from './cancellation.ts';
import { assertMayPush, assertSameContent, type TaggedRequest, withContentTag } from './content-tag.ts';
import { startPacking } from './context-packing.ts';
import type { JobInput } from './equivalent/ci-jobs.ts';
import { equivalents } from './equivalent/equivalents.ts';
import { assertAllFound, findExisting } from './existing-images.ts';
import { ForeignBuilds } from './foreign-builds.ts';
import { giveNames } from './give-names.ts';
import { mismatchedPlatforms } from './job.ts';
import { readLog, searchLog, withStepIds } from './job-log.ts';
import { namedPlatforms, platformsOf } from './optional-platforms.ts';
import {
  assertAllAssigned,
  type PreparedBuild,
  type PrepareOptions,
  prepareBuild,
  type UnscheduledBuild,
  withAutomatic,
} from './prepare-build.ts';
import type { ProjectMemories } from './project-memory.ts';
import { assertUnchanged, resumedRequest } from './resumed-build.ts';
import { ImageSigner, withSettings } from './sign-images.ts';
import { assertSpaceHere } from './space-here.ts';

/** More steps than a Containerfile has. */
const maxPlannedSteps = 1000;

export interface BuildsOptions extends BuildServices {
  readonly nodes: PrepareOptions['nodes'] & Pick<Nodes, 'connections' | 'keepProbes'>;
  readonly projects: ProjectMemories;
  readonly outputs: Pick<Outputs, 'begin' | 'check'>;
  /** How fast bytes go to nodes. */
  readonly links?: PrepareOptions['links'];
  readonly sources: ContextSources;
  readonly settings: SettingsStore;
  /** Asks for secrets of builds, and for passphrases of keys that they may sign with. */
  readonly askSecret?: AskSecret<AnySecretRequest> | undefined;
  /** Whether builds of other processes of the data folder are followed, with events. */
  readonly followsOthers: boolean;
}

/** All builds: the running ones of this process and others, and the history. */
export class Builds {
  readonly #options: BuildsOptions;
  /** The builds of this process that are running or whose end could not be saved. */
  readonly #own = new Map<string, { run: BuildRun; ended: Promise<unknown> }>();
  readonly #others: ForeignBuilds;
  /** The ids of interrupted builds that are being prepared to go on. */
  readonly #resuming = new Set<string>();
  #isClosed = false;

  constructor(options: BuildsOptions) {
    const { history, running, events, followsOthers } = options;
    this.#options = options;
    this.#others = new ForeignBuilds(history, running, events, (id) => this.#own.has(id));
    if (followsOthers) {
      void this.#resumeInterrupted();
    }
  }

  /**
   * The schedule that {@link start} would use. Platforms that no node can build are in it.
   * @throws Failure if the request is invalid
   */
  async preview(request: BuildRequest, signal?: AbortSignal, inputs: BuildInputs = {}): Promise<Schedule> {
    const unscheduled = await this.#prepare(request, signal, { inputs, acceptsRecent: true });
    releaseFiles(unscheduled);
    return unscheduled.schedule(await this.#options.slots.load(unscheduled.connections)).schedule;
  }

  /**
   * Starts a build and resolves with its first state. The signal can prevent the start; afterwards, {@link cancel} ends it.
   * @throws Failure for everything that is known before any work begins
   */
  start(request: BuildRequest, inputs: BuildInputs = {}, signal?: AbortSignal): Promise<Build> {
    return this.#start(request, inputs, signal);
  }

  /**
   * Starts a build that has the finished images of an earlier build, except of the platforms that are named, and builds the
   * others. While the build runs, its platforms that have failed are built again in it.
   * @throws Failure `build.unknown`, `build.running`, `input.invalid`, and those of {@link start}
   */
  async retry(
    { id, platforms, pushCredentials, proxyVariables, ...given }: CallRequest<'builds.retry'>,
    signal?: AbortSignal,
    changes: Partial<Pick<BuildRequest, 'bake' | 'contexts'>> = {},
  ): Promise<Build> {
    const current = await this.get(id);
    const unknown = platforms?.find((platform) => current.jobs.every((job) => job.platform !== platform));
    if (unknown) {
      throw unknownJobFailure(current, unknown);
    }
    if (current.status === 'running' && platforms) {
      return this.#retryRunning(current, platforms);
    }
    const build = await this.#getEnded(id);
    const images = await this.#finishedImages(build);
    const finished = build.jobs
      .filter((job) => !platforms?.includes(job.platform) && images.some(({ digest }) => digest === job.digest))
      .map((job) => reusedJob(build, job));
    // the images of a build without a list are in the registry
    const isWhole =
      finished.length === platformsOf(build).length || (build.list === undefined && platforms === undefined);
    if (build.status === 'done' && isWhole) {
      throw fail('input.invalid', `All platforms of build ${id} are done.`, 'Name the platforms to build again.');
    }
    const request = { ...build.request, ...changes, platforms: platformsOf(build) };
    return this.#start(
      request,
      { retried: { build, finished, again: platforms }, pushCredentials, proxyVariables, given },
      signal,
    );
  }

  /** @throws Failure `input.invalid` if one of the platforms has not failed, `build.incomplete` if the build ends before */
  async #retryRunning(build: Build, platforms: readonly Platform[]): Promise<Build> {
    const { id } = build;
    for (const { platform, status } of build.jobs) {
      if (platforms.includes(platform) && status !== 'failed' && status !== 'cancelled') {
        throw fail(
          'input.invalid',
          `${platform} of build ${id} has not failed.`,
          'Retry it when it has, or cancel it first.',
        );
      }
    }
    const own = this.#own.get(id);
    for (const platform of platforms) {
      if (!own) {
        await this.#options.running.requestRetry(id, platform);
      } else if (!own.run.retry(platform)) {
        throw fail('build.incomplete', `Build ${id} has just ended.`, 'Retry it again.');
      }
    }
    return this.get(id);
  }

  /**
   * Follows other builds from now on, and goes on with those whose processes have died since this folder was used last, if the
   * setting says so. What cannot be resumed is shown as interrupted. Never rejects.
   */
  async #resumeInterrupted(): Promise<void> {
    const { running, settings } = this.#options;
    const dead = await running.dead();
    if (this.#isClosed) {
      return;
    }
    this.#others.follow();
    const { resumeInterrupted = false } = await settings.get().catch(() => ({ resumeInterrupted: false }));
    for (const id of resumeInterrupted ? dead : []) {
      await this.resume({ id }).catch(() => undefined);
    }
  }

  /**
   * Goes on with a build whose process ended before it did: its finished images stay, and its push goes on.
   * @throws Failure `build.unknown`, `build.running`, `input.invalid` if it has ended, `build.changed` if its project has changed,
   *   and those of {@link start}
   */
  async resume(
    { id, acceptsChanges, pushCredentials, proxyVariables, ...given }: CallRequest<'builds.resume'>,
    signal?: AbortSignal,
  ): Promise<Build> {
    const build = await this.#getEnded(id);
    if (build.status !== 'interrupted') {
      throw fail('input.invalid', `Build ${id} was not interrupted.`, 'Retry it, or build it again.');
    }
    if (this.#resuming.has(id)) {
      throw runningFailure(id);
    }
    this.#resuming.add(id);
    try {
      const images = await this.#finishedImages(build);
      const finished = build.jobs.filter(
        ({ status, digest }) => status === 'done' && images.some((image) => image.digest === digest),
      );
      const { text } = await this.#options.history.containerfile(id);
      return await this.#start(
        resumedRequest(build),
        { retried: { build, finished, resumes: true }, pushCredentials, proxyVariables, given },
        signal,
        acceptsChanges ? undefined : (prepared) => assertUnchanged(build, finished, text, prepared),
      );
    } finally {
      this.#resuming.delete(id);
    }
  }

  /**
   * Stores the finished images of an incomplete build as a manifest list under its reference.
   * @throws Failure `build.unknown`, `build.running`, `image.incomplete` if there are none
   */
  async storeIncomplete(id: string): Promise<Build> {
    const build = await this.#getEnded(id);
    if (build.list) {
      return build;
    }
    const { store, history, events } = this.#options;
    const list = await this.#withFinishedImages(build, (images) => {
      if (images.length === 0) {
        throw fail('image.incomplete', `Build ${id} has no finished images in local storage.`, 'Retry the build.');
      }
      const isMissing = ({ digest }: Job): boolean => images.every((image) => image.digest !== digest);
      return store.commit(build.reference, images, {
        annotations: build.request.listAnnotations,
        missing: build.jobs.filter(isMissing).map(({ platform }) => platform),
        mismatched: mismatchedPlatforms(build.jobs.filter((job) => !isMissing(job))),
      });
    });
    await giveNames(store, build.request);
    const stored: Build = { ...build, list };
    await history.save(stored);
    this.#own.delete(id);
    events.emit({ event: 'build.finished', build: stored });
    return stored;
  }

  /**
   * Writes an output of an ended build, again or for the first time, and records it with the build.
   * @throws Failure `build.unknown`, `build.running`, `image.unknown`, and those of `Outputs.check`
   */
  async writeOutput({ buildId, output }: CallRequest<'outputs.repeat'>): Promise<OutputState> {
    const build = await this.#getEnded(buildId);
    const { list, reference } = build;
    if (!list) {
      throw fail(
        'image.unknown',
        `Build ${buildId} has stored no image here.`,
        'Build it again, without a direct push.',
      );
    }
    const { outputs } = this.#options;
    await outputs.check([output], true);
    const running = outputs.begin({ reference, output, buildId, digest: list.digest });
    void running.ended.then((state) => this.#recordOutput(buildId, state)).catch(() => undefined);
    return running.state;
  }

  async #recordOutput(buildId: string, state: OutputState): Promise<void> {
    const build = await this.#getEnded(buildId);
    const changed: Build = { ...build, outputs: withOutput(build.outputs, state) };
    await this.#options.history.save(changed);
    this.#own.delete(buildId);
    this.#options.events.emit({ event: 'build.finished', build: changed });
  }

  /** @param check may refuse to build what was prepared */
  async #start(
    asked: BuildRequest,
    inputs: BuildInputs,
    signal?: AbortSignal,
    check?: (prepared: UnscheduledBuild) => Promise<void>,
  ): Promise<Build> {
    const { settings, askSecret, outputs } = this.#options;
    preparePackingThread();
    const wanted = withSettings(asked, await settings.get());
    assertOptionsAgree(wanted);
    const tagged = await withContentTag(wanted, signal);
    assertMayPush(tagged);
    const { request: named, contentTag } = tagged;
    if (named.push) {
      destinationsOf(named);
    }
    const { retried } = inputs;
    if (retried) {
      assertSameContent(retried.build, retried.finished.length, tagged);
    }
    await outputs.check(named.outputs ?? [], true);
    const { request, existing } = await this.#findExisting(tagged, inputs, signal);
    const { given, ...others } = inputs;
    const secrets = await BuildSecrets.open(request, given, { askSecret, signal });
    const signer = await ImageSigner.open(request, { askSecret, signal });
    const unscheduled = await this.#prepare(request, signal, {
      inputs: { ...others, ...(existing ? { existing } : {}) },
      contentTag,
      secrets,
      signer,
      pack: (project) => startPacking(project, this.#options, this.#options),
    });
    try {
      await check?.(unscheduled);
      await assertSpaceHere(this.#options.spoolFolder, unscheduled);
      return await this.#open(unscheduled, await settings.get(), signal);
    } catch (error) {
      await unscheduled.packing?.close();
      releaseFiles(unscheduled);
      throw error;
    }
  }

  /**
   * What of a build is there already, if it does not build that.
   * @returns the request with the platforms that it has then
   */
  async #findExisting(
    { request, contentTag }: TaggedRequest,
    { retried, pushCredentials }: BuildInputs,
    signal = new AbortController().signal,
  ): Promise<{ readonly request: BuildRequest; readonly existing?: ExistingImages }> {
    if ((request.existing ?? 'build') === 'build') {
      return { request };
    }
    const { store, events, pushes } = this.#options;
    const platforms = namedPlatforms(request) ?? (await this.#nativePlatforms(request, signal));
    const { finished = [], again = [] } = retried ?? {};
    const wanted = platforms.filter(
      (platform) => !again.includes(platform) && finished.every((job) => job.platform !== platform),
    );
    const { context } = request;
    const onProgress = (text: string): void => events.emit({ event: 'source.progress', context, text });
    const credentials = pushes.source(pushCredentials);
    const existing = await findExisting(request, contentTag, wanted, { store, credentials, signal, onProgress });
    assertAllFound(request, wanted, existing);
    return { request: { ...request, platforms }, existing };
  }

  /** The platforms of a request that leaves them to the nodes. */
  async #nativePlatforms(request: BuildRequest, signal: AbortSignal): Promise<Platform[]> {
    const { assignments, unassigned } = await this.preview(request, signal);
    return [...assignments, ...unassigned].map(({ platform }) => platform);
  }

  async #open(
    unscheduled: UnscheduledBuild,
    { keepBuilds, startsSlowJobsTwice = false }: Settings,
    signal: AbortSignal | undefined,
  ): Promise<Build> {
    const { reference, queuePriority: priority } = unscheduled.request;
    const { retried } = unscheduled.inputs;
    const id = retried?.resumes ? retried.build.id : newBuildId();
    const queued: QueuedBuild = { id, reference, priority, sinceMs: Date.now() };
    const { assigned: prepared, slots: queue } = await this.#options.slots.reserve(
      queued,
      unscheduled.connections,
      (load) => {
        const scheduled = unscheduled.schedule(load);
        assertAllAssigned(scheduled);
        return scheduled;
      },
      ({ schedule }) => queueOrder(schedule.assignments),
    );
    const { assignments } = prepared.schedule;
    const order = queueOrder(assignments);
    const slots = assignments.flatMap((assignment) => queue[order.indexOf(assignment)] ?? []);
    if (this.#isClosed || signal?.aborted) {
      await Promise.all(slots.map((slot) => slot.release()));
      throw signal?.reason ?? buildCancelled(reference);
    }
    const run = new BuildRun(this.#options, queued, { ...prepared, startsSlowJobsTwice }, slots);
    // connections may have been changed while their nodes were probed
    const opened = this.#noteChanges(run, prepared).then(() => run.open());
    const ended = opened
      .then(
        () => run.run(),
        () => true,
      )
      .then(async (isSaved) => {
        if (isSaved) {
          this.#own.delete(run.id);
        }
        const isDone = run.build.status === 'done';
        await Promise.all([this.#retain(keepBuilds), isDone && this.#options.nodes.keepProbes(prepared.connections)]);
      });
    this.#own.set(run.id, { run, ended: ended.catch(() => undefined) });
    await opened;
    return run.build;
  }

  async #noteChanges(run: BuildRun, { connections }: PreparedBuild): Promise<void> {
    const now = await this.#options.nodes.connections().catch(() => connections);
    for (const change of changedConnections(connections, now)) {
      void run.connectionChanged(change);
    }
  }

  /**
   * To be called when a connection was changed.
   * @returns when no job of this process uses it any more, if it was not only renamed. Never rejects.
   */
  async connectionChanged(change: ChangedConnection): Promise<void> {
    await Promise.all([...this.#own.values()].map(({ run }) => run.connectionChanged(change)));
  }

  /**
   * Cancels a build of any process and waits for its end. With a platform, cancels only its job and does not wait. A build
   * that has ended stays as it is.
   * @throws Failure `build.unknown`, and `disk.full` or `settings.unwritable` if another process cannot be asked
   */
  async cancel(id: string, platform?: Platform): Promise<void> {
    const own = this.#own.get(id);
    const { running } = this.#options;
    if (own) {
      own.run.cancel(platform);
    } else if ((await this.get(id)).status === 'running') {
      await running.requestCancel(id, platform);
    }
    if (platform === undefined) {
      await (own ? own.ended : running.ended(id));
    }
  }

  /** Resolves when a build of this process has ended and is saved. */
  async ended(id: string): Promise<void> {
    await this.#own.get(id)?.ended;
  }

  /** @throws Failure `build.unknown` */
  async get(id: string): Promise<Build> {
    return this.#own.get(id)?.run.build ?? this.#options.history.get(id);
  }

  /** A page of the builds, newest first. */
  async list(request: CallRequest<'builds.list'>, signal?: AbortSignal): Promise<CallOutput<'builds.list'>> {
    const { entries, next } = await this.#options.history.list({ ...request, signal });
    const current = entries.map((entry) => {
      const own = this.#own.get(entry.id);
      return own ? entryOf(own.run.build) : entry;
    });
    return { entries: current, ...(next === undefined ? {} : { next }) };
  }

  /** @throws Failure `build.unknown`, `build.running` */
  async remove(id: string): Promise<void> {
    const { history, running } = this.#options;
    await history.assertExists(id);
    if (this.#own.get(id)?.run.build.status === 'running' || (await running.isRunning(id))) {
      throw runningFailure(id);
    }
    await history.remove(id);
    this.#own.delete(id);
    await this.#onRemoved([id]);
  }

  /** Deletes all but the newest builds. */
  async #retain(count: number): Promise<void> {
    const ids = await this.#options.history.retain(count);
    if (ids.length > 0) {
      await this.#onRemoved(ids);
    }
  }

  async #onRemoved(ids: string[]): Promise<void> {
    const { store, events } = this.#options;
    events.emit({ event: 'builds.removed', ids });
    // what cannot be removed now is removed when many later builds have kept their images
    await store.dropLeases(ids).catch(() => undefined);
    await store.releaseKept(ids).catch(() => undefined);
  }

  /** @throws Failure `build.unknown`, `build.running` */
  async #getEnded(id: string): Promise<Build> {
    const build = await this.get(id);
    if (build.status === 'running') {
      throw runningFailure(id);
    }
    return build;
  }

  /** The images of a build's finished jobs that are still in the image store. */
  #finishedImages(build: Build): Promise<ReceivedImage[]> {
    return this.#withFinishedImages(build, async (images) => images);
  }

  async #withFinishedImages<T>(build: Build, use: (images: ReceivedImage[]) => Promise<T>): Promise<T> {
    const { store } = this.#options;
    const lease = await store.createLease(build.id);
    try {
      const held = await store.holdImages(build.id, build.reference, lease);
      const isOfBuild = ({ digest }: ReceivedImage): boolean =>
        build.jobs.some((job) => job.status === 'done' && job.digest === digest);
      return await use(held.filter(isOfBuild));
    } finally {
      await lease.release();
    }
  }

  /** @throws Failure `build.unknown` */
  async log({ id, platform, from, count }: CallRequest<'builds.log'>): Promise<CallOutput<'builds.log'>> {
    const log = this.#own.get(id)?.run.log(platform);
    const range = await (log?.read(from, count) ?? readLog(await this.#logPath(id, platform), from, count));
    // the record is read after the log, so that it has the steps of all lines
    const job = (await this.get(id)).jobs.find((each) => each.platform === platform);
    return withStepIds(range, job?.steps ?? []);
  }

  /** @throws Failure `build.unknown`, and the reason of the signal */
  async search(request: CallRequest<'builds.search'>, signal?: AbortSignal): Promise<CallOutput<'builds.search'>> {
    return searchLog(await this.#logPath(request.id, request.platform), request, signal);
  }

  /** @throws Failure `build.unknown` */
  async source(id: string): Promise<CallOutput<'builds.source'>> {
    const { path, text } = await this.#options.history.containerfile(id);
    const { instructions } = parseContainerfile(text);
    const { target } = (await this.get(id)).request;
    const steps = new ContainerfileSteps(instructions, target).all(maxPlannedSteps);
    return { path, lines: text.split('\n'), instructions, steps };
  }

  /**
   * The same build with other tools: an earlier one, or one that a request would start.
   * @throws Failure `build.unknown`, and those of {@link preview}
   */
  async equivalents(
    { id, request }: CallRequest<'builds.equivalents'>,
    signal?: AbortSignal,
  ): Promise<CallOutput<'builds.equivalents'>> {
    const told = await (id === undefined ? this.#tellRequest(request, signal) : this.#tellBuild(id));
    const { context } = told.request;
    const root = isAbsolute(context) ? await findRepository(context, signal) : undefined;
    return equivalents({ ...told, root });
  }

  async #tellBuild(id: string): Promise<Omit<JobInput, 'root'>> {
    const { request, automatic, jobs, containerfile } = await this.get(id);
    const path = containerfile ?? (await this.#options.history.containerfile(id)).path;
    return { request: withAutomatic(request, automatic), automatic, platforms: jobs, containerfile: path };
  }

  async #tellRequest(request: BuildRequest, signal: AbortSignal | undefined): Promise<Omit<JobInput, 'root'>> {
    const unscheduled = await this.#prepare(request, signal, { acceptsRecent: true });
    releaseFiles(unscheduled);
    const load = await this.#options.slots.load(unscheduled.connections);
    const { schedule, containerfile, automatic, ...prepared } = unscheduled.schedule(load);
    const { assignments, unassigned } = schedule;
    const all = [...assignments, ...unassigned.map(({ platform }) => ({ platform }))];
    const order = prepared.request.platforms ?? all.map(({ platform }) => platform);
    return {
      request: prepared.request,
      automatic,
      platforms: all.sort((one, other) => order.indexOf(one.platform) - order.indexOf(other.platform)),
      containerfile: containerfile.path,
    };
  }

  /** Cancels all builds of this process and waits for their end. A build that is still being prepared does not start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#others.close(), ...[...this.#own.keys()].map((id) => this.cancel(id))]);
  }

  async #logPath(id: string, platform: Platform): Promise<string> {
    const build = await this.get(id);
    const job = build.jobs.find((each) => each.platform === platform);
    if (!job) {
      throw unknownJobFailure(build, platform);
    }
    return this.#options.history.logPath(job.reusedFrom ?? id, platform);
  }

  #prepare(
    request: BuildRequest,
    signal: AbortSignal | undefined,
    options: Pick<PrepareOptions, 'inputs' | 'contentTag' | 'secrets' | 'signer' | 'pack' | 'acceptsRecent'> = {},
  ): Promise<UnscheduledBuild> {
    const { nodes, projects, sources, store, links } = this.#options;
    const findBuild = (id: string): Promise<Build> => this.get(id);
    return prepareBuild(request, { nodes, projects, sources, store, links, findBuild, signal, ...options });
  }
}

function releaseFiles({ source, namedContexts }: Pick<PreparedBuild, 'source' | 'namedContexts'>): void {
  source.release();
  namedContexts.release();
}

function runningFailure(id: string): Failure {
  return fail('build.running', `Build ${id} is still running.`, 'Cancel it first.');
}

function unknownJobFailure({ id, jobs }: Build, platform: Platform): Failure {
  return fail(
    'build.unknown',
    `Build ${id} has no job for ${platform}.`,
    `Its platforms are ${jobs.map((job) => job.platform).join(', ')}.`,
  );
}
