import { randomBytes } from 'node:crypto';
import type { Build, ContextSummary } from '../../shared/build.ts';
import type { ManifestList } from '../../shared/image.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail, type Problem } from '../../shared/problem.ts';
import type { Events } from '../events.ts';
import { History } from './history.ts';
import { JobLog } from './job-log.ts';
import { JobTracker } from './job-tracker.ts';
import type { PreparedBuild } from './prepare-build.ts';

/** The state of one build and its jobs, and its entry in the history. */
export class BuildRecord {
  readonly #events: Events;
  readonly #history: History;
  readonly #containerfile: string;
  readonly #startedMs = performance.now();
  #trackers: JobTracker[] = [];
  #build: Build;

  constructor({ request, schedule, containerfile }: PreparedBuild, history: History, events: Events) {
    this.#history = history;
    this.#events = events;
    this.#containerfile = containerfile;
    const now = new Date();
    this.#build = {
      id: History.newId(now, randomBytes(2).toString('hex')),
      status: 'running',
      reference: request.reference,
      request,
      schedule,
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

  /** One tracker for each job. Empty until the record is open. */
  get trackers(): readonly JobTracker[] {
    return this.#trackers;
  }

  logOf(platform: Platform): JobLog | undefined {
    return this.#trackers.find(({ job }) => job.platform === platform)?.log;
  }

  /**
   * Adds the build to the history, with a copy of its Containerfile and an empty log for each job, and emits
   * `build.started`.
   * @throws Failure `disk.full`, `settings.unwritable`
   */
  async open(): Promise<void> {
    try {
      for (const assignment of this.#build.schedule.assignments) {
        const log = await JobLog.create(this.#history.logPath(this.id, assignment.platform));
        this.#trackers.push(new JobTracker(this.id, assignment, log, this.#events));
      }
      await this.#history.save(this.build);
      await this.#history.saveContainerfile(this.id, this.#containerfile);
    } catch (error) {
      await this.#closeLogs();
      throw error;
    }
    // emitted last, because front ends read the whole record when they receive it
    this.#events.emit({ event: 'build.started', build: this.build });
  }

  /** The Containerfile as it was when the record was opened. */
  async readContainerfile(): Promise<string> {
    return (await this.#history.containerfile(this.id)).text;
  }

  setContext(context: ContextSummary): void {
    this.#build = { ...this.#build, context };
  }

  /** Ends the build with its manifest list. */
  succeed(list: ManifestList): void {
    this.#end({ status: 'done', list });
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
    const jobs = this.#trackers.map(({ job }) => job);
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
      failed.length > 1 ? `${failed.length} platforms failed: ${platforms}. ${problem.message}` : problem.message;
    this.#end({ status: 'failed', problem: { ...problem, message } });
  }

  /** Closes the logs, saves the ended build in the history and emits `build.finished`. */
  async close(): Promise<void> {
    await this.#closeLogs();
    // if the disk is full the outcome cannot be saved, but it is emitted anyway
    await this.#history.save(this.build).catch(() => undefined);
    this.#events.emit({ event: 'build.finished', build: this.build });
  }

  #end(outcome: Pick<Build, 'status' | 'list' | 'problem'>): void {
    const durationMs = Math.round(performance.now() - this.#startedMs);
    this.#build = { ...this.#build, ...outcome, durationMs };
  }

  async #closeLogs(): Promise<void> {
    await Promise.all(this.#trackers.map(({ log }) => log.close()));
  }
}
