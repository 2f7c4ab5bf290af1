import type { AppEvent } from '../shared/contract.ts';

export type Listener = (event: AppEvent) => void;

/** How long events are batched, in milliseconds. */
const batchMs = 50;

/**
 * A batch of log lines is emitted early when it has this many lines: a program may print far more within {@link
 * batchMs}.
 */
const maxBatchLines = 1000;

/**
 * Emits events to all listeners. Frequent events are batched: only the newest state of a job is emitted, and log lines
 * are emitted together. Batched events are emitted before any event that follows them.
 */
export class Events {
  readonly #listeners = new Set<Listener>();
  readonly #pending = new Map<string, AppEvent>();
  #timer: NodeJS.Timeout | undefined;

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Emits an event at once, after all batched events. */
  emit(event: AppEvent): void {
    this.flush();
    this.#emitNow(event);
  }

  /** Emits an event within {@link batchMs}, merged with the pending event of the same kind and subject. */
  batch(event: AppEvent): void {
    const key = keyOf(event);
    const pending = this.#pending.get(key);
    if (pending?.event === 'job.log' && event.event === 'job.log') {
      // appends to the array, because a copy for each line would take quadratic time
      pending.lines.push(...event.lines);
      if (pending.lines.length >= maxBatchLines) {
        this.flush();
      }
      return;
    }
    this.#pending.set(key, event.event === 'job.log' ? { ...event, lines: [...event.lines] } : event);
    this.#timer ??= setTimeout(() => this.flush(), batchMs);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const events = [...this.#pending.values()];
    this.#pending.clear();
    for (const event of events) {
      this.#emitNow(event);
    }
  }

  #emitNow(event: AppEvent): void {
    for (const listener of this.#listeners) {
      listener(event);
    }
  }
}

function keyOf(event: AppEvent): string {
  switch (event.event) {
    case 'job.changed':
      return `${event.event} ${event.buildId} ${event.job.platform}`;
    case 'job.log':
      return `${event.event} ${event.buildId} ${event.platform} ${event.node}`;
    case 'build.context':
      return `${event.event} ${event.buildId}`;
    case 'push.progress':
      return `${event.event} ${event.push.id}`;
    default:
      return event.event;
  }
}
