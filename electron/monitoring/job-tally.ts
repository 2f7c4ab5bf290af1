import type { JobEntry } from '../../shared/build-entry.ts';
import { type FailureKind, failureKindNames, failureKindOf } from '../../shared/failure-kind.ts';
import type { JobStatistics, Times } from '../../shared/statistics.ts';

/** Times are those of the newest jobs, at most so many: older ones say little of a node as it is now. */
const maxTimes = 1_000;

/** Counts jobs. Jobs are added newest first, and tallies of newer jobs before those of older ones. */
export class JobTally {
  #done = 0;
  #failed = 0;
  #cancelled = 0;
  #skipped = 0;
  #lost = 0;
  readonly #cold: number[] = [];
  readonly #warm: number[] = [];
  readonly #failures = new Map<FailureKind, number>();

  add({ status, durationMs, skipped, warm, code }: JobEntry): void {
    if (status === 'done') {
      this.#done += 1;
      this.#skipped += skipped ? 1 : 0;
      if (!skipped && durationMs !== undefined) {
        keep(warm ? this.#warm : this.#cold, [durationMs]);
      }
    } else if (status === 'failed') {
      this.#failed += 1;
      this.#addFailure(failureKindOf(code), 1);
    } else if (status === 'cancelled') {
      this.#cancelled += 1;
    }
  }

  /** A slow attempt that was stopped because another one was faster counts as cancelled. */
  addLost(code: JobEntry['code']): void {
    if (code === 'node.slow') {
      this.#cancelled += 1;
      return;
    }
    this.#lost += 1;
    this.#addFailure(failureKindOf(code), 1);
  }

  merge(older: JobTally): void {
    this.#done += older.#done;
    this.#failed += older.#failed;
    this.#cancelled += older.#cancelled;
    this.#skipped += older.#skipped;
    this.#lost += older.#lost;
    keep(this.#cold, older.#cold);
    keep(this.#warm, older.#warm);
    for (const [kind, count] of older.#failures) {
      this.#addFailure(kind, count);
    }
  }

  #addFailure(kind: FailureKind, count: number): void {
    this.#failures.set(kind, (this.#failures.get(kind) ?? 0) + count);
  }

  result(): JobStatistics {
    const [cold, warm, all] = [timesOf(this.#cold), timesOf(this.#warm), timesOf([...this.#cold, ...this.#warm])];
    return {
      done: this.#done,
      failed: this.#failed,
      cancelled: this.#cancelled,
      skipped: this.#skipped,
      lost: this.#lost,
      ...(cold ? { cold } : {}),
      ...(warm ? { warm } : {}),
      ...(all ? { all } : {}),
      failures: failureKindNames
        .flatMap((kind) => ({ kind, count: this.#failures.get(kind) ?? 0 }))
        .filter(({ count }) => count > 0)
        .sort((one, other) => other.count - one.count),
    };
  }
}

function keep(times: number[], older: readonly number[]): void {
  times.push(...older.slice(0, Math.max(0, maxTimes - times.length)));
}

/** The median and the 90th percentile by the nearest rank. Undefined without times. */
export function timesOf(durations: readonly number[]): Times | undefined {
  const sorted = [...durations].sort((one, other) => one - other);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return sorted.length === 0 ? undefined : { count: sorted.length, medianMs: at(0.5), p90Ms: at(0.9) };
}
