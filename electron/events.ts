import type { AppEvent } from '../shared/contract.ts';

/** Called with each event and its number. Events are numbered from 1, in the order in which they are emitted. */
export type Listener = (event: AppEvent, seq: number) => void;

type JobLogEvent = Extract<AppEvent, { event: 'job.log' }>;

/** How long events are batched, in milliseconds. */
const batchMs = 50;

/**
 * A batch of log lines is emitted early when it has this many lines: a program may print far more within {@link
 * batchMs}.
 */
const maxBatchLines = 1000;

/**
 * Emits events to all listeners. Frequent events are batched: only the newest state of a job or step is emitted, and log lines
 * are emitted together. Batched events are emitted before any event that follows them.
 */
export class Events {
  readonly #listeners = new Set<Listener>();
  readonly #pending = new Map<string, AppEvent>();
  readonly #pendingLines = new Map<string, JobLogEvent>();
  #timer: NodeJS.Timeout | undefined;
  #seq = 0;

  /** The number of the last event that was emitted. The state of the app includes its effect. */
  get seq(): number {
    return this.#seq;
  }

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
    if (event.event === 'job.log') {
      this.#batchLines(key, event);
    } else {
      this.#pending.set(key, event);
    }
    this.#timer ??= setTimeout(() => this.flush(), batchMs);
  }

  #batchLines(key: string, event: JobLogEvent): void {
    const pending = this.#pendingLines.get(key);
    if (!pending) {
      const { lines, stepIds = [], times = [], streams = [] } = event;
      const copies = { lines: [...lines], stepIds: [...stepIds], times: [...times], streams: [...streams] };
      this.#pendingLines.set(key, { ...event, ...copies });
      return;
    }
    // appends to the arrays, because a copy for each line would take quadratic time
    pending.lines.push(...event.lines);
    pending.stepIds?.push(...(event.stepIds ?? []));
    pending.times?.push(...(event.times ?? []));
    pending.streams?.push(...(event.streams ?? []));
    if (pending.lines.length >= maxBatchLines) {
      this.flush();
    }
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // lines come last, so that their steps are known
    const events = [...this.#pending.values(), ...this.#pendingLines.values()];
    this.#pending.clear();
    this.#pendingLines.clear();
    for (const event of events) {
      this.#emitNow(event);
    }
  }

  #emitNow(event: AppEvent): void {
    this.#seq += 1;
    const seq = this.#seq;
    for (const listener of this.#listeners) {
      listener(event, seq);
    }
  }
}

function keyOf(event: AppEvent): string {
  switch (event.event) {
    case 'job.changed':
      return `${event.event} ${event.buildId} ${event.job.platform}`;
    case 'step.changed':
      return `${event.event} ${event.buildId} ${event.platform} ${event.step.id}`;
    case 'job.log':
      return `${event.event} ${event.buildId} ${event.platform} ${event.node}`;
    case 'source.progress':
      return `${event.event} ${event.context}`;
    case 'build.context':
      return `${event.event} ${event.buildId}`;
    case 'copy.progress':
      return `${event.event} ${event.copy.id}`;
    case 'images.progress':
      return `${event.event} ${event.task}`;
    case 'push.progress':
      return `${event.event} ${event.push.id}`;
    case 'output.changed':
      return `${event.event} ${event.output.id}`;
    default:
      return event.event;
  }
}
