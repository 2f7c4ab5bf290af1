/** Timers: starts their tasks when they are due, once among all processes of the data folder. */
import { createHash } from 'node:crypto';
import { fail, problemOf } from '../../shared/problem.ts';
import type { TaskKind, TaskOf, Timer, TimerDefinition, TimerRun, TimerTask } from '../../shared/timer.ts';
import type { RunningBuilds } from '../builds/running-builds.ts';
import type { SharedState } from '../settings/shared-state.ts';
import { abortable } from '../system/abortable.ts';
import { latestTime, nextTimes } from './cron.ts';
import type { StoredTimer, TimerFile } from './timer-store.ts';

/** What a task of a kind needs to run. */
export interface TaskContext {
  /** The name of its timer. */
  readonly timer: string;
  /** Cancels the task. */
  readonly signal: AbortSignal;
  /** What the task reported as {@link TaskOutcome.fingerprint} when it was done the last time. */
  readonly fingerprint: string | undefined;
  /** To be called with the id of the build that the task has started. */
  readonly onBuild: (id: string) => void;
}

export interface TaskOutcome extends Pick<TimerRun, 'problem' | 'freedBytes'> {
  readonly status: 'done' | 'failed' | 'cancelled' | 'unchanged';
  readonly fingerprint?: string | undefined;
}

/** What timers know of one kind of task. */
export interface TaskHandling<T extends TimerTask> {
  /** @throws Failure for a task that cannot run later, such as one that needs a typed secret */
  check(task: T, signal: AbortSignal): Promise<void>;
  /** Runs the task to its end. @throws Failure if it could not be started */
  run(task: T, context: TaskContext): Promise<TaskOutcome>;
}

/** All kinds of tasks. A new kind is a row of `timerTaskSchema` and an entry here. */
export type TaskKinds = { readonly [K in TaskKind]: TaskHandling<TaskOf<K>> };

export interface TimersOptions {
  readonly file: TimerFile;
  readonly kinds: TaskKinds;
  /** Shows other processes which timers run, by {@link runId}. */
  readonly running: RunningBuilds;
  /** Makes a change of the file, and reports it. */
  readonly change: SharedState<unknown>['change'];
  /** Called when a task has ended. */
  readonly onEnd: (name: string, run: TimerRun) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** A task that starts later than this after its time counts as missed: the computer slept, or no Barnraiser was running. */
const graceMs = 120_000;

/** The longest time between two looks at the clock, which may be set, and at the file. In milliseconds. */
const maxSleepMs = 15_000;

/** A time that was handled further in the future than this was written under a clock that was wrong. */
const clockToleranceMs = 3_600_000;

interface DueTimer {
  readonly timer: StoredTimer;
  readonly at: Date;
}

export class Timers {
  readonly #options: TimersOptions;
  readonly #now: () => number;
  readonly #closing = new AbortController();
  readonly #runs = new Set<Promise<unknown>>();
  #servers = 0;
  #sleep: NodeJS.Timeout | undefined;
  #ticking: Promise<void> | undefined;

  constructor(options: TimersOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** In the order in which they were added. @throws Failure `settings.*` */
  async list(): Promise<Timer[]> {
    const { timers } = await this.#options.file.read();
    return Promise.all(timers.map((timer) => this.#statusOf(timer)));
  }

  /**
   * Adds a timer, or replaces one.
   * @param replaces the name of the timer that it replaces
   * @throws Failure `timer.exists`, `timer.unknown`, `timer.time`, `timer.secret`, `settings.*`, and those of its kind
   */
  async save(definition: TimerDefinition, replaces: string | undefined, signal: AbortSignal): Promise<Timer> {
    nextTimes(definition, 1, new Date(this.#now()));
    await this.#handle(definition.task, (handling, task) => handling.check(task, signal));
    signal.throwIfAborted();
    const { name } = definition;
    return this.#change(name, (timers) => {
      const before = replaces === undefined ? undefined : timers.find((timer) => timer.name === replaces);
      if (replaces !== undefined && !before) {
        throw unknownTimer(replaces);
      }
      if (name !== replaces && timers.some((timer) => timer.name === name)) {
        throw fail('timer.exists', `There is already a schedule ${name}.`, 'Choose another name, or replace it.');
      }
      const now = new Date(this.#now()).toISOString();
      const { createdAt = now, last, fingerprint } = before ?? {};
      const timer: StoredTimer = {
        ...definition,
        createdAt,
        // times that were due while it was another one are not made up for
        handledAt: now,
        ...(last ? { last } : {}),
        ...(fingerprint === undefined ? {} : { fingerprint }),
      };
      return before ? timers.map((each) => (each === before ? timer : each)) : [...timers, timer];
    });
  }

  /** Its times until it is resumed are left out. @throws Failure `timer.unknown`, `settings.*` */
  pause(name: string, isPaused: boolean): Promise<Timer> {
    return this.#update(name, (timer) =>
      timer.isPaused === isPaused ? timer : { ...timer, isPaused, handledAt: new Date(this.#now()).toISOString() },
    );
  }

  /** A run of it goes on. @throws Failure `timer.unknown`, `settings.*` */
  async remove(name: string): Promise<void> {
    const { change, file } = this.#options;
    await change(() =>
      file.update(({ timers }) => {
        findTimer(timers, name);
        return { timers: timers.filter((timer) => timer.name !== name) };
      }),
    );
  }

  /**
   * Runs a timer now, whether or not it is paused.
   * @throws Failure `timer.unknown`, `timer.running`, `settings.*`, and the reason of the signal before it has started
   */
  async run(name: string, signal?: AbortSignal): Promise<TimerRun> {
    const { timers } = await this.#options.file.read();
    const timer = findTimer(timers, name);
    signal?.throwIfAborted();
    const run = await this.#track(this.#run({ timer, at: new Date(this.#now()) }, signal));
    if (run.status === 'skipped') {
      throw runningFailure(name);
    }
    return run;
  }

  /** Like {@link run}, without waiting for its end. @throws Failure `timer.unknown`, `timer.running`, `settings.*` */
  async start(name: string): Promise<Record<string, never>> {
    findTimer((await this.#options.file.read()).timers, name);
    if (await this.#options.running.isRunning(runId(name))) {
      throw runningFailure(name);
    }
    // its problem is in the state of the timer
    this.run(name).catch(() => undefined);
    return {};
  }

  /** Starts what is due from now on, until the returned function is called. */
  serve(): () => void {
    this.#servers += 1;
    this.#wake();
    let isServing = true;
    return () => {
      if (isServing) {
        isServing = false;
        this.#servers -= 1;
        this.#wake();
      }
    };
  }

  /** Starts what is due until the signal aborts. @throws the reason of the signal */
  async serveUntil(signal: AbortSignal): Promise<never> {
    const stop = this.serve();
    // keeps a process alive that does nothing else
    const alive = setInterval(() => undefined, maxSleepMs);
    try {
      return await abortable(signal, new Promise<never>(() => undefined));
    } finally {
      clearInterval(alive);
      stop();
    }
  }

  /** To be called after a change of the file by another process. */
  changed(): void {
    this.#wake();
  }

  /** Cancels what runs, and resolves when it has ended. */
  async close(): Promise<void> {
    this.#closing.abort(fail('call.cancelled', 'Barnraiser was closed.', 'Start it again.'));
    this.#servers = 0;
    clearTimeout(this.#sleep);
    await this.#ticking;
    await this.idle();
  }

  /** Resolves when what was started has ended. */
  async idle(): Promise<void> {
    await Promise.allSettled([...this.#runs]);
  }

  /** Starts what is due now, without waiting for its end. Never rejects: what cannot be read now is tried again. */
  async tick(): Promise<void> {
    const due = await this.#takeDue().catch(() => []);
    for (const each of due) {
      // its problem is in the state of the timer
      void this.#track(this.#run(each)).catch(() => undefined);
    }
  }

  #wake(): void {
    clearTimeout(this.#sleep);
    if (this.#servers === 0 || this.#closing.signal.aborted) {
      return;
    }
    this.#ticking = (this.#ticking ?? Promise.resolve())
      .then(() => this.tick())
      .then(async () => {
        const sleepMs = await this.#untilNext();
        clearTimeout(this.#sleep);
        if (this.#servers > 0 && !this.#closing.signal.aborted) {
          this.#sleep = setTimeout(() => this.#wake(), sleepMs).unref();
        }
      });
  }

  async #untilNext(): Promise<number> {
    const { timers } = await this.#options.file.read().catch(() => ({ timers: [] }));
    const waits = timers.map((timer) => {
      const next = nextOf(timer, new Date(this.#now()));
      return next === undefined ? maxSleepMs : next.getTime() - this.#now();
    });
    return Math.max(0, Math.min(maxSleepMs, ...waits));
  }

  /** The timers that are due, which no other process starts any more. */
  async #takeDue(): Promise<DueTimer[]> {
    const { file, change } = this.#options;
    const now = new Date(this.#now());
    // the lock is taken only where there is something to take
    if ((await file.read()).timers.every((timer) => !isToHandle(timer, now))) {
      return [];
    }
    const taken: DueTimer[] = [];
    await change(() =>
      file.update(({ timers }) => {
        taken.length = 0;
        return {
          timers: timers.map((timer) => {
            const at = isToHandle(timer, now) && dueTime(timer, now);
            if (at === false) {
              return timer;
            }
            const handled = { ...timer, handledAt: now.toISOString() };
            const isLate = at !== undefined && now.getTime() - at.getTime() > graceMs;
            if (isLate && timer.missed === 'skip') {
              return { ...handled, last: { at: at.toISOString(), status: 'missed' as const } };
            }
            if (at) {
              taken.push({ timer, at });
            }
            return handled;
          }),
        };
      }),
    );
    return taken;
  }

  /** Runs the task of a timer, unless it runs in any process. Its state has the outcome. @throws Failure `settings.*`, `disk.full` */
  async #run({ timer, at }: DueTimer, signal?: AbortSignal): Promise<TimerRun> {
    const { running, onEnd } = this.#options;
    const { name, task } = timer;
    const cancelling = new AbortController();
    const either = AbortSignal.any([this.#closing.signal, cancelling.signal, ...(signal ? [signal] : [])]);
    const startedMs = performance.now();
    let run: TimerRun = { at: at.toISOString(), status: 'running' };
    const id = runId(name);
    const release = await running
      .hold(id, () => cancelling.abort())
      .catch((error: unknown) => {
        if (problemOf(error).code === 'build.running') {
          return undefined;
        }
        throw error;
      });
    if (!release) {
      return { ...run, status: 'skipped' };
    }
    try {
      await this.#record(name, run);
      const outcome = await this.#handle(task, (handling, own) =>
        handling.run(own, {
          timer: name,
          signal: either,
          fingerprint: timer.fingerprint,
          onBuild: (build) => {
            run = { ...run, build };
            void this.#record(name, run).catch(() => undefined);
          },
        }),
      ).catch(
        (error: unknown): TaskOutcome =>
          either.aborted ? { status: 'cancelled' } : { status: 'failed', problem: problemOf(error) },
      );
      const { fingerprint, ...result } = outcome;
      run = { ...run, ...result, durationMs: Math.round(performance.now() - startedMs) };
      await this.#record(name, run, fingerprint);
      onEnd(name, run);
      return run;
    } finally {
      await release();
    }
  }

  #track<T>(run: Promise<T>): Promise<T> {
    this.#runs.add(run);
    const forget = (): void => void this.#runs.delete(run);
    run.then(forget, forget);
    return run;
  }

  /** Keeps what became of a run. A timer that was removed meanwhile stays removed. */
  async #record(name: string, last: TimerRun, fingerprint?: string): Promise<void> {
    const { change, file } = this.#options;
    await change(() =>
      file.update((all) =>
        all.timers.some((timer) => timer.name === name)
          ? {
              timers: all.timers.map((timer) =>
                timer.name === name ? { ...timer, last, ...(fingerprint === undefined ? {} : { fingerprint }) } : timer,
              ),
            }
          : all,
      ),
    );
  }

  #update(name: string, change: (timer: StoredTimer) => StoredTimer): Promise<Timer> {
    return this.#change(name, (timers) => {
      findTimer(timers, name);
      return timers.map((timer) => (timer.name === name ? change(timer) : timer));
    });
  }

  async #change(name: string, change: (timers: readonly StoredTimer[]) => StoredTimer[]): Promise<Timer> {
    const { file } = this.#options;
    const { timers } = await this.#options.change(() => file.update((all) => ({ timers: change(all.timers) })));
    this.#wake();
    return this.#statusOf(findTimer(timers, name));
  }

  async #statusOf({ handledAt: _, fingerprint: __, last, ...timer }: StoredTimer): Promise<Timer> {
    const next = nextOf(timer, new Date(this.#now()));
    return {
      ...timer,
      ...(last ? { last: last.status === 'running' ? await this.#whetherRunning(timer.name, last) : last } : {}),
      ...(next ? { next: next.toISOString() } : {}),
    };
  }

  async #whetherRunning(name: string, last: TimerRun): Promise<TimerRun> {
    if (await this.#options.running.isRunning(runId(name))) {
      return last;
    }
    const { problem } = fail('build.failed', 'Barnraiser was ended during the run.', 'Run the schedule again.');
    return { ...last, status: 'failed', problem };
  }

  #handle<T>(task: TimerTask, use: (handling: TaskHandling<TimerTask>, task: TimerTask) => Promise<T>): Promise<T> {
    return use(this.#options.kinds[task.kind] as TaskHandling<TimerTask>, task);
  }
}

/** The name under which a run of a timer has its heartbeat. */
function runId(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 24);
}

/** Whether a time has passed that was not handled, or the clock was set back by much. */
function isToHandle(timer: StoredTimer, now: Date): boolean {
  return isHandledInFuture(timer, now) || dueTime(timer, now) !== undefined;
}

function isHandledInFuture({ handledAt }: StoredTimer, now: Date): boolean {
  return Date.parse(handledAt) - now.getTime() > clockToleranceMs;
}

/** The latest time that was not handled. Undefined for a timer whose times cannot be read any more, too. */
function dueTime(timer: StoredTimer, now: Date): Date | undefined {
  if (timer.isPaused || isHandledInFuture(timer, now)) {
    return undefined;
  }
  try {
    return latestTime(timer, new Date(timer.handledAt), now);
  } catch {
    return undefined;
  }
}

function nextOf(timer: Pick<Timer, 'cron' | 'timeZone' | 'isPaused'>, after: Date): Date | undefined {
  try {
    return timer.isPaused ? undefined : nextTimes(timer, 1, after)[0];
  } catch {
    return undefined;
  }
}

function findTimer(timers: readonly StoredTimer[], name: string): StoredTimer {
  const timer = timers.find((each) => each.name === name);
  if (!timer) {
    throw unknownTimer(name);
  }
  return timer;
}

function runningFailure(name: string) {
  return fail(
    'timer.running',
    `The schedule ${name} is running already.`,
    'Wait until it has ended, or cancel its build.',
  );
}

function unknownTimer(name: string) {
  return fail('timer.unknown', `There is no schedule ${name}.`, 'Check its name.');
}
