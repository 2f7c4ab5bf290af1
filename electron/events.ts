import type { AppEvent } from '../shared/contract.ts';

export type Listener = (event: AppEvent) => void;

/** How often changes of the same thing are told at most, in milliseconds. */
const batchMs = 50;

/** So many lines of a log are told together at most: a program may print far more than that within {@link batchMs}. */
const batchLines = 1000;

/**
 * Tells events to every listener. Changes that come faster than eyes can follow are batched: of a job's states only the
 * newest is told, log lines are told together, and both are told before anything that comes after them.
 */
export class Events {
  readonly #listeners = new Set<Listener>();
  readonly #pending = new Map<string, AppEvent>();
  #timer: NodeJS.Timeout | undefined;

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells an event at once, after everything that was batched before it. */
  emit(event: AppEvent): void {
    this.flush();
    this.#tell(event);
  }

  /** Tells an event within {@link batchMs}, joined with the pending one of its kind about the same thing. */
  batch(event: AppEvent): void {
    const key = keyOf(event);
    const pending = this.#pending.get(key);
    if (pending?.event === 'job.log' && event.event === 'job.log') {
      // appended to and never copied: with a copy a line, a flood of lines would take the square of its length
      pending.lines.push(...event.lines);
      if (pending.lines.length >= batchLines) {
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
      this.#tell(event);
    }
  }

  #tell(event: AppEvent): void {
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
