import { Writable } from 'node:stream';

/** Records what is written. Counts as a terminal if it has a size. */
export class RecordedStream extends Writable {
  readonly isTTY: boolean;
  columns: number | undefined;
  rows: number | undefined;
  text = '';

  constructor(size?: { columns: number; rows: number }) {
    super();
    this.isTTY = size !== undefined;
    this.columns = size?.columns;
    this.rows = size?.rows;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }

  get lines(): string[] {
    return this.text.replace(/\n$/, '').split('\n');
  }
}
