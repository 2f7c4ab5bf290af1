/**
 * sshd counts a session until its command has ended and both sides have closed its channel, and it notices that later
 * than we do. For this long, a refusal may still be caused by a session that we have already closed.
 */
const lingerMs = 3_000;
const lingerRetryMs = 100;

/** How long after a refusal one session more than the limit is tried again. */
const retryLimitMs = 30_000;

/** How many sessions a server allows, and whether that is too few at the moment. */
export interface SessionCapacity {
  /** Learnt from refusals. Infinite until the first one. */
  readonly limit: number;
  /** Whether a session waits for another one to close. */
  readonly isSaturated: boolean;
  /** Calls the listener each time a session has to wait. */
  onSaturated(listener: () => void): void;
}

/**
 * Limits the sessions of one SSH connection to what the server allows. No message of the protocol states that number
 * (MaxSessions): the server refuses a session too many without saying why. A session that is refused while others are
 * open therefore waits until one of them has closed, and so do all later ones. A refusal while no other session is open
 * is a failure.
 */
export class SessionLimit implements SessionCapacity {
  readonly #isRefusal: (error: unknown) => boolean;
  readonly #waiting: { readonly ticket: number; readonly start: () => void }[] = [];
  readonly #saturatedListeners: (() => void)[] = [];
  #limit = Number.POSITIVE_INFINITY;
  /** Sessions that are open or being opened. */
  #active = 0;
  #open = 0;
  /** The most sessions that were ever open at once. The server allows at least these. */
  #peakOpen = 0;
  #lingering = 0;
  #nextTicket = 0;
  #lastClosedAt = Number.NEGATIVE_INFINITY;
  #lastRefusedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param isRefusal whether an error means that the server opened no session, and not that the session's command
   *   failed.
   */
  constructor(isRefusal: (error: unknown) => boolean) {
    this.#isRefusal = isRefusal;
  }

  get limit(): number {
    return this.#limit;
  }

  get isSaturated(): boolean {
    return this.#waiting.length > 0 || this.#lingering > 0;
  }

  onSaturated(listener: () => void): void {
    this.#saturatedListeners.push(listener);
  }

  /**
   * Opens a session as soon as the limit allows one more.
   * @param closed settles when the server no longer counts the session.
   * @param signal ends the wait, with its reason.
   */
  async open<T>(attempt: () => Promise<T>, closed: (session: T) => Promise<unknown>, signal?: AbortSignal): Promise<T> {
    const ticket = this.#nextTicket++;
    for (;;) {
      await this.#waitForStart(ticket, signal);
      try {
        const session = await attempt();
        this.#peakOpen = Math.max(this.#peakOpen, ++this.#open);
        this.#limit = Math.max(this.#limit, this.#peakOpen);
        void closed(session)
          .catch(() => undefined)
          .then(() => {
            this.#lastClosedAt = performance.now();
            this.#open--;
            this.#release();
          });
        return session;
      } catch (error) {
        const others = this.#active - 1;
        const mayLinger = performance.now() - this.#lastClosedAt <= lingerMs;
        if (!this.#isRefusal(error) || (others === 0 && !mayLinger)) {
          this.#release();
          throw error;
        }
        this.#lastRefusedAt = performance.now();
        if (mayLinger && others < this.#peakOpen) {
          this.#limit = Math.min(this.#limit, this.#peakOpen);
          await this.#linger();
        } else {
          this.#limit = Math.min(this.#limit, others);
        }
        this.#active--;
      }
    }
  }

  /** Waits until one more session may be opened. A session that was refused keeps its position in the queue. */
  #waitForStart(ticket: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        this.#startWaiting();
        return;
      }
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        reject(signal?.reason);
      };
      const start = () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const entry = { ticket, start };
      signal?.addEventListener('abort', onAbort, { once: true });
      const next = this.#waiting.findIndex((other) => other.ticket > ticket);
      this.#waiting.splice(next < 0 ? this.#waiting.length : next, 0, entry);
      this.#startWaiting();
      if (this.#waiting.includes(entry)) {
        for (const listener of this.#saturatedListeners) {
          listener();
        }
      }
    });
  }

  /** Not abortable: the wait that follows checks the signal. */
  async #linger(): Promise<void> {
    this.#lingering++;
    await new Promise((resolve) => setTimeout(resolve, lingerRetryMs));
    this.#lingering--;
  }

  #release(): void {
    this.#active--;
    this.#startWaiting();
  }

  #startWaiting(): void {
    while (this.#waiting.length > 0 && this.#allowsOneMore()) {
      this.#active++;
      this.#waiting.shift()?.start();
    }
  }

  #allowsOneMore(): boolean {
    return (
      this.#active < this.#limit ||
      // the limit may be too low: the refusal may have counted a lingering session, or the server's configuration has
      // changed
      (this.#active === this.#limit && performance.now() - this.#lastRefusedAt > retryLimitMs)
    );
  }
}
