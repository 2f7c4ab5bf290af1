import type { Writable } from 'node:stream';
import { createLogUpdate } from 'log-update';
import stringWidth from 'string-width';
import type { AppEvent } from '../../shared/contract.ts';
import { BuildProgress, type BuildView } from './build-view.ts';
import { gridFrame } from './grid-frame.ts';
import { type Paint, paintFor } from './paint.ts';

/** How often the grid is drawn, in milliseconds: often enough for clocks and spinners, seldom enough for slow terminals. */
const drawMs = 100;

/** A terminal, or something that has its size. */
export type Terminal = Writable & { readonly columns?: number; readonly rows?: number };

/** A build on a terminal: a row per platform that is drawn over again and again, and stays when the build has ended. */
export class LiveGrid implements BuildView {
  readonly #stream: Terminal;
  readonly #paint: Paint;
  readonly #progress = new BuildProgress();
  readonly #draw: ReturnType<typeof createLogUpdate>;
  #timer: NodeJS.Timeout | undefined;
  #finished = false;
  /** The lines that stand on the screen now. */
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

  /** Takes the grid off the screen, to ask something there. */
  pause(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stream.off('resize', this.#onResize);
    this.#draw.clear();
    this.#draw.done();
    this.#shown = [];
  }

  resume(): void {
    this.#timer ??= setInterval(() => this.#update(), drawMs);
    this.#stream.off('resize', this.#onResize).on('resize', this.#onResize);
  }

  /** Leaves the rows on the screen as they are now. */
  finish(): void {
    if (this.#finished) {
      return;
    }
    this.#finished = true;
    this.pause();
    // written as it is: rows that the screen has no room for scroll away instead of being left out
    const { columns = 80 } = this.#stream;
    const lines = gridFrame(this.#progress, { columns, now: Date.now(), paint: this.#paint });
    this.#stream.write(lines.map((line) => `${line}\n`).join(''));
  }

  #update(): void {
    const { columns = 80, rows = 24 } = this.#stream;
    // the cursor stands on a line of its own below the grid
    const options = { columns, lines: rows - 1, now: Date.now(), paint: this.#paint };
    const lines = gridFrame(this.#progress, options);
    if (lines.length > 0) {
      this.#draw(lines.join('\n'));
      this.#shown = lines;
    }
  }

  /** Terminals wrap what is on them when they become narrower, so that the grid takes more lines than were drawn. */
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
