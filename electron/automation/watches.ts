/** Watches: builds projects again whenever they change. They end with the app. */
import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { BuildRequest } from '../../shared/build.ts';
import { isGitUrl, withoutLogin } from '../../shared/git-url.ts';
import { type Failure, fail, type Problem, problemOf } from '../../shared/problem.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { maxChangedPaths, type Watch, type WatchOptions } from '../../shared/watch.ts';
import type { BuildInputs } from '../builds/build-inputs.ts';
import type { Builds } from '../builds/builds.ts';
import type { Events } from '../events.ts';
import { type ContextSources, standardInputContext } from '../sources/context-sources.ts';
import { abortable } from '../system/abortable.ts';
import { ProjectWatcher } from './project-watcher.ts';
import { endOf } from './timed-build.ts';

export interface WatchesOptions {
  readonly builds: Builds;
  readonly sources: ContextSources;
  readonly events: Events;
}

export class Watches {
  readonly #options: WatchesOptions;
  readonly #running = new Map<string, WatchRun>();

  constructor(options: WatchesOptions) {
    this.#options = options;
  }

  /** Oldest first. */
  list(): Watch[] {
    return [...this.#running.values()].map(({ watch }) => watch);
  }

  /**
   * Starts to watch a project and to build it. The inputs of its builds are kept in memory until it ends.
   * @throws Failure `watch.source`, `watch.exists`, `context.*`; the reason of the signal
   */
  async start(request: BuildRequest, inputs: BuildInputs, options: WatchOptions, signal: AbortSignal): Promise<Watch> {
    await assertWatchable(request);
    const same = this.list().find(
      ({ request: other }) => other.context === request.context && other.reference === request.reference,
    );
    if (same) {
      throw fail(
        'watch.exists',
        `${request.reference} of ${request.context} is built on every change already.`,
        'Stop the other watch, or use another image name.',
      );
    }
    const run = new WatchRun(request, inputs, options, this.#options);
    await run.start(signal);
    const { id } = run.watch;
    this.#running.set(id, run);
    void run.ended.then(() => this.#running.delete(id));
    return run.watch;
  }

  /** Waits until a watch has ended, and ends it when the signal aborts. @throws Failure `watch.unknown`; the reason of the signal */
  async hold(id: string, signal: AbortSignal): Promise<void> {
    const run = this.#get(id);
    try {
      await abortable(signal, run.ended);
    } finally {
      await run.stop();
    }
  }

  /** Ends a watch and its build. @throws Failure `watch.unknown` */
  async stop(id: string): Promise<void> {
    await this.#get(id).stop();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map((run) => run.stop()));
  }

  #get(id: string): WatchRun {
    const run = this.#running.get(id);
    if (!run) {
      throw fail('watch.unknown', `There is no watch ${id}.`, 'It has ended. Start it again.');
    }
    return run;
  }
}

/** One project that is watched. */
class WatchRun {
  readonly #inputs: BuildInputs;
  readonly #watchOptions: WatchOptions;
  readonly #options: WatchesOptions;
  #watch: Watch;
  #watcher: ProjectWatcher | undefined;
  #building: AbortController | undefined;
  /** Why the newest build could not be started. */
  #startProblem: Problem | undefined;
  /** The project has changed since the newest build began. */
  #isOutdated = true;
  readonly #stopping = new AbortController();
  #resume = (): void => undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(request: BuildRequest, inputs: BuildInputs, watchOptions: WatchOptions, options: WatchesOptions) {
    this.#inputs = inputs;
    this.#watchOptions = watchOptions;
    this.#options = options;
    const createdAt = new Date().toISOString();
    const id = `watch-${randomBytes(4).toString('hex')}`;
    const { context } = request;
    this.#watch = {
      id,
      request: { ...request, context: withoutLogin(context), trigger: { kind: 'watch', id } },
      state: 'building',
      entries: 0,
      builds: 0,
      createdAt,
    };
  }

  get watch(): Watch {
    return this.#watch;
  }

  get ended(): Promise<void> {
    return this.#ended;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { debounceMs, poll, excluded } = this.#watchOptions;
    this.#watcher = await ProjectWatcher.start(
      {
        request: this.#watch.request,
        sources: this.#options.sources,
        debounceMs,
        polls: poll,
        excluded: new Set(excluded),
        onChange: (paths) => this.#onChange(paths),
        onState: () => {
          if (this.#watcher) {
            this.#update({});
          }
        },
      },
      signal,
    );
    this.#ended = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#watcher?.stop();
    this.#building?.abort();
    this.#resume();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      if (this.#isOutdated) {
        this.#isOutdated = false;
        await this.#build();
      } else {
        await new Promise<void>((resolve) => {
          this.#resume = resolve;
        });
      }
    }
    this.#update({ state: 'ended' });
  }

  #onChange(paths: string[]): void {
    this.#isOutdated = true;
    const cancelled = this.#building && !this.#watchOptions.finishBuilds ? this.#watch.build : undefined;
    this.#update({
      change: {
        at: new Date().toISOString(),
        paths: paths.slice(0, maxChangedPaths).map((path) => sanitizeLine(path)),
        count: paths.length,
        ...(cancelled === undefined || this.#watch.state !== 'building' ? {} : { cancelled }),
      },
    });
    if (!this.#watchOptions.finishBuilds) {
      this.#building?.abort();
    }
    this.#resume();
  }

  /** Never rejects: a build that fails does not end the watch. */
  async #build(): Promise<void> {
    const { builds } = this.#options;
    const building = new AbortController();
    this.#building = building;
    const { build: _, ...before } = this.#watch;
    this.#watch = before;
    this.#startProblem = undefined;
    this.#update({ state: 'building', builds: before.builds + 1 });
    let outcome: Watch['outcome'];
    try {
      const { id } = await builds.start(this.#watch.request, this.#inputs, building.signal);
      this.#update({ build: id });
      const { status } = await endOf(builds, id, building.signal);
      outcome = status === 'running' || status === 'interrupted' ? 'failed' : status;
    } catch (error) {
      outcome = 'failed';
      this.#startProblem = building.signal.aborted ? undefined : problemOf(error);
    }
    this.#building = undefined;
    // that of an outdated build says nothing
    this.#update({ state: 'waiting', ...(building.signal.aborted ? {} : { outcome }) });
  }

  #update(change: Partial<Watch>): void {
    const { polling: _, problem: __, ...watch } = { ...this.#watch, ...change };
    const { polling, entries = 0, problem: missing } = this.#watcher ?? {};
    const isIdle = watch.state === 'waiting' || watch.state === 'missing';
    const problem = missing ?? this.#startProblem;
    this.#watch = {
      ...watch,
      ...(isIdle ? { state: missing ? 'missing' : 'waiting' } : {}),
      ...(polling ? { polling } : {}),
      ...(problem ? { problem } : {}),
      entries,
    };
    this.#emit();
  }

  #emit(): void {
    this.#options.events.emit({ event: 'watch.changed', watch: this.#watch });
  }
}

/** @throws Failure `watch.source` for a context whose changes cannot be seen */
async function assertWatchable({ context }: BuildRequest): Promise<void> {
  if (context === standardInputContext) {
    throw notWatchable('Standard input is read once and does not change.', 'Watch a folder or an archive.');
  }
  if (isGitUrl(context)) {
    throw notWatchable(
      `${withoutLogin(context)} is on another computer, which gives no notice of changes.`,
      'Watch a folder, or build the repository at times with a schedule.',
    );
  }
  await stat(context).catch((error: unknown) => {
    throw fail(
      'context.missing',
      `The folder ${context} does not exist.`,
      'Choose the project folder that contains the Containerfile.',
      undefined,
      error,
    );
  });
}

function notWatchable(message: string, fix: string): Failure {
  return fail('watch.source', message, fix);
}
