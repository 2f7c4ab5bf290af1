/** How the app ends: it asks before running work is cancelled, cleans up once, and then quits. */

export interface QuitSteps {
  /** Asks whether to cancel running work. Resolves with true at once if nothing runs. */
  confirm(): Promise<boolean>;
  /** Hides what people see, because cleaning up takes a moment. */
  hide(): void;
  /** Cleans up. */
  close(): Promise<void>;
  /** Lets the app end, after everything else. */
  quit(): void;
  /** Records an error that must not keep the app from ending. */
  report(message: string, error: unknown): void;
}

export class QuitSequence {
  readonly #steps: QuitSteps;
  #state: 'open' | 'asking' | 'closing' | 'closed' = 'open';

  constructor(steps: QuitSteps) {
    this.#steps = steps;
  }

  /** A person wants to quit. @returns whether the app may end at once; otherwise it ends later, or not */
  request(): boolean {
    if (this.#state === 'open') {
      this.#state = 'asking';
      void this.#ask();
    }
    return this.#state === 'closed';
  }

  /** Ends the app without a question, as for a signal or the end of the session: no one is there to answer. */
  end(): void {
    if (this.#state === 'open' || this.#state === 'asking') {
      this.#state = 'closing';
      void this.#close();
    }
  }

  async #ask(): Promise<void> {
    // a question that cannot be shown must not keep the app from ending
    const isConfirmed = await this.#steps.confirm().catch((error: unknown) => {
      this.#steps.report('The question before quitting could not be shown.', error);
      return true;
    });
    // otherwise the app ends anyway by now
    if (this.#state === 'asking') {
      this.#state = 'open';
      if (isConfirmed) {
        this.end();
      }
    }
  }

  async #close(): Promise<void> {
    try {
      this.#steps.hide();
      await this.#steps.close();
    } catch (error) {
      this.#steps.report('Closing the app failed.', error);
    }
    this.#state = 'closed';
    this.#steps.quit();
  }
}
