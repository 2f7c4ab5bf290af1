import { isDeepStrictEqual } from 'node:util';
import type { Build, Job } from '../../shared/build.ts';
import type { Platform } from '../../shared/platform.ts';
import type { Events } from '../events.ts';
import type { History } from './history.ts';
import { readLog, withStepIds } from './job-log.ts';
import type { RunningBuilds } from './running-builds.ts';

/** How often builds of other processes are looked at, in milliseconds. */
const pollMs = 1_000;

/** How many lines of a log one event has at most. */
const linesAtOnce = 1_000;

/** A running build of another process, as it was last read. */
interface ForeignBuild {
  build: Build;
  /** How many lines of each log were emitted. */
  readonly lineCounts: Map<Platform, number>;
}

/**
 * Follows the builds that other processes of the data folder run: reads their records and logs once a second and emits
 * the events that their own processes emit.
 */
export class ForeignBuilds {
  readonly #history: History;
  readonly #running: RunningBuilds;
  readonly #events: Events;
  readonly #isOwn: (id: string) => boolean;
  readonly #followed = new Map<string, ForeignBuild>();
  /** The ids of builds whose files have appeared or disappeared since they were looked at. */
  readonly #noticed = new Set<string>();
  /** The ids of builds whose end was emitted, also of this process. */
  readonly #ended = new Set<string>();
  /** The ids of builds that others have deleted since that was last reported. */
  readonly #removed = new Set<string>();
  /** The ids of builds that were reported as deleted, also by this process. */
  readonly #reportedRemoved = new Set<string>();
  #stopWatching: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> | undefined;
  #isClosed = false;

  /** @param isOwn whether this process runs the build with this id. */
  constructor(history: History, running: RunningBuilds, events: Events, isOwn: (id: string) => boolean) {
    this.#history = history;
    this.#running = running;
    this.#events = events;
    this.#isOwn = isOwn;
    events.subscribe((event) => {
      if (event.event === 'build.finished') {
        this.#ended.add(event.build.id);
      } else if (event.event === 'builds.removed') {
        for (const id of event.ids) {
          this.#reportedRemoved.add(id);
        }
      }
    });
  }

  /** Follows the builds of other processes from now on. */
  follow(): void {
    this.#polling = this.#poll()
      // what cannot be read now is read the next time
      .catch(() => undefined)
      .then(() => {
        if (!this.#isClosed) {
          this.#timer = setTimeout(() => this.follow(), pollMs);
          this.#timer.unref();
        }
      });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#polling;
    this.#stopWatching?.();
  }

  async #poll(): Promise<void> {
    this.#stopWatching ??= await this.#watch();
    const noticed = [...this.#noticed];
    const running = new Set(await this.#running.list());
    const ids = new Set([...noticed, ...running, ...this.#followed.keys()]);
    for (const id of [...ids].filter((each) => !this.#isOwn(each))) {
      // a record that was removed or is not written yet
      const build = await this.#history.get(id).catch(() => undefined);
      if (build || !running.has(id)) {
        this.#noticed.delete(id);
      }
      const followed = this.#followed.get(id);
      if (!build) {
        this.#followed.delete(id);
      } else if (followed) {
        await this.#update(followed, build);
      } else if (build.status === 'running') {
        this.#start(build);
      } else if (!this.#ended.has(id)) {
        this.#events.emit({ event: 'build.finished', build });
      }
    }
    this.#emitRemoved();
  }

  async #watch(): Promise<() => void> {
    const stops = await Promise.all([
      this.#running.watch((id) => this.#noticed.add(id)),
      this.#history.watchRemoved((id) => this.#removed.add(id)),
    ]);
    return () => {
      for (const stop of stops) {
        stop();
      }
    };
  }

  #emitRemoved(): void {
    const ids = [...this.#removed].filter((id) => !this.#reportedRemoved.has(id));
    this.#removed.clear();
    if (ids.length > 0) {
      this.#events.emit({ event: 'builds.removed', ids });
    }
  }

  #start(build: Build): void {
    this.#followed.set(build.id, { build, lineCounts: new Map() });
    this.#events.emit({ event: 'build.started', build, ofOtherProcess: true });
  }

  async #update(followed: ForeignBuild, build: Build): Promise<void> {
    const previous = new Map(followed.build.jobs.map((job) => [job.platform, job]));
    followed.build = build;
    for (const job of build.jobs) {
      this.#emitJob(build.id, job, previous.get(job.platform));
      await this.#emitLines(followed, job);
    }
    if (build.status !== 'running') {
      this.#followed.delete(build.id);
      this.#events.emit({ event: 'build.finished', build });
    }
  }

  #emitJob(buildId: string, { steps, ...job }: Job, previous: Job | undefined): void {
    const { steps: previousSteps = [], ...previousState } = previous ?? {};
    if (!isDeepStrictEqual(job, previousState)) {
      this.#events.emit({ event: 'job.changed', buildId, job });
    }
    const previousById = new Map(previousSteps.map((step) => [step.id, step]));
    for (const step of steps) {
      if (!isDeepStrictEqual(step, previousById.get(step.id))) {
        this.#events.emit({ event: 'step.changed', buildId, platform: job.platform, step });
      }
    }
  }

  async #emitLines({ build, lineCounts }: ForeignBuild, { platform, node, steps }: Job): Promise<void> {
    const path = this.#history.logPath(build.id, platform);
    while (!this.#isClosed) {
      const from = lineCounts.get(platform) ?? 0;
      const { total: _, ...lines } = withStepIds(await readLog(path, from, linesAtOnce), steps);
      if (lines.lines.length === 0) {
        return;
      }
      this.#events.emit({ event: 'job.log', buildId: build.id, platform, node, from, ...lines });
      lineCounts.set(platform, from + lines.lines.length);
    }
  }
}
