/** The staged diagnosis of a connection, and the fixes that it offers. */
import type { Check } from '../../../shared/check.ts';
import { type Connection, type Destination, destinationOf } from '../../../shared/connection.ts';
import type { NodeStatus } from '../../../shared/node.ts';
import { fail, problemOf } from '../../../shared/problem.ts';
import { runLocalCommand } from '../../engines/transport/local-command.ts';
import type { ResolvedHost } from '../../ssh/ssh-config/resolve.ts';
import { abortable } from '../../system/abortable.ts';
import { resolveHops } from '../hops.ts';
import type { AuthCallbacks } from '../open-session.ts';
import { type CheckContext, CheckReport, type StepId } from './check-report.ts';
import { checkEngineOverSsh, checkLocalEngine, engineStages, forwardingStages } from './engine-steps.ts';
import { type CheckedHop, hopStages, openCheckedSession } from './ssh-steps.ts';
import { fixesNamedIn } from './suggested-fixes.ts';

export interface CheckOptions {
  /** How host keys are decided on and credentials are obtained. The signal withdraws open questions. */
  readonly authCallbacks: (signal: AbortSignal) => AuthCallbacks;
  /** Called after each change of a check. */
  readonly onChange: (check: Check) => void;
  /** Called with the state in which a check found the node. */
  readonly onStatus: (status: NodeStatus, connection: Connection) => void;
}

interface RunningCheck {
  readonly check: Promise<Check>;
  readonly cancel: AbortController;
  /** How many callers wait for it. */
  waiting: number;
}

/** How long `close` waits for the sessions of cancelled checks to close, in milliseconds. */
const closeTimeoutMs = 10_000;

/**
 * Checks connections stage by stage. Each check opens a separate session, so it finds what a new session would find.
 * A connection has at most one check at a time.
 */
export class ConnectionChecks {
  readonly #options: CheckOptions;
  readonly #running = new Map<string, RunningCheck>();
  /** The work of all checks, including that of cancelled ones whose sessions are still closing. */
  readonly #work = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  /**
   * Resolves with the finished check, also if it failed or was cancelled. Joins a check of the connection that is
   * running.
   * @param signal ends the wait. A check that no call waits for any more is cancelled.
   */
  async check(connection: Connection, signal: AbortSignal): Promise<Check> {
    const running = this.#running.get(connection.name) ?? this.#start(connection);
    running.waiting += 1;
    try {
      return await abortable(signal, running.check);
    } finally {
      running.waiting -= 1;
      if (running.waiting === 0 && this.#running.get(connection.name) === running) {
        void this.cancel(connection.name);
      }
    }
  }

  /** @throws Failure `app.closed` */
  #start(connection: Connection): RunningCheck {
    const { name } = connection;
    if (this.#isClosed) {
      throw fail('app.closed', `Barnraiser is closing, so ${name} was not checked.`, 'Start it again, then check.');
    }
    const cancel = new AbortController();
    const check = this.#check(connection, cancel.signal).finally(() => this.#running.delete(name));
    const running = { check, cancel, waiting: 0 };
    this.#running.set(name, running);
    return running;
  }

  /** Cancels the check of a connection, if one is running, and resolves when it has ended. */
  async cancel(name: string): Promise<void> {
    const running = this.#running.get(name);
    running?.cancel.abort(fail('connection.check-cancelled', `The check of ${name} was cancelled.`, 'Check it again.'));
    await running?.check;
  }

  /** Cancels all checks and starts no more. Resolves when their sessions are closed, or after {@link closeTimeoutMs}. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#running.keys()].map((name) => this.cancel(name)));
    const timeout = new Promise((resolve) => setTimeout(resolve, closeTimeoutMs).unref());
    await Promise.race([Promise.allSettled([...this.#work]), timeout]);
  }

  async #check(connection: Connection, signal: AbortSignal): Promise<Check> {
    const { name } = connection;
    const prepared = await prepareCheck(connection);
    const report = new CheckReport(name, prepared.steps, this.#options.onChange);
    const work =
      prepared.kind === 'unresolved'
        ? this.#failAtName(prepared.error, report)
        : this.#run(connection, prepared, report, signal);
    this.#work.add(work);
    const removeWork = () => this.#work.delete(work);
    work.then(removeWork, removeWork);
    try {
      // on cancel, resolve at once: the work gets the same signal and ends on its own
      await abortable(signal, work);
      return report.finish('passed');
    } catch (error) {
      if (signal.aborted) {
        return report.finish('cancelled');
      }
      const problem = problemOf(error);
      if (report.runningStep) {
        report.fail(report.runningStep, { problem, fixes: fixesNamedIn(problem) });
      }
      this.#options.onStatus({ state: 'down', connection: name, problem }, connection);
      return report.finish('failed');
    }
  }

  async #failAtName(error: unknown, report: CheckReport): Promise<void> {
    report.start({ stage: 'name' });
    throw error;
  }

  async #run(
    connection: Connection,
    { destination, route }: ResolvedCheck,
    report: CheckReport,
    signal: AbortSignal,
  ): Promise<void> {
    const { name, identity } = connection;
    const context: CheckContext = {
      name,
      destination,
      report,
      signal,
      onNode: (node) => this.#options.onStatus({ state: 'up', connection: name, node }, connection),
    };
    if (destination.kind !== 'ssh') {
      await checkLocalEngine((command, options) => runLocalCommand(name, command, options), context);
      return;
    }
    const hop = { ...destination, ...(identity ? { identity } : {}) };
    const session = await openCheckedSession(name, hop, route, report, {
      ...this.#options.authCallbacks(signal),
      signal,
    });
    try {
      await checkEngineOverSsh(session, context);
    } finally {
      await session.close();
    }
  }
}

interface ResolvedCheck {
  readonly kind: 'resolved';
  readonly destination: Destination;
  readonly route: readonly CheckedHop[];
  readonly steps: readonly StepId[];
}

/**
 * Lists the steps of a check before anything is contacted. If the route cannot be resolved, the check fails at `name`.
 */
async function prepareCheck(
  connection: Connection,
): Promise<
  ResolvedCheck | { readonly kind: 'unresolved'; readonly error: unknown; readonly steps: readonly StepId[] }
> {
  const engineSteps = engineStages.map((stage) => ({ stage }));
  const nodeSteps = [
    ...hopStages.map((stage) => ({ stage })),
    ...engineSteps,
    ...forwardingStages.map((stage) => ({ stage })),
  ];
  let destination: Destination;
  let hosts: readonly ResolvedHost[];
  try {
    destination = destinationOf(connection);
    if (destination.kind !== 'ssh') {
      return { kind: 'resolved', destination, route: [], steps: engineSteps };
    }
    hosts = await resolveHops(connection.name, destination);
  } catch (error) {
    return { kind: 'unresolved', error, steps: nodeSteps };
  }
  const route = hosts.map(({ host, port, originalHost }, index) =>
    index === hosts.length - 1 ? { host, port } : { host, port, jump: originalHost },
  );
  const jumpHostSteps = route.flatMap(({ jump }) =>
    jump === undefined ? [] : hopStages.map((stage) => ({ stage, hop: jump })),
  );
  return { kind: 'resolved', destination, route, steps: [...jumpHostSteps, ...nodeSteps] };
}
