/** Which nodes are set aside, because their jobs failed again and again. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Connection } from '../../shared/connection.ts';
import { dataFormats } from '../../shared/data-formats.ts';
import { type Problem, problemSchema } from '../../shared/problem.ts';
import type { SetAside } from '../../shared/set-aside.ts';
import { SettingsFile } from '../settings/settings-file.ts';
import { backoffMs } from '../system/backoff.ts';

type Target = Pick<Connection, 'uri'>;

/** A node is set aside after as many failures within {@link windowMs}. */
const maxFailures = 3;
const windowMs = 30 * 60_000;
/** 5 min at first, doubled with each trial that fails, up to an hour. */
const pause = { firstMs: 5 * 60_000, maxMs: 60 * 60_000, jitter: 0 };
/** A trial that has not ended by then does not keep others from being made: its process may have been killed. In milliseconds. */
const trialMs = 15 * 60_000;

const failureSchema = z.object({
  /** What may fail only once: a build, or one platform of it. */
  key: z.string(),
  at: z.number(),
  problem: problemSchema,
  /** The node could not be reached or did not answer: a probe that succeeds shows that this is over. */
  wasLost: z.boolean(),
});

const circuitSchema = z.object({
  uri: z.string(),
  failures: z.array(failureSchema),
  /** How often it was set aside since its last success. */
  opened: z.number().int().min(0),
  /** Until when, as from `Date.now()`. Missing if it was never set aside. */
  until: z.number().optional(),
  trialSince: z.number().optional(),
});
type Circuit = Readonly<z.infer<typeof circuitSchema>>;

export const circuitsSchema = z.object({ circuits: z.array(circuitSchema).readonly() });

export interface NodeFailure {
  readonly key: string;
  readonly problem: Problem;
  readonly wasLost: boolean;
}

export interface CircuitBreakerOptions {
  /** The settings folder. */
  readonly folder: string;
  /** The connections that there are: others are forgotten. */
  readonly connections: () => Promise<readonly Target[]>;
  readonly now?: () => number;
}

/**
 * A circuit breaker for each node, by the URI of its connection, shared by all processes of a data folder (`circuits.json`).
 * *Closed*: the node gets jobs. After some failures in a short time it *opens*: the node is set aside. When the pause is over, it is
 * *half open*: one job is a trial. If that succeeds, the failures are forgotten; if it fails, the node is set aside for twice as long.
 * An unreadable file only means that less is known.
 */
export class CircuitBreaker {
  readonly #file: SettingsFile<z.infer<typeof circuitsSchema>>;
  readonly #connections: CircuitBreakerOptions['connections'];
  readonly #now: () => number;
  readonly #listeners: (() => void)[] = [];
  #circuits: ReadonlyMap<string, Circuit> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor({ folder, connections, now = Date.now }: CircuitBreakerOptions) {
    this.#file = new SettingsFile({
      format: dataFormats.circuits,
      folder,
      schema: circuitsSchema,
      empty: { circuits: [] },
    });
    this.#connections = connections;
    this.#now = now;
  }

  /** Calls the listener after each change, by whatever process. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Reads what all processes have found. */
  async refresh(): Promise<void> {
    const file = await this.#file.read().catch(() => undefined);
    if (file) {
      this.#take(file.circuits);
    }
  }

  /** Why a node is set aside or is being tried. Undefined if it gets jobs like any other. */
  stateOf({ uri }: Target): SetAside | undefined {
    const circuit = this.#circuits.get(uri);
    const last = circuit?.failures.at(-1);
    if (circuit?.until === undefined || !last) {
      return undefined;
    }
    const { until, failures, trialSince } = circuit;
    return {
      until: new Date(until).toISOString(),
      failures: failures.length,
      problem: last.problem,
      ...(trialSince === undefined ? {} : { trialSince: new Date(trialSince).toISOString() }),
    };
  }

  /** Whether a node gets no jobs now, as {@link stateOf} says. */
  isSetAside(target: Target): boolean {
    const state = this.stateOf(target);
    return state !== undefined && isSetAside(state, this.#now());
  }

  /** Records a failure of a node, once for each key. */
  async addFailure(target: Target, failure: NodeFailure): Promise<void> {
    await this.#change(target, (circuit) => withFailure(circuit, failure, this.#now()));
  }

  /** Forgets the failures of a node whose job has succeeded, or that a person wants to use again. */
  async reset(target: Target): Promise<void> {
    await this.#change(target, () => undefined);
  }

  /** To be called when a job begins on a node: if the pause of the node is over, the job is the trial. */
  async begin(target: Target): Promise<void> {
    await this.#change(target, (circuit) => {
      const now = this.#now();
      const isHalfOpen = circuit.until !== undefined && !isSetAside(asSetAside(circuit), now);
      return isHalfOpen ? { ...circuit, trialSince: now } : circuit;
    });
  }

  /** To be called when a node has answered a probe: that ends the pause of one that could not be reached, but not before its time. */
  async answered(target: Target): Promise<void> {
    await this.#change(target, (circuit) => {
      const isOver = circuit.until !== undefined && circuit.until <= this.#now();
      return isOver && circuit.failures.every(({ wasLost }) => wasLost) ? undefined : circuit;
    });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** Changes what is known of a node, if anything is known of it or `change` makes something of nothing. Never rejects. */
  async #change({ uri }: Target, change: (circuit: Circuit) => Circuit | undefined): Promise<void> {
    const none: Circuit = { uri, failures: [], opened: 0 };
    const next = (circuits: readonly Circuit[]): readonly Circuit[] => {
      const before = circuits.find((circuit) => circuit.uri === uri);
      const after = change(before ?? none);
      if (after === (before ?? none) || (!before && !after)) {
        return circuits;
      }
      return [...circuits.filter((circuit) => circuit !== before), ...(after ? [after] : [])];
    };
    await this.refresh();
    const known = [...this.#circuits.values()];
    if (next(known) === known) {
      return;
    }
    const existing = new Set((await this.#connections().catch(() => [])).map((connection) => connection.uri)).add(uri);
    const file = await this.#file
      .update((before) => {
        const circuits = next(before.circuits);
        return circuits === before.circuits ? before : { circuits: circuits.filter((each) => existing.has(each.uri)) };
      })
      .catch(() => undefined);
    if (file) {
      this.#take(file.circuits);
    }
  }

  #take(circuits: readonly Circuit[]): void {
    const before = [...this.#circuits.values()];
    this.#circuits = new Map(circuits.map((circuit) => [circuit.uri, circuit]));
    if (!isDeepStrictEqual(before, [...circuits])) {
      this.#report();
    }
    this.#plan();
  }

  #report(): void {
    for (const listener of this.#listeners) {
      listener();
    }
  }

  /** Reports when the next pause is over, which nothing else does. */
  #plan(): void {
    clearTimeout(this.#timer);
    const now = this.#now();
    const next = Math.min(...[...this.#circuits.values()].flatMap(({ until = 0 }) => (until > now ? until : [])));
    if (Number.isFinite(next) && !this.#isClosed) {
      const onEnd = (): void => {
        this.#report();
        this.#plan();
      };
      // a clock that was corrected must not make the timer fire at once, again and again
      this.#timer = setTimeout(onEnd, Math.min(Math.max(next - now, 1_000), 2 ** 31 - 1)).unref();
    }
  }
}

/** In the settings folder. */

/** Whether a node gets no jobs now: its pause is not over, or another job tries it. */
export function isSetAside({ until, trialSince }: Pick<SetAside, 'until' | 'trialSince'>, now = Date.now()): boolean {
  return now < Date.parse(until) || (trialSince !== undefined && now - Date.parse(trialSince) < trialMs);
}

function asSetAside({ until = 0, trialSince }: Circuit): Pick<SetAside, 'until' | 'trialSince'> {
  return {
    until: new Date(until).toISOString(),
    ...(trialSince === undefined ? {} : { trialSince: new Date(trialSince).toISOString() }),
  };
}

function withFailure(circuit: Circuit, { key, problem, wasLost }: NodeFailure, now: number): Circuit {
  const recent =
    circuit.until === undefined ? circuit.failures.filter(({ at }) => now - at < windowMs) : circuit.failures;
  if (recent.some((failure) => failure.key === key)) {
    return circuit;
  }
  const { code, message, fix } = problem;
  // a file that everyone reads has no outputs of engines in it
  const failure = { key, at: now, wasLost, problem: { code, message: message.slice(0, 500), fix: fix.slice(0, 500) } };
  const failures = [...recent, failure].slice(-maxKept);
  const hasEnded = circuit.until !== undefined && circuit.until <= now;
  const opens = circuit.until === undefined ? failures.length >= maxFailures : hasEnded;
  if (!opens) {
    return { ...circuit, failures };
  }
  const opened = circuit.opened + 1;
  return { uri: circuit.uri, failures, opened, until: now + backoffMs(opened, pause) };
}

/** How many failures of a node are kept. */
const maxKept = 20;
