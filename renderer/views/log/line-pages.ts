/** How many lines are read at once. The app finds every 256th line of a log on disk without reading the ones before it. */
export const pageLines = 512;

/** How much text is kept, in characters; pages that were not looked at for longest go first. Lines may have 64 kB each. */
const mostCharacters = 6_000_000;
/** Pages that are kept whatever they hold: more than a screen and what is read ahead of it. */
const leastPages = 6;
const readsAtOnce = 2;
/** The newest lines that were told are kept, in characters: they may be on the disk, where lines are read, only later. */
const mostTold = 1_000_000;
/** A line that was told may not be on disk yet: how long to wait before it is asked for again, in milliseconds, and how often. */
const retry = { afterMs: 150, times: 20 };

export interface LogRange {
  readonly lines: readonly string[];
  readonly total: number;
}

export interface LinePagesOptions {
  readonly read: (from: number, count: number) => Promise<LogRange>;
  /** Lines have come; `total` is how many the log has by what was read. */
  readonly onRead: (total: number) => void;
  readonly onFailure: (error: unknown) => void;
}

interface Page {
  readonly lines: string[];
  characters: number;
  /** Grows with every change, so that who drew it knows whether to draw it again. */
  version: number;
  shortReads: number;
}

/** The lines of a log that are near what is looked at: read in pages when they are wanted, forgotten when others are. */
export class LinePages {
  readonly #options: LinePagesOptions;
  /** By page number, the one that was wanted longest ago first. */
  readonly #pages = new Map<number, Page>();
  readonly #reading = new Set<number>();
  /** The newest lines that were told, one after the other. */
  #told: { from: number; readonly lines: string[]; characters: number } = { from: 0, lines: [], characters: 0 };
  #wanted: readonly number[] = [];
  #total = 0;
  #characters = 0;
  #versions = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(options: LinePagesOptions) {
    this.#options = options;
  }

  /** A line without its end, or undefined while it is not here. Lines count from 0. */
  line(number: number): string | undefined {
    const page = this.#pages.get(Math.floor(number / pageLines));
    // what was told is shown, even where what is before it has still to be read
    return page?.lines[number % pageLines] ?? this.#told.lines[number - this.#told.from];
  }

  /** Changes when a line of the page that holds this one does. */
  version(number: number): number {
    const page = Math.floor(number / pageLines);
    const toldEnd = this.#told.from + this.#told.lines.length;
    return (this.#pages.get(page)?.version ?? 0) + (toldEnd > page * pageLines ? toldEnd : 0);
  }

  /** How much is held, in lines. */
  get held(): number {
    return [...this.#pages.values()].reduce((sum, { lines }) => sum + lines.length, 0);
  }

  /** Says which lines are looked at; they and their neighbours are read if they are missing, and nothing else any more. */
  want(first: number, last: number, total: number): void {
    this.#stopped = false;
    this.#total = Math.max(this.#total, total);
    const from = Math.floor(Math.max(0, first) / pageLines);
    const to = Math.floor(Math.max(0, last) / pageLines);
    const seen = Array.from({ length: to - from + 1 }, (_, index) => from + index);
    for (const number of seen) {
      const page = this.#pages.get(number);
      if (page) {
        this.#pages.delete(number);
        this.#pages.set(number, page);
      }
    }
    this.#wanted = [...seen, to + 1, from - 1].filter((number) => number >= 0 && number * pageLines < this.#total);
    this.#pump();
  }

  /** Takes lines that the app has told. Those that do not follow what is here are kept until what is between is read. */
  append(from: number, lines: readonly string[]): void {
    const end = from + lines.length;
    this.#total = Math.max(this.#total, end);
    this.#keepTold(from, lines);
    for (let number = Math.floor(from / pageLines); number * pageLines < end; number += 1) {
      const page = this.#pages.get(number) ?? (number * pageLines >= from ? this.#make(number) : undefined);
      if (page) {
        page.shortReads = 0;
        this.#fillFromTold(number, page);
      }
    }
    this.#evict();
  }

  #keepTold(from: number, lines: readonly string[]): void {
    const told = this.#told;
    if (from !== told.from + told.lines.length) {
      this.#told = { from, lines: [...lines], characters: lines.reduce((sum, { length }) => sum + length, 0) };
      return;
    }
    for (const line of lines) {
      told.lines.push(line);
      told.characters += line.length;
    }
    if (told.characters > mostTold || told.lines.length > 8 * pageLines) {
      const dropped = told.lines.splice(0, Math.ceil(told.lines.length / 2));
      told.from += dropped.length;
      told.characters -= dropped.reduce((sum, { length }) => sum + length, 0);
    }
  }

  #fillFromTold(number: number, page: Page): void {
    const { from, lines } = this.#told;
    const next = number * pageLines + page.lines.length;
    if (next >= from) {
      this.#extend(page, lines.slice(next - from, (number + 1) * pageLines - from));
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#wanted = [];
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #pump(): void {
    for (const number of this.#wanted) {
      if (this.#reading.size >= readsAtOnce) {
        return;
      }
      if (!this.#reading.has(number) && this.#isShort(number)) {
        this.#reading.add(number);
        this.#read(number).catch(this.#options.onFailure);
      }
    }
  }

  #isShort(number: number): boolean {
    const page = this.#pages.get(number);
    const whole = Math.min(pageLines, this.#total - number * pageLines);
    return (page?.lines.length ?? 0) < whole && (page?.shortReads ?? 0) < retry.times && this.#timer === undefined;
  }

  async #read(number: number): Promise<void> {
    try {
      const { lines, total } = await this.#options.read(number * pageLines, pageLines);
      if (this.#stopped) {
        return;
      }
      this.#total = Math.max(this.#total, total);
      const page = this.#pages.get(number) ?? this.#make(number);
      this.#extend(page, lines.slice(page.lines.length));
      this.#fillFromTold(number, page);
      if (page.lines.length < Math.min(pageLines, this.#total - number * pageLines)) {
        page.shortReads += 1;
        this.#timer ??= setTimeout(() => {
          this.#timer = undefined;
          this.#pump();
        }, retry.afterMs);
      } else {
        page.shortReads = 0;
      }
      this.#evict();
      this.#options.onRead(total);
    } catch (error) {
      // nothing more is asked for until somebody looks again
      this.#wanted = [];
      throw error;
    } finally {
      this.#reading.delete(number);
    }
    this.#pump();
  }

  #make(number: number): Page {
    const page: Page = { lines: [], characters: 0, version: 0, shortReads: 0 };
    this.#pages.set(number, page);
    return page;
  }

  #extend(page: Page, lines: readonly string[]): void {
    if (lines.length === 0) {
      return;
    }
    let characters = 0;
    for (const line of lines) {
      page.lines.push(line);
      characters += line.length;
    }
    page.characters += characters;
    this.#characters += characters;
    this.#versions += 1;
    page.version = this.#versions;
  }

  #evict(): void {
    for (const [number, page] of this.#pages) {
      if (this.#characters <= mostCharacters || this.#pages.size <= leastPages) {
        return;
      }
      if (!this.#wanted.includes(number)) {
        this.#pages.delete(number);
        this.#characters -= page.characters;
      }
    }
  }
}
