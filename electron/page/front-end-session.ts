import type { AppEvent, CallName } from '../../shared/contract.ts';
import type { Result } from '../../shared/problem.ts';
import type { AppApi } from './app-api.ts';

/** What one front end asks of the app from another process: its calls, by the ids that it gives them, and its subscription. */
export class FrontEndSession {
  readonly #app: AppApi;
  readonly #onConnection: ((name: string) => void) | undefined;
  readonly #running = new Map<string, AbortController>();
  #unsubscribe: (() => void) | undefined;
  #isClosed = false;

  /** @param onConnection called with the name of each connection that a call of this front end needs */
  constructor(app: AppApi, onConnection?: (name: string) => void) {
    this.#app = app;
    this.#onConnection = onConnection;
  }

  async call(id: string, name: CallName, input: unknown): Promise<Result<unknown>> {
    const cancel = new AbortController();
    if (this.#isClosed) {
      cancel.abort();
    }
    this.#running.set(id, cancel);
    try {
      return await this.#app.call(name, input, {
        signal: cancel.signal,
        ...(this.#onConnection ? { onConnection: this.#onConnection } : {}),
      });
    } finally {
      this.#running.delete(id);
    }
  }

  /** Cancels a call, if it is still running. */
  cancel(id: string): void {
    this.#running.get(id)?.abort();
  }

  /** Replaces the subscription of this front end. */
  subscribe(listener: (event: AppEvent, seq: number) => void): void {
    this.#unsubscribe?.();
    this.#unsubscribe = this.#isClosed ? undefined : this.#app.subscribe(listener);
  }

  /** Ends the subscription and cancels all calls, because nothing waits for them any more. */
  close(): void {
    this.#isClosed = true;
    this.#unsubscribe?.();
    for (const cancel of this.#running.values()) {
      cancel.abort();
    }
  }
}
