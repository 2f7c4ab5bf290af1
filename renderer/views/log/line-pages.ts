import type { LogLine } from './log-lines.ts';

/** The number of lines per read. The app seeks to every 256th line of a log on disk without reading the lines before it. */
export const pageLines = 512;

/** The maximum text to keep, in characters. The least recently requested pages are evicted first. Lines can have 64 kB each. */
const maxCharacters = 6_000_000;
/** This many pages are kept in any case: more than the visible lines and those loaded ahead. */
const minPages = 6;
const maxConcurrentReads = 2;
/**
 * The maximum text of the newest live lines to keep, in characters. They are kept since they can be missing from the log file
 * for a moment.
 */
const maxLiveCharacters = 1_000_000;
/** A line that was announced can be missing from the log file for a moment: when to read again, and how often. */
const retry = { afterMs: 150, maxAttempts: 20 };

export interface LineRange {
  readonly lines: readonly LogLine[];
  readonly total: number;
}

export interface LinePagesOptions {
  readonly read: (from: number, count: number) => Promise<LineRange>;
  /** Called after each read, with the number of lines of the log at that time. */
  readonly onRead: (total: number) => void;
  readonly onError: (error: unknown) => void;
}

interface Page {
  readonly lines: LogLine[];
  characters: number;
  /** Increases with every change of the page. */
  version: number;
  shortReads: number;
}

/** The lines of a log around the visible ones. Loads pages on request and evicts those that are no longer needed. */
export class LinePages {
  readonly #options: LinePagesOptions;
  /** By page number, the least recently requested first. */
  readonly #pages = new Map<number, Page>();
  readonly #reading = new Set<number>();
  /** The newest lines that arrived as events, without gaps. */
  #live: { from: number; readonly lines: LogLine[]; characters: number } = { from: 0, lines: [], characters: 0 };
  #requested: readonly number[] = [];
  #total = 0;
  #characters = 0;
  #versions = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(options: LinePagesOptions) {
    this.#options = options;
  }

  /** A line without its line end, or undefined if it is not loaded. Lines count from 0. */
  line(number: number): LogLine | undefined {
    const page = this.#pages.get(Math.floor(number / pageLines));
    // live lines are available even if the lines before them are not loaded yet
    return page?.lines[number % pageLines] ?? this.#live.lines[number - this.#live.from];
  }

  /** A number that changes when any line of this line's page changes. */
  version(number: number): number {
    const page = Math.floor(number / pageLines);
    const liveEnd = this.#live.from + this.#live.lines.length;
    return (this.#pages.get(page)?.version ?? 0) + (liveEnd > page * pageLines ? liveEnd : 0);
  }

  /** The number of loaded lines. */
  get heldLines(): number {
    return [...this.#pages.values()].reduce((sum, { lines }) => sum + lines.length, 0);
  }

  /** Loads the missing lines of a range and of the neighbouring pages, instead of those requested before. */
  request(first: number, last: number, total: number): void {
    this.#isStopped = false;
    this.#total = Math.max(this.#total, total);
    const from = Math.floor(Math.max(0, first) / pageLines);
    const to = Math.floor(Math.max(0, last) / pageLines);
    const visible = Array.from({ length: to - from + 1 }, (_, index) => from + index);
    for (const number of visible) {
      const page = this.#pages.get(number);
      if (page) {
        this.#pages.delete(number);
        this.#pages.set(number, page);
      }
    }
    this.#requested = [...visible, to + 1, from - 1].filter(
      (number) => number >= 0 && number * pageLines < this.#total,
    );
    this.#readNext();
  }

  /** Adds lines that arrived as an event. If lines before them are missing, they are kept until those are read. */
  append(from: number, lines: readonly LogLine[]): void {
    const end = from + lines.length;
    this.#total = Math.max(this.#total, end);
    this.#keepLive(from, lines);
    for (let number = Math.floor(from / pageLines); number * pageLines < end; number += 1) {
      const page = this.#pages.get(number) ?? (number * pageLines >= from ? this.#addPage(number) : undefined);
      if (page) {
        page.shortReads = 0;
        this.#fillFromLive(number, page);
      }
    }
    this.#evict();
  }

  #keepLive(from: number, lines: readonly LogLine[]): void {
    const live = this.#live;
    if (from !== live.from + live.lines.length) {
      this.#live = { from, lines: [...lines], characters: countCharacters(lines) };
      return;
    }
    for (const line of lines) {
      live.lines.push(line);
      live.characters += line.text.length;
    }
    if (live.characters > maxLiveCharacters || live.lines.length > 8 * pageLines) {
      const dropped = live.lines.splice(0, Math.ceil(live.lines.length / 2));
      live.from += dropped.length;
      live.characters -= countCharacters(dropped);
    }
  }

  #fillFromLive(number: number, page: Page): void {
    const { from, lines } = this.#live;
    const next = number * pageLines + page.lines.length;
    if (next >= from) {
      this.#extend(page, lines.slice(next - from, (number + 1) * pageLines - from));
    }
  }

  /** Stops reading until the next request. */
  stop(): void {
    this.#isStopped = true;
    this.#requested = [];
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #readNext(): void {
    for (const number of this.#requested) {
      if (this.#reading.size >= maxConcurrentReads) {
        return;
      }
      if (!this.#reading.has(number) && this.#shouldRead(number)) {
        this.#reading.add(number);
        this.#read(number).catch(this.#options.onError);
      }
    }
  }

  #shouldRead(number: number): boolean {
    const page = this.#pages.get(number);
    const isComplete = (page?.lines.length ?? 0) >= this.#lengthOf(number);
    return !isComplete && (page?.shortReads ?? 0) < retry.maxAttempts && this.#timer === undefined;
  }

  /** The number of lines that a page has when it is complete. */
  #lengthOf(number: number): number {
    return Math.min(pageLines, this.#total - number * pageLines);
  }

  async #read(number: number): Promise<void> {
    try {
      const { lines, total } = await this.#options.read(number * pageLines, pageLines);
      if (this.#isStopped) {
        return;
      }
      this.#total = Math.max(this.#total, total);
      const page = this.#pages.get(number) ?? this.#addPage(number);
      this.#extend(page, lines.slice(page.lines.length));
      this.#fillFromLive(number, page);
      if (page.lines.length < this.#lengthOf(number)) {
        page.shortReads += 1;
        this.#timer ??= setTimeout(() => {
          this.#timer = undefined;
          this.#readNext();
        }, retry.afterMs);
      } else {
        page.shortReads = 0;
      }
      this.#evict();
      this.#options.onRead(total);
    } catch (error) {
      // the next request reads again
      this.#requested = [];
      throw error;
    } finally {
      this.#reading.delete(number);
    }
    this.#readNext();
  }

  #addPage(number: number): Page {
    const page: Page = { lines: [], characters: 0, version: 0, shortReads: 0 };
    this.#pages.set(number, page);
    return page;
  }

  #extend(page: Page, lines: readonly LogLine[]): void {
    if (lines.length === 0) {
      return;
    }
    const characters = countCharacters(lines);
    for (const line of lines) {
      page.lines.push(line);
    }
    page.characters += characters;
    this.#characters += characters;
    this.#versions += 1;
    page.version = this.#versions;
  }

  #evict(): void {
    for (const [number, page] of this.#pages) {
      if (this.#characters <= maxCharacters || this.#pages.size <= minPages) {
        return;
      }
      if (!this.#requested.includes(number)) {
        this.#pages.delete(number);
        this.#characters -= page.characters;
      }
    }
  }
}

function countCharacters(lines: readonly LogLine[]): number {
  return lines.reduce((sum, { text }) => sum + text.length, 0);
}
