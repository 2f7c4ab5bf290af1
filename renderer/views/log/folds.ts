import type { StepStart } from './step-index.ts';

interface Fold {
  readonly start: number;
  /** The first line behind it. */
  readonly end: number;
  /** Rows of the lines before it. */
  readonly row: number;
  /** Lines that it and the folds before it hide. */
  readonly hidden: number;
}

/** Which line stands in which row: folded steps show the line they begin with only. Lines and rows count from 0. */
export class FoldMap {
  readonly rows: number;
  readonly total: number;
  readonly #folds: readonly Fold[];

  /** @param folded the lines at which folded steps begin. */
  constructor(starts: readonly StepStart[], folded: ReadonlySet<number>, total: number) {
    const folds: Fold[] = [];
    let hidden = 0;
    if (folded.size > 0) {
      for (const [at, { line }] of starts.entries()) {
        const end = Math.min(starts[at + 1]?.line ?? total, total);
        if (folded.has(line) && end > line + 1) {
          const row = line - hidden;
          hidden += end - line - 1;
          folds.push({ start: line, end, row, hidden });
        }
      }
    }
    this.#folds = folds;
    this.total = total;
    this.rows = total - hidden;
  }

  /** The line that a row shows. */
  lineOf(row: number): number {
    const fold = this.#last((each) => each.row < row);
    return row + (fold?.hidden ?? 0);
  }

  /** The row that shows a line, or the one of the folded step that hides it. */
  rowOf(line: number): number {
    const fold = this.#last((each) => each.start < line);
    if (!fold) {
      return line;
    }
    return line < fold.end ? fold.row : line - fold.hidden;
  }

  /** Where the folded step begins that hides a line; undefined where the line can be seen. */
  foldOver(line: number): number | undefined {
    const fold = this.#last((each) => each.start < line);
    return fold && line < fold.end ? fold.start : undefined;
  }

  #last(isBefore: (fold: Fold) => boolean): Fold | undefined {
    let low = 0;
    let high = this.#folds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const fold = this.#folds[middle];
      if (fold && isBefore(fold)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return this.#folds[low - 1];
  }
}
