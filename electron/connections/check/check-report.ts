import type { Check, CheckStep, Stage } from '../../../shared/check.ts';
import type { ConnectionOptions, Destination } from '../../../shared/connection.ts';
import type { Node } from '../../../shared/node.ts';
import type { Problem } from '../../../shared/problem.ts';

/** What the steps that check an engine share. */
export interface CheckContext {
  /** The connection's name. */
  readonly name: string;
  readonly destination: Destination;
  /** What the connection says of the jobs that its node gets. */
  readonly options: ConnectionOptions;
  readonly report: CheckReport;
  readonly signal: AbortSignal;
  /** Called with the node once its engine has described itself. */
  readonly onNode: (node: Node) => void;
}

/** Identifies a step: its stage, and the jump host that it is about. Without a `hop` it is about the node itself. */
export interface StepId {
  readonly stage: Stage;
  readonly hop?: string;
}

/** The result of a step. */
export interface StepResult {
  readonly finding?: string;
  readonly problem?: Problem;
  readonly fixes?: CheckStep['fixes'];
}

/** The steps of one check with their states and times. Calls `onChange` after every change. */
export class CheckReport {
  readonly #connection: string;
  readonly #onChange: (check: Check) => void;
  readonly #startedAt = new Date().toISOString();
  readonly #startTime = performance.now();
  readonly #stepStartTimes = new Map<CheckStep, number>();
  #steps: CheckStep[];
  #end: Pick<Check, 'status' | 'tookMs'> | undefined;

  constructor(connection: string, ids: readonly StepId[], onChange: (check: Check) => void) {
    this.#connection = connection;
    this.#onChange = onChange;
    this.#steps = ids.map((id) => ({ ...id, state: 'waiting', fixes: [] }));
    this.#onChange(this.check);
  }

  get check(): Check {
    return {
      connection: this.#connection,
      startedAt: this.#startedAt,
      ...(this.#end ?? { status: 'running' }),
      steps: [...this.#steps],
    };
  }

  get runningStep(): StepId | undefined {
    return this.#steps.find(({ state }) => state === 'running');
  }

  start(id: StepId): void {
    const step = this.#replace(id, { state: 'running' });
    this.#stepStartTimes.set(step, performance.now());
  }

  pass(id: StepId, finding?: string, fixes?: CheckStep['fixes']): void {
    this.#endStep(id, 'passed', { ...(finding === undefined ? {} : { finding }), ...(fixes ? { fixes } : {}) });
  }

  warn(id: StepId, result: StepResult): void {
    this.#endStep(id, 'warned', result);
  }

  /** Marks a step as failed. If another step is running, its result will never be known, so it is waiting again. */
  fail(id: StepId, result: StepResult): void {
    this.#resetRunningStep();
    this.#endStep(id, 'failed', result);
  }

  finish(status: 'passed' | 'failed' | 'cancelled'): Check {
    this.#resetRunningStep();
    this.#end = { status, tookMs: elapsedMs(this.#startTime) };
    this.#onChange(this.check);
    return this.check;
  }

  #endStep(id: StepId, state: CheckStep['state'], result: StepResult): void {
    const startTime = this.#stepStartTimes.get(this.#find(id));
    this.#replace(id, { state, ...(startTime === undefined ? {} : { tookMs: elapsedMs(startTime) }), ...result });
  }

  #resetRunningStep(): void {
    this.#steps = this.#steps.map((step) => {
      if (step.state !== 'running') {
        return step;
      }
      const reset: CheckStep = { ...step, state: 'waiting' };
      const startTime = this.#stepStartTimes.get(step);
      if (startTime !== undefined) {
        this.#stepStartTimes.set(reset, startTime);
      }
      return reset;
    });
  }

  #replace(id: StepId, change: Partial<CheckStep>): CheckStep {
    const before = this.#find(id);
    const after: CheckStep = { ...before, ...change };
    this.#steps = this.#steps.map((step) => (step === before ? after : step));
    this.#onChange(this.check);
    return after;
  }

  #find({ stage, hop }: StepId): CheckStep {
    const step = this.#steps.find((candidate) => candidate.stage === stage && candidate.hop === hop);
    if (!step) {
      throw new Error(`the check has no step ${stage}${hop === undefined ? '' : ` for ${hop}`}`);
    }
    return step;
  }
}

/** Milliseconds since `startTime`, rounded to a tenth. */
function elapsedMs(startTime: number): number {
  return Math.round((performance.now() - startTime) * 10) / 10;
}
