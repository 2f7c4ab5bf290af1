import type { LoggedStep } from './logged-steps.ts';

interface Fold {
  /** The first line of the step, which stays visible. */
  readonly start: number;
  /** The line after the step. */
  readonly end: number;
  /** The row of the first line. */
  readonly row: number;
  /** The number of lines hidden by this fold and those before it. */
  readonly hidden: number;
}

/** Maps rows to lines: a folded step shows only its first line. Lines and rows count from 0. */
export class FoldMap {
  readonly rows: number;
  readonly total: number;
  readonly #folds: readonly Fold[];

  /** @param folded the lines at which folded steps start. */
  constructor(steps: readonly Pick<LoggedStep, 'firstLine'>[], folded: ReadonlySet<number>, total: number) {
    const folds: Fold[] = [];
    let hidden = 0;
    if (folded.size > 0) {
      for (const [index, { firstLine: line }] of steps.entries()) {
        const end = Math.min(steps[index + 1]?.firstLine ?? total, total);
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
    const fold = this.#lastFold((each) => each.row < row);
    return row + (fold?.hidden ?? 0);
  }

  /** The row that shows a line, or the row of the folded step that hides it. */
  rowOf(line: number): number {
    const fold = this.#lastFold((each) => each.start < line);
    if (!fold) {
      return line;
    }
    return line < fold.end ? fold.row : line - fold.hidden;
  }

  /** The first line of the folded step that hides a line; undefined if the line is visible. */
  foldHiding(line: number): number | undefined {
    const fold = this.#lastFold((each) => each.start < line);
    return fold && line < fold.end ? fold.start : undefined;
  }

  #lastFold(isBefore: (fold: Fold) => boolean): Fold | undefined {
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
