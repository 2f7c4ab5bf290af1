import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Build, ContextSummary, Job } from '../../shared/build.ts';
import { buildIdOf } from '../../shared/contract.ts';
import { formatCount } from '../../shared/format.ts';
import type { ManifestList } from '../../shared/image.ts';
import type { OutputState } from '../../shared/output-state.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail, type Problem } from '../../shared/problem.ts';
import type { Push } from '../../shared/push.ts';
import type { Events } from '../events.ts';
import { finishedJobs } from './build-inputs.ts';
import { History } from './history.ts';
import { JobLog } from './job-log.ts';
import { JobTracker } from './job-tracker.ts';
import { isOptional, namedPlatforms } from './optional-platforms.ts';
import type { PreparedBuild } from './prepare-build.ts';
import { type BuildRequested, platformName, type RunningBuilds } from './running-builds.ts';

/** The push to the destination of a build, and those to further ones. */
interface BuildPushStates {
  readonly first: { readonly push: Push };
  readonly further: readonly { readonly push: Push }[];
}

/** A running build is saved this long after a change, so that other processes can show it. */
const saveDelayMs = 1_000;

/** The delay is longer for a large build, so that saving it takes no more than this share of the time. */
const maxSaveShare = 0.05;

/** After how many milliseconds the end of a build is saved again if it could not be saved. */
const retryDelaysMs = [250, 1_000, 4_000];

/** The state of one build and its jobs, and its entry in the history. */
export class BuildRecord {
  readonly #events: Events;
  readonly #history: History;
  readonly #running: RunningBuilds;
  readonly #containerfile: PreparedBuild['containerfile'];
  /** The jobs whose images are of an earlier build. */
  readonly #finished: readonly Job[];
  /** Whether it goes on with a build that was interrupted. */
  readonly #isResumed: boolean;
  readonly #startedMs = performance.now();
  #trackers: JobTracker[] = [];
  #build: Build;
  #pushes: BuildPushStates | undefined;
  #outputs: readonly { readonly state: OutputState }[] = [];
  #saveTimer: NodeJS.Timeout | undefined;
  /** One save follows the other. */
  #lastSave: Promise<unknown> = Promise.resolve();
  /** Stops saving changes, and shows other processes that this one no longer runs the build. */
  #release: () => Promise<void> = async () => undefined;

  constructor(
    id: string,
    { given, automatic, schedule, containerfile, contentTag, inputs, source }: PreparedBuild,
    history: History,
    running: RunningBuilds,
    events: Events,
  ) {
    this.#history = history;
    this.#running = running;
    this.#events = events;
    this.#containerfile = containerfile;
    this.#finished = finishedJobs(inputs);
    const now = new Date().toISOString();
    const resumed = inputs.retried?.resumes ? inputs.retried.build : undefined;
    this.#isResumed = resumed !== undefined;
    this.#build = {
      id,
      status: 'running',
      reference: given.reference,
      request: given,
      ...(automatic ? { automatic } : {}),
      ...(contentTag ? { contentTag } : {}),
      ...(inputs.existing?.digest === undefined ? {} : { foundDigest: inputs.existing.digest }),
      containerfile: containerfile.path,
      ...(source.commit === undefined ? {} : { commit: source.commit }),
      schedule,
      jobs: [],
      createdAt: resumed?.createdAt ?? now,
      ...(resumed ? { resumedAt: now } : {}),
    };
  }

  get id(): string {
    return this.#build.id;
  }

  /** The build as it is now. */
  get build(): Build {
    const jobs = [...this.#finished, ...this.#trackers.map(({ job }) => job)];
    const platforms = namedPlatforms(this.#build.request) ?? [];
    if (this.#finished.length > 0) {
      jobs.sort((one, other) => platforms.indexOf(one.platform) - platforms.indexOf(other.platform));
    }
    const outputs = this.#outputs.map(({ state }) => state);
    const further = (this.#pushes?.further ?? []).map(({ push }) => push);
    return {
      ...this.#build,
      jobs,
      ...(this.#pushes ? { push: this.#pushes.first.push } : {}),
      ...(further.length > 0 ? { furtherPushes: further } : {}),
      ...(outputs.length > 0 ? { outputs } : {}),
    };
  }

  /** One tracker for each job that is not finished already. Empty until the record is open. */
  get trackers(): readonly JobTracker[] {
    return this.#trackers;
  }

  logOf(platform: Platform): JobLog | undefined {
    return this.#trackers.find(({ job }) => job.platform === platform)?.log;
  }

  /**
   * Adds the build to the history, with a copy of its Containerfile and an empty log for each job, and emits
   * `build.started`. If that fails, nothing of the build is left but what was interrupted of it.
   * @param onRequest called when another process requests something of the build or of a platform
   * @throws Failure `disk.full`, `settings.unwritable`, `build.running` if another process has resumed it
   */
  async open(onRequest: (request: BuildRequested, platform?: Platform) => void): Promise<void> {
    this.#release = await this.#running.hold(this.id, (request, name) => {
      const platform = this.#build.schedule.assignments.find((job) => platformName(job.platform) === name)?.platform;
      if (name === undefined || platform !== undefined) {
        onRequest(request, platform);
      }
    });
    try {
      await this.#history.start(this.id);
      for (const assignment of this.#build.schedule.assignments) {
        const log = await JobLog.create(this.#history.logPath(this.id, assignment.platform));
        this.#trackers.push(new JobTracker(this.id, assignment, log, this.#events));
      }
      await this.#history.saveContainerfile(this.id, this.#containerfile.content);
      await this.save();
    } catch (error) {
      await this.#closeLogs();
      if (!this.#isResumed) {
        await this.#history.discard(this.id).catch(() => undefined);
      }
      await this.#release();
      throw error;
    }
    this.#saveChanges();
    // emitted last, because front ends read the whole record when they receive it
    this.#events.emit({ event: 'build.started', build: this.build });
  }

  /** Saves the build as it is now. @throws Failure `disk.full`, `settings.unwritable` */
  save(): Promise<void> {
    const save = this.#lastSave.then(() => this.#history.save(this.build));
    this.#lastSave = save.catch(() => undefined);
    return save;
  }

  setContext(context: ContextSummary): void {
    this.#build = { ...this.#build, context };
  }

  /** The pushes of the build. They emit their changes themselves. */
  setPushes(running: BuildPushStates): void {
    this.#pushes = running;
  }

  /** The outputs of the build. They emit their changes themselves. */
  setOutputs(running: readonly { readonly state: OutputState }[]): void {
    this.#outputs = running;
  }

  /** Ends the build, with its manifest list if that is stored here. @param missing the platforms that it is done without */
  succeed(list: ManifestList | undefined, missing: readonly Platform[]): void {
    this.#end({ status: 'done', ...(missing.length > 0 ? { missing: [...missing] } : {}), ...(list ? { list } : {}) });
  }

  /** Ends the build and all of its unfinished jobs with the same problem. */
  fail(problem: Problem): void {
    for (const tracker of this.#trackers) {
      if (tracker.job.durationMs === undefined) {
        tracker.fail(problem);
      }
    }
    this.#end({ status: problem.code === 'build.cancelled' ? 'cancelled' : 'failed', problem });
  }

  /** Ends the build after all jobs have ended and some of them have failed or were cancelled. */
  failWithJobs(): void {
    const all = this.#trackers.map(({ job }) => job);
    const required = all.filter(({ platform }) => !isOptional(this.#build.request, platform));
    const jobs = required.some(({ status }) => status !== 'done') ? required : all;
    const failed = jobs.filter(({ status }) => status === 'failed');
    const [first] = failed.length > 0 ? failed : jobs.filter(({ status }) => status === 'cancelled');
    const problem =
      first?.problem ?? fail('build.incomplete', 'No platform was built.', 'Start the build again.').problem;
    if (failed.length === 0) {
      this.#end({ status: 'cancelled', problem });
      return;
    }
    const platforms = failed.map(({ platform }) => platform).join(', ');
    const message =
      failed.length > 1
        ? formatCount(
            failed.length,
            `platform failed: ${platforms}. ${problem.message}`,
            `platforms failed: ${platforms}. ${problem.message}`,
          )
        : problem.message;
    this.#end({ status: 'failed', problem: { ...problem, message } });
  }

  /**
   * Closes the logs, saves the ended build in the history and emits `build.finished`.
   * @returns whether the end could be saved
   */
  async close(): Promise<boolean> {
    await this.#closeLogs();
    let isSaved = await this.#trySave();
    this.#events.emit({ event: 'build.finished', build: this.build });
    for (const delayMs of isSaved ? [] : retryDelaysMs) {
      if (!isSaved) {
        await delay(delayMs);
        isSaved = await this.#trySave();
      }
    }
    await this.#release();
    return isSaved;
  }

  #trySave(): Promise<boolean> {
    return this.save().then(
      () => true,
      () => false,
    );
  }

  /** Saves the build whenever it changes, until it is released. */
  #saveChanges(): void {
    const release = this.#release;
    let saveMs = 0;
    const unsubscribe = this.#events.subscribe((event) => {
      if (buildIdOf(event) === this.id && !('build' in event) && event.event !== 'job.log') {
        this.#saveTimer ??= setTimeout(
          async () => {
            const startedMs = performance.now();
            // if it cannot be saved now, the next change may be
            await this.#trySave();
            saveMs = performance.now() - startedMs;
            this.#saveTimer = undefined;
          },
          Math.max(saveDelayMs, saveMs / maxSaveShare),
        );
      }
    });
    this.#release = async () => {
      unsubscribe();
      clearTimeout(this.#saveTimer);
      await this.#lastSave;
      await release();
    };
  }

  #end(outcome: Pick<Build, 'status' | 'list' | 'problem'>): void {
    const durationMs = Math.round(performance.now() - this.#startedMs);
    this.#build = { ...this.#build, ...outcome, durationMs };
  }

  async #closeLogs(): Promise<void> {
    await Promise.all(this.#trackers.map(({ log }) => log.close()));
  }
}

/** The id of a build that starts now. Its end makes it unique, and begins with the milliseconds, so that builds of one second sort by time, too. */
export function newBuildId(): string {
  const now = new Date();
  return History.newId(now, String(now.getMilliseconds()).padStart(3, '0') + randomBytes(2).toString('hex'));
}
