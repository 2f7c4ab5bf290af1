import { createLogUpdate } from 'log-update';
import type { Check } from '../../../shared/check.ts';
import type { Pausable } from '../prompt.ts';
import { reportLines } from './check-report.ts';
import { cut } from './cut.ts';
import type { Terminal } from './live-grid.ts';
import { type Paint, paintFor } from './paint.ts';
import { cleanPainted } from './text.ts';

/** Shows running checks on a terminal, as far as they fit on the screen. */
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

  /** Removes the checks from the screen. */
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
    const lines = [...this.#checks.values()].flatMap((check) => reportLines(check, this.#paint));
    // the first lines are omitted first, and one line stays free for the cursor
    this.#draw(
      lines
        .slice(-(rows - 1))
        .map((line) => cut(cleanPainted(line), columns - 1))
        .join('\n'),
    );
  }
}
