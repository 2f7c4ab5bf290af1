import type { Writable } from 'node:stream';
import type { Pausable } from './ask.ts';

/** A wait shorter than this is not worth a word, in milliseconds. */
const silentMs = 200;

/** Says on a terminal what is waited for and for how long, on a line that goes when the wait is over. */
export class Waiting implements Pausable {
  readonly #stream: Writable;
  readonly #text: string;
  readonly #started = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #isShown = false;

  constructor(stream: Writable, text: string) {
    this.#stream = stream;
    this.#text = text;
    this.resume();
  }

  pause(): void {
    clearInterval(this.#timer);
    if (this.#isShown) {
      this.#stream.write('\r\u001b[K');
      this.#isShown = false;
    }
  }

  resume(): void {
    this.#timer = setInterval(() => this.#show(), silentMs);
    // it must not keep a finished program alive
    this.#timer.unref();
  }

  #show(): void {
    const seconds = Math.floor((performance.now() - this.#started) / 1000);
    this.#stream.write(`\r\u001b[K${this.#text}${seconds > 0 ? ` ${seconds} s` : ''}`);
    this.#isShown = true;
  }
}
