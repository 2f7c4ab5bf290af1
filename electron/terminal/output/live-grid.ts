import type { Writable } from 'node:stream';
import stringWidth from 'fast-string-width';
import { createLogUpdate } from 'log-update';
import type { AppEvent } from '../../../shared/contract.ts';
import { isWriting } from './backlog.ts';
import { BuildProgress, type BuildView } from './build-view.ts';
import { gridFrame } from './grid-frame.ts';
import { type Paint, paintFor } from './paint.ts';

/** Fast enough for clocks and spinners, slow enough for slow terminals. */
const drawIntervalMs = 100;

/** A stream with the size of a terminal. */
export type Terminal = Writable & { readonly columns?: number; readonly rows?: number };

/** Shows a build on a terminal, with one row per platform. The rows stay on the screen when the build has ended. */
export class LiveGrid implements BuildView {
  readonly #stream: Terminal;
  readonly #paint: Paint;
  readonly #progress = new BuildProgress();
  readonly #draw: ReturnType<typeof createLogUpdate>;
  #timer: NodeJS.Timeout | undefined;
  #isFinished = false;
  /** The lines on the screen. */
  #shown: readonly string[] = [];
  readonly #onResize = (): void => this.#erase();

  constructor(stream: Terminal, paint = paintFor(stream)) {
    this.#stream = stream;
    this.#paint = paint;
    this.#draw = createLogUpdate(stream);
    this.resume();
  }

  onEvent(event: AppEvent): void {
    this.#progress.apply(event);
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
    // without a line limit: rows that do not fit on the screen scroll away instead of being omitted
    const { columns = 80 } = this.#stream;
    const lines = gridFrame(this.#progress, { columns, now: Date.now(), paint: this.#paint });
    this.#stream.write(lines.map((line) => `${line}\n`).join(''));
  }

  #update(): void {
    if (isWriting(this.#stream)) {
      return;
    }
    const { columns = 80, rows = 24 } = this.#stream;
    // one line stays free for the cursor below the grid
    const options = { columns, maxLines: rows - 1, now: Date.now(), paint: this.#paint };
    const lines = gridFrame(this.#progress, options);
    if (lines.length > 0) {
      this.#draw(lines.join('\n'));
      this.#shown = lines;
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
