/** Measures two programs in turns. The first round warms both up and is not counted. */

/** What a group of rows is measured with. */
export interface BenchOptions {
  readonly rounds: number;
  /** Small inputs, which show that a row can be measured. The numbers mean nothing. */
  readonly isSmall: boolean;
}

export interface Measured {
  readonly ours: number[];
  readonly theirs: number[];
}

export class Bench implements BenchOptions {
  readonly rounds: number;
  readonly isSmall: boolean;
  /** By the id of the row. */
  readonly measured = new Map<string, Measured>();
  #round = 0;

  constructor({ rounds, isSmall }: BenchOptions) {
    this.rounds = rounds;
    this.isSmall = isSmall;
  }

  /** Calls the work once to warm up, and then once for each round. */
  async repeat(work: () => Promise<void>): Promise<void> {
    for (this.#round = 0; this.#round <= this.rounds; this.#round += 1) {
      await work();
    }
  }

  /** Measures ours and theirs one after the other. Which is first changes from round to round. */
  async compare(row: string, ours: () => Promise<number>, theirs: () => Promise<number>): Promise<void> {
    if (this.#round % 2 === 0) {
      const value = await ours();
      this.add(row, value, await theirs());
    } else {
      const value = await theirs();
      this.add(row, await ours(), value);
    }
  }

  /** Adds values that were measured together, unless this is the round that warms up. */
  add(row: string, ours: number, theirs: number): void {
    if (this.#round > 0) {
      this.addOnce(row, ours, theirs);
    }
  }

  /** Adds values that need no warming up. */
  addOnce(row: string, ours: number, theirs: number): void {
    if (!Number.isFinite(ours) || !Number.isFinite(theirs)) {
      throw new RangeError(`${row} has no value`);
    }
    const measured = this.measured.get(row) ?? { ours: [], theirs: [] };
    measured.ours.push(ours);
    measured.theirs.push(theirs);
    this.measured.set(row, measured);
  }
}

/** The wall-clock time that the work takes. */
export async function measureSeconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = sorted.length % 2 === 0 ? sorted.slice(middle - 1) : [sorted[middle], sorted[middle]];
  return (low + high) / 2;
}
