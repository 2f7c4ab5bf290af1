import type { Step } from '../../../shared/build.ts';
import type { AppEvent } from '../../../shared/contract.ts';
import type { Platform } from '../../../shared/platform.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { call, subscribe } from '../../api.ts';
import { findStepStarts } from './find-steps.ts';
import { LinePages } from './line-pages.ts';
import { parseStepLine, type StepStart, sequentialSteps } from './step-index.ts';

/** The log of a job: the number of its lines, the lines around the visible ones, and the lines at which steps start. */
export class LogSource {
  readonly id: string;
  readonly platform: Platform;
  readonly pages: LinePages;
  total = 0;
  /** Whether {@link total} is known. */
  isLoaded = false;
  problem: Problem | undefined;
  steps: readonly StepStart[] = [];

  /** By line. */
  readonly #candidates = new Map<number, StepStart>();
  readonly #listeners = new Set<() => void>();
  readonly #lineListeners = new Set<(from: number, lines: readonly string[]) => void>();
  #version = 0;
  #frame: number | undefined;
  #hasSearchedSteps = false;

  constructor(id: string, platform: Platform) {
    this.id = id;
    this.platform = platform;
    this.pages = new LinePages({
      read: (from, count) => call('builds.log', { id, platform, from, count }),
      onRead: (total) => {
        this.total = Math.max(this.total, total);
        this.#scheduleUpdate();
      },
      onError: (error) => this.#setProblem(error),
    });
  }

  /** Loads the number of lines and subscribes to new ones, until the returned function is called. */
  start(): () => void {
    const unsubscribe = subscribe((event) => this.#onEvent(event));
    this.refresh();
    return () => {
      unsubscribe();
      this.pages.stop();
      if (this.#frame !== undefined) {
        cancelAnimationFrame(this.#frame);
        this.#frame = undefined;
      }
    };
  }

  /** Loads the number of lines again; retries after a failure. */
  refresh(): void {
    this.problem = undefined;
    this.#scheduleUpdate();
    call('builds.log', { id: this.id, platform: this.platform, from: 0, count: 1 }).then(
      ({ total }) => {
        this.total = Math.max(this.total, total);
        this.isLoaded = true;
        this.#scheduleUpdate();
      },
      (error: unknown) => this.#setProblem(error),
    );
  }

  /** Searches the existing lines for steps, once. Steps in new lines are found as the lines arrive. */
  findSteps(runs: readonly Step[]): void {
    if (this.#hasSearchedSteps || this.total === 0) {
      return;
    }
    this.#hasSearchedSteps = true;
    findStepStarts(this.id, this.platform, runs).then(
      (starts) => this.#addSteps(starts),
      // the log is usable without steps
      () => undefined,
    );
  }

  /** Calls `listener` after changes, at most once a frame. */
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  get version(): number {
    return this.#version;
  }

  /** Calls `listener` with new lines as they arrive. */
  onLines(listener: (from: number, lines: readonly string[]) => void): () => void {
    this.#lineListeners.add(listener);
    return () => this.#lineListeners.delete(listener);
  }

  #onEvent(event: AppEvent): void {
    if (event.event !== 'job.log' || event.buildId !== this.id || event.platform !== this.platform) {
      return;
    }
    const { from, lines } = event;
    this.total = Math.max(this.total, from + lines.length);
    this.isLoaded = true;
    this.pages.append(from, lines);
    this.#addSteps(
      lines.flatMap((text, index) => (text.startsWith('STEP ') ? (parseStepLine(from + index, text) ?? []) : [])),
    );
    for (const listener of this.#lineListeners) {
      listener(from, lines);
    }
    this.#scheduleUpdate();
  }

  #addSteps(starts: readonly StepStart[]): void {
    if (starts.length > 0) {
      for (const start of starts) {
        this.#candidates.set(start.line, start);
      }
      this.steps = sequentialSteps(this.#candidates.values());
      this.#scheduleUpdate();
    }
  }

  #setProblem(error: unknown): void {
    this.problem = problemOf(error);
    this.#scheduleUpdate();
  }

  #scheduleUpdate(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#version += 1;
      for (const listener of this.#listeners) {
        listener();
      }
    });
  }
}
