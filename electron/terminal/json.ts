import type { Writable } from 'node:stream';
import type { AppEvent } from '../../shared/contract.ts';
import type { BuildView } from './build-view.ts';

/** Every event as JSON, one a line, for programs. */
export class JsonView implements BuildView {
  readonly #stream: Writable;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  onEvent(event: AppEvent): void {
    this.#stream.write(`${JSON.stringify(event)}\n`);
  }

  finish(): void {
    // each event is whole by itself
  }
}
