import { once } from 'node:events';
import { PassThrough } from 'node:stream';

/** A person who types answers and reads prompts. */
export class FakePerson {
  readonly input = new PassThrough();
  readonly output = new PassThrough();
  seen = '';
  #read = 0;

  constructor() {
    this.output.on('data', (chunk) => {
      this.seen += String(chunk);
    });
  }

  /** Waits until the text appears after the text of the previous call. */
  async sees(text: string): Promise<void> {
    while (!this.seen.slice(this.#read).includes(text)) {
      await once(this.output, 'data');
    }
    this.#read = this.seen.indexOf(text, this.#read) + text.length;
  }

  types(line: string): void {
    this.input.write(`${line}\n`);
  }
}
