import type { AppEvent } from '../../../shared/contract.ts';
import type { Platform } from '../../../shared/platform.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { call, subscribe } from '../../api.ts';
import { LinePages } from './line-pages.ts';
import { toLogLines } from './log-lines.ts';

/** The log of a job: the number of its lines, and the lines around the visible ones. */
export class LogSource {
  readonly id: string;
  readonly platform: Platform;
  readonly pages: LinePages;
  total = 0;
  /** Whether {@link total} is known. */
  isLoaded = false;
  problem: Problem | undefined;

  readonly #listeners = new Set<() => void>();
  readonly #lineListeners = new Set<(from: number, lines: readonly string[]) => void>();
  #version = 0;
  #frame: number | undefined;

  constructor(id: string, platform: Platform) {
    this.id = id;
    this.platform = platform;
    this.pages = new LinePages({
      read: async (from, count) => {
        const range = await call('builds.log', { id, platform, from, count });
        return { lines: toLogLines(range), total: range.total };
      },
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
    this.pages.append(from, toLogLines(event));
    for (const listener of this.#lineListeners) {
      listener(from, lines);
    }
    this.#scheduleUpdate();
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
