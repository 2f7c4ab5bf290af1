import type { Step } from '../../../shared/build.ts';
import type { AppEvent } from '../../../shared/contract.ts';
import type { Platform } from '../../../shared/platform.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { call, subscribe } from '../../api.ts';
import { findStepLines } from './find-steps.ts';
import { LinePages } from './line-pages.ts';
import { parseStepLine, type StepStart, stepsAmong } from './step-index.ts';

/** A job's log as a view sees it: how many lines there are, those near what is looked at, and where its steps begin. */
export class LogSource {
  readonly id: string;
  readonly platform: Platform;
  readonly pages: LinePages;
  total = 0;
  /** It is known how many lines there are. */
  loaded = false;
  problem: Problem | undefined;
  steps: readonly StepStart[] = [];

  readonly #candidates = new Map<number, StepStart>();
  readonly #listeners = new Set<() => void>();
  readonly #lineListeners = new Set<(from: number, lines: readonly string[]) => void>();
  #version = 0;
  #frame: number | undefined;
  #searched = false;

  constructor(id: string, platform: Platform) {
    this.id = id;
    this.platform = platform;
    this.pages = new LinePages({
      read: (from, count) => call('builds.log', { id, platform, from, count }),
      onRead: (total) => {
        this.total = Math.max(this.total, total);
        this.#changed();
      },
      onFailure: (error) => this.#failed(error),
    });
  }

  /** Hears of new lines and reads how many there are, until the returned function is called. */
  start(): () => void {
    const unsubscribe = subscribe((event) => this.#hear(event));
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

  /** Asks anew how many lines there are; after a failure, another attempt. */
  refresh(): void {
    this.problem = undefined;
    this.#changed();
    call('builds.log', { id: this.id, platform: this.platform, from: 0, count: 1 }).then(
      ({ total }) => {
        this.total = Math.max(this.total, total);
        this.loaded = true;
        this.#changed();
      },
      (error: unknown) => this.#failed(error),
    );
  }

  /** Looks once for where steps begin in what is there already; those that come are seen as they come. */
  findSteps(runs: readonly Step[]): void {
    if (this.#searched || this.total === 0) {
      return;
    }
    this.#searched = true;
    findStepLines(this.id, this.platform, runs).then(
      (found) => this.#note(found),
      // the log can be read without its steps
      () => undefined,
    );
  }

  /** Calls back at most once a frame when something has changed. */
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  get version(): number {
    return this.#version;
  }

  /** Hears the lines as they come. */
  onLines(listener: (from: number, lines: readonly string[]) => void): () => void {
    this.#lineListeners.add(listener);
    return () => this.#lineListeners.delete(listener);
  }

  #hear(event: AppEvent): void {
    if (event.event !== 'job.log' || event.buildId !== this.id || event.platform !== this.platform) {
      return;
    }
    const { from, lines } = event;
    this.total = Math.max(this.total, from + lines.length);
    this.loaded = true;
    this.pages.append(from, lines);
    this.#note(
      lines.flatMap((text, index) => (text.startsWith('STEP ') ? (parseStepLine(from + index, text) ?? []) : [])),
    );
    for (const listener of this.#lineListeners) {
      listener(from, lines);
    }
    this.#changed();
  }

  #note(found: readonly StepStart[]): void {
    if (found.length > 0) {
      for (const start of found) {
        this.#candidates.set(start.line, start);
      }
      this.steps = stepsAmong(this.#candidates.values());
      this.#changed();
    }
  }

  #failed(error: unknown): void {
    this.problem = problemOf(error);
    this.#changed();
  }

  #changed(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#version += 1;
      for (const listener of this.#listeners) {
        listener();
      }
    });
  }
}
