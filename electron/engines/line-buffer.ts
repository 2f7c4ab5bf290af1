/** Longer lines are split after this many characters, so that output without line ends does not accumulate in memory. */
export const maxLineChars = 64 * 1024;

/** Splits text that arrives in chunks into lines. */
export class LineBuffer {
  readonly #onLine: (line: string) => void;
  #partial = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** Has text arrived whose line end has not? */
  get hasPartialLine(): boolean {
    return this.#partial !== '';
  }

  write(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) {
      this.#onLine(line);
    }
    while (this.#partial.length > maxLineChars) {
      this.#onLine(this.#partial.slice(0, maxLineChars));
      this.#partial = this.#partial.slice(maxLineChars);
    }
  }

  /** Emits the partial line, because the rest of it will not arrive. */
  flush(): void {
    const line = this.#partial;
    this.#partial = '';
    if (line !== '') {
      this.#onLine(line);
    }
  }
}

/** What a terminal shows of a line with carriage returns: the text after the last one. */
export function visibleText(line: string): string {
  const text = line.replace(/\r+$/, '');
  return text.slice(text.lastIndexOf('\r') + 1);
}

const maxLastLines = 10;
const maxLastLineChars = 2_000;

/** The last lines that a step printed, oldest first, as far as they explain its failure. */
export class LastLines {
  readonly #lines: string[] = [];

  get lines(): readonly string[] {
    return this.#lines;
  }

  add(line: string): void {
    this.#lines.push(line.slice(0, maxLastLineChars));
    if (this.#lines.length > maxLastLines) {
      this.#lines.shift();
    }
  }
}
