import { createLogUpdate } from 'log-update';
import type { Check } from '../../shared/check.ts';
import type { Pausable } from './ask.ts';
import { ladderLines } from './check-lines.ts';
import { cut } from './format.ts';
import type { Terminal } from './live-grid.ts';
import { type Paint, paintFor } from './paint.ts';

/** Checks that run, drawn over again with each change, as far as the terminal has room for them. */
export class LiveChecks implements Pausable {
  readonly #stream: Terminal;
  readonly #paint: Paint;
  readonly #draw: ReturnType<typeof createLogUpdate>;
  readonly #checks = new Map<string, Check>();
  #isPaused = false;

  constructor(stream: Terminal, paint = paintFor(stream)) {
    this.#stream = stream;
    this.#paint = paint;
    this.#draw = createLogUpdate(stream);
  }

  show(check: Check): void {
    this.#checks.set(check.connection, check);
    this.#update();
  }

  /** Takes the ladders off the screen, to ask something there. */
  pause(): void {
    this.#isPaused = true;
    this.#draw.clear();
    this.#draw.done();
  }

  resume(): void {
    this.#isPaused = false;
    this.#update();
  }

  #update(): void {
    if (this.#isPaused) {
      return;
    }
    const { columns = 80, rows = 24 } = this.#stream;
    const lines = [...this.#checks.values()].flatMap((check) => ladderLines(check, this.#paint));
    // what has ended stands at the top, and gives way first; the cursor has a line of its own
    this.#draw(
      lines
        .slice(-(rows - 1))
        .map((line) => cut(line, columns - 1))
        .join('\n'),
    );
  }
}
