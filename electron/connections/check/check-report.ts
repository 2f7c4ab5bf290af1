import type { Check, CheckStep, Stage } from '../../../shared/check.ts';
import type { Problem } from '../../../shared/problem.ts';

/** Where on the ladder something is: the stage, and of which host of the way. */
export interface Place {
  readonly stage: Stage;
  readonly hop?: string;
}

/** How a stage has gone. */
export interface Finding {
  readonly said?: string;
  readonly problem?: Problem;
  readonly fixes?: CheckStep['fixes'];
}

/** The rungs of one check as they change, each with its time. Every change is told at once. */
export class CheckReport {
  readonly #connection: string;
  readonly #tell: (check: Check) => void;
  readonly #startedAt = new Date().toISOString();
  readonly #started = performance.now();
  readonly #begun = new Map<CheckStep, number>();
  #rungs: CheckStep[];
  #end: Pick<Check, 'status' | 'tookMs'> | undefined;

  constructor(connection: string, places: readonly Place[], tell: (check: Check) => void) {
    this.#connection = connection;
    this.#tell = tell;
    this.#rungs = places.map((place) => ({ ...place, state: 'waiting', fixes: [] }));
    this.#tell(this.check);
  }

  get check(): Check {
    return {
      connection: this.#connection,
      startedAt: this.#startedAt,
      ...(this.#end ?? { status: 'running' }),
      steps: [...this.#rungs],
    };
  }

  /** The rung that is being climbed. */
  get running(): Place | undefined {
    return this.#rungs.find(({ state }) => state === 'running');
  }

  begin(place: Place): void {
    const rung = this.#replace(place, { state: 'running' });
    this.#begun.set(rung, performance.now());
  }

  pass(place: Place, said?: string, fixes?: CheckStep['fixes']): void {
    this.#finish(place, 'passed', { ...(said === undefined ? {} : { said }), ...(fixes ? { fixes } : {}) });
  }

  warn(place: Place, finding: Finding): void {
    this.#finish(place, 'warned', finding);
  }

  /** Another rung that was begun, and of which nothing will be known now, waits again. */
  fail(place: Place, finding: Finding): void {
    this.#rest();
    this.#finish(place, 'failed', finding);
  }

  finish(status: 'passed' | 'failed' | 'cancelled'): Check {
    this.#rest();
    this.#end = { status, tookMs: since(this.#started) };
    this.#tell(this.check);
    return this.check;
  }

  #finish(place: Place, state: CheckStep['state'], finding: Finding): void {
    const begun = this.#begun.get(this.#find(place));
    this.#replace(place, { state, ...(begun === undefined ? {} : { tookMs: since(begun) }), ...finding });
  }

  #rest(): void {
    this.#rungs = this.#rungs.map((rung) => {
      if (rung.state !== 'running') {
        return rung;
      }
      const resting: CheckStep = { ...rung, state: 'waiting' };
      const begun = this.#begun.get(rung);
      if (begun !== undefined) {
        this.#begun.set(resting, begun);
      }
      return resting;
    });
  }

  #replace(place: Place, change: Partial<CheckStep>): CheckStep {
    const before = this.#find(place);
    const after: CheckStep = { ...before, ...change };
    this.#rungs = this.#rungs.map((rung) => (rung === before ? after : rung));
    this.#tell(this.check);
    return after;
  }

  #find({ stage, hop }: Place): CheckStep {
    const rung = this.#rungs.find((candidate) => candidate.stage === stage && candidate.hop === hop);
    if (!rung) {
      throw new Error(`the ladder has no rung ${stage}${hop === undefined ? '' : ` of ${hop}`}`);
    }
    return rung;
  }
}

/** Milliseconds, to a tenth. */
function since(start: number): number {
  return Math.round((performance.now() - start) * 10) / 10;
}
