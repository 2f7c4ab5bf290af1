/** A line is cut into pieces of this many characters, so that output without line ends does not pile up. */
const longestLine = 64 * 1024;

/** Joins what comes in pieces to lines. */
export class LineBuffer {
  readonly #onLine: (line: string) => void;
  #partial = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** Does a line wait for its end? */
  get isOpen(): boolean {
    return this.#partial !== '';
  }

  write(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) {
      this.#onLine(line);
    }
    while (this.#partial.length > longestLine) {
      this.#onLine(this.#partial.slice(0, longestLine));
      this.#partial = this.#partial.slice(longestLine);
    }
  }

  /** Nothing more comes of the line that waits. */
  flush(): void {
    const line = this.#partial;
    this.#partial = '';
    if (line !== '') {
      this.#onLine(line);
    }
  }
}

/** What a terminal would show of a line: after carriage returns, the last thing written. */
export function shown(line: string): string {
  const text = line.replace(/\r+$/, '');
  return text.slice(text.lastIndexOf('\r') + 1);
}
