import type { Writable } from 'node:stream';
import stringWidth from 'fast-string-width';
import { createLogUpdate } from 'log-update';
import type { AppEvent } from '../../../shared/contract.ts';
import { isWriting } from './backlog.ts';
import { buildNotes } from './build-notes.ts';
import { BuildProgress, type BuildView } from './build-view.ts';
import { type FrameOptions, gridFrame } from './grid-frame.ts';
import { type Paint, paintFor } from './paint.ts';
import { cleanLine } from './text.ts';

/** Fast enough for clocks and spinners, slow enough for slow terminals. */
const drawIntervalMs = 100;

/** A stream with the size of a terminal. */
export type Terminal = Writable & { readonly columns?: number; readonly rows?: number };

/** What is shown, from events. */
export interface FrameSource {
  apply(event: AppEvent): void;
  lines(options: FrameOptions): string[];
  /** What stays above the rows. Each is returned once. */
  takeNotes(): readonly string[];
}

function buildFrames(): FrameSource {
  const progress = new BuildProgress();
  let hasNotes = false;
  return {
    apply: (event) => void progress.apply(event),
    lines: (options) => gridFrame(progress, options),
    takeNotes: () => {
      const { build } = progress;
      const notes = build && !hasNotes ? buildNotes(build) : [];
      hasNotes ||= build !== undefined;
      return notes;
    },
  };
}

/** Shows a build on a terminal, with one row per platform. The rows stay on the screen when the build has ended. */
export class LiveGrid implements BuildView {
  readonly #stream: Terminal;
  readonly #paint: Paint;
  readonly #source: FrameSource;
  readonly #draw: ReturnType<typeof createLogUpdate>;
  #timer: NodeJS.Timeout | undefined;
  #isFinished = false;
  /** The lines on the screen. */
  #shown: readonly string[] = [];
  readonly #onResize = (): void => this.#erase();

  /** @param source what is shown instead of one build */
  constructor(stream: Terminal, paint = paintFor(stream), source = buildFrames()) {
    this.#stream = stream;
    this.#paint = paint;
    this.#source = source;
    this.#draw = createLogUpdate(stream);
    this.resume();
  }

  onEvent(event: AppEvent): void {
    this.#source.apply(event);
  }

  /** Removes the grid from the screen. */
  pause(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stream.off('resize', this.#onResize);
    this.#draw.clear();
    this.#draw.done();
    this.#shown = [];
  }

  resume(): void {
    this.#timer ??= setInterval(() => this.#update(), drawIntervalMs);
    this.#stream.off('resize', this.#onResize).on('resize', this.#onResize);
  }

  /** Draws the final rows, which stay on the screen. */
  finish(): void {
    if (this.#isFinished) {
      return;
    }
    this.#isFinished = true;
    this.pause();
    this.#printNotes();
    // without a line limit: rows that do not fit on the screen scroll away instead of being omitted
    const { columns = 80 } = this.#stream;
    const lines = this.#source.lines({ columns, now: Date.now(), paint: this.#paint });
    this.#stream.write(lines.map((line) => `${line}\n`).join(''));
  }

  #update(): void {
    if (isWriting(this.#stream)) {
      return;
    }
    this.#printNotes();
    const { columns = 80, rows = 24 } = this.#stream;
    // one line stays free for the cursor below the grid
    const options = { columns, maxLines: rows - 1, now: Date.now(), paint: this.#paint };
    const lines = this.#source.lines(options);
    if (lines.length > 0) {
      this.#draw(lines.join('\n'));
      this.#shown = lines;
    }
  }

  /** Prints what stays above the grid. */
  #printNotes(): void {
    const notes = this.#source.takeNotes();
    if (notes.length > 0) {
      this.#stream.write(notes.map((note) => `${this.#paint('dim', cleanLine(note))}\n`).join(''));
    }
  }

  /** A terminal that becomes narrower wraps the lines on the screen, so that the grid takes up more lines than drawn. */
  #erase(): void {
    if (this.#shown.length > 0) {
      const { columns = 80 } = this.#stream;
      const height = this.#shown.reduce((sum, line) => sum + Math.max(1, Math.ceil(stringWidth(line) / columns)), 0);
      this.#stream.write(`\u001b[${height}A\r\u001b[J`);
      this.#shown = [];
      this.#draw.done();
    }
  }
}
