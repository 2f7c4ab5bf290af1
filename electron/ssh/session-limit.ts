/**
 * sshd counts a session until its command has ended and both sides have closed its channel, which it notices a moment after
 * we do. For so long, in milliseconds, a refusal may still be about a session that we have closed already.
 */
const lingerMs = 3_000;
const lingerStepMs = 100;

/** After so many milliseconds it is tried whether the server allows one more than it did. */
const doubtMs = 30_000;

/** How many sessions there may be, and whether somebody waits for one. */
export interface SessionCapacity {
  /** As learnt from refusals; infinite until there was one. */
  readonly limit: number;
  readonly isCrowded: boolean;
  /** Calls the listener each time somebody begins to wait. */
  onCrowded(listener: () => void): void;
}

/**
 * Places for sessions of one SSH connection. How many a server allows (MaxSessions) is in no message of the protocol: it
 * refuses what is too much, without saying why. So a session that is refused while others are open waits until one of them has
 * closed, and so do the next ones. A refusal when there are no others is a failure.
 */
export class SessionLimit implements SessionCapacity {
  readonly #isRefusal: (error: unknown) => boolean;
  readonly #waiting: { readonly ticket: number; readonly go: () => void }[] = [];
  readonly #listeners: (() => void)[] = [];
  #limit = Number.POSITIVE_INFINITY;
  /** Sessions that are open or asked for. */
  #taken = 0;
  #open = 0;
  /** The most that were open at once: so many the server does allow. */
  #most = 0;
  #lingering = 0;
  #tickets = 0;
  #closedAt = Number.NEGATIVE_INFINITY;
  #refusedAt = Number.NEGATIVE_INFINITY;

  /** @param isRefusal whether an attempt failed because the server opened no session, and not because of what was to run in it. */
  constructor(isRefusal: (error: unknown) => boolean) {
    this.#isRefusal = isRefusal;
  }

  get limit(): number {
    return this.#limit;
  }

  get isCrowded(): boolean {
    return this.#waiting.length > 0 || this.#lingering > 0;
  }

  onCrowded(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Opens a session when there is a place for it, and keeps the place until it is closed.
   * @param closed settles when the server counts the session no more.
   * @param signal gives up waiting, with its reason.
   */
  async open<T>(attempt: () => Promise<T>, closed: (session: T) => Promise<unknown>, signal?: AbortSignal): Promise<T> {
    const ticket = this.#tickets++;
    for (;;) {
      await this.#turn(ticket, signal);
      try {
        const session = await attempt();
        this.#most = Math.max(this.#most, ++this.#open);
        this.#limit = Math.max(this.#limit, this.#most);
        void closed(session)
          .catch(() => undefined)
          .then(() => {
            this.#closedAt = performance.now();
            this.#open--;
            this.#leave();
          });
        return session;
      } catch (error) {
        const others = this.#taken - 1;
        const mayLinger = performance.now() - this.#closedAt <= lingerMs;
        if (!this.#isRefusal(error) || (others === 0 && !mayLinger)) {
          this.#leave();
          throw error;
        }
        this.#refusedAt = performance.now();
        if (mayLinger && others < this.#most) {
          this.#limit = Math.min(this.#limit, this.#most);
          await this.#linger();
        } else {
          this.#limit = Math.min(this.#limit, others);
        }
        this.#taken--;
      }
    }
  }

  /** Waits for a place and takes it. Who came first is first, also after being refused. */
  #turn(ticket: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        this.#admit();
        return;
      }
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal?.reason);
      };
      const go = () => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      const waiting = { ticket, go };
      signal?.addEventListener('abort', giveUp, { once: true });
      const after = this.#waiting.findIndex((other) => other.ticket > ticket);
      this.#waiting.splice(after < 0 ? this.#waiting.length : after, 0, waiting);
      this.#admit();
      if (this.#waiting.includes(waiting)) {
        for (const listener of this.#listeners) {
          listener();
        }
      }
    });
  }

  /** Waits a moment; its next turn tells whoever gives up meanwhile. */
  async #linger(): Promise<void> {
    this.#lingering++;
    await new Promise((resolve) => setTimeout(resolve, lingerStepMs));
    this.#lingering--;
  }

  #leave(): void {
    this.#taken--;
    this.#admit();
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#hasPlace()) {
      this.#taken++;
      this.#waiting.shift()?.go();
    }
  }

  #hasPlace(): boolean {
    return (
      this.#taken < this.#limit ||
      // a session that lingered there may have been counted, too, or a person has changed the server's configuration
      (this.#taken === this.#limit && performance.now() - this.#refusedAt > doubtMs)
    );
  }
}
