import type { Writable } from 'node:stream';
import type { Pausable } from '../prompt.ts';

/** Shorter waits are not shown. Also the time between updates. */
const intervalMs = 200;

/** Shows on a terminal what the program waits for and for how long, on a line that is erased at the end. */
export class WaitIndicator implements Pausable {
  readonly #stream: Writable;
  #text: string;
  readonly #started = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #isShown = false;

  constructor(stream: Writable, text: string) {
    this.#stream = stream;
    this.#text = text;
    this.resume();
  }

  setText(text: string): void {
    this.#text = text;
  }

  pause(): void {
    clearInterval(this.#timer);
    if (this.#isShown) {
      this.#stream.write('\r\u001b[K');
      this.#isShown = false;
    }
  }

  resume(): void {
    this.#timer = setInterval(() => this.#show(), intervalMs);
    // the timer must not keep a finished program running
    this.#timer.unref();
  }

  #show(): void {
    const seconds = Math.floor((performance.now() - this.#started) / 1000);
    this.#stream.write(`\r\u001b[K${this.#text}${seconds > 0 ? ` ${seconds} s` : ''}`);
    this.#isShown = true;
  }
}
