/** The staged diagnosis of a connection, and the fixes that it offers. */
import type { Check, Stage } from '../../../shared/check.ts';
import { type Connection, type Destination, destinationOf, socketPathOf } from '../../../shared/connection.ts';
import type { NodeStatus } from '../../../shared/node.ts';
import { fail, problemOf } from '../../../shared/problem.ts';
import { runLocalCommand } from '../../engines/transport/local-command.ts';
import { openLocalTransport } from '../../engines/transport/local-transport.ts';
import { openSshTransport } from '../../engines/transport/ssh-transport.ts';
import type { Transport } from '../../engines/transport/transport.ts';
import { abortable } from '../../system/abortable.ts';
import { systemPaths } from '../../system/system-paths.ts';
import { type ContainerHost, findContainerHost } from '../container-host.ts';
import { resolveHops } from '../hops.ts';
import type { AuthCallbacks, NodeSessionOptions } from '../open-session.ts';
import { type CheckContext, CheckReport, type StepId } from './check-report.ts';
import {
  answerStages,
  checkEngineOverSsh,
  checkLocalEngine,
  checkOpenEngine,
  engineStages,
  forwardingStages,
} from './engine-steps.ts';
import {
  containerStages,
  openCheckedContainer,
  openCheckedPod,
  openCheckedTcp,
  podStages,
  tcpStages,
} from './reach-steps.ts';
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
        ? this.#failAtStart(prepared.error, report, prepared.steps)
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

  async #failAtStart(error: unknown, report: CheckReport, [first]: readonly StepId[]): Promise<void> {
    if (first) {
      report.start(first);
    }
    throw error;
  }

  async #run(connection: Connection, prepared: ResolvedCheck, report: CheckReport, signal: AbortSignal): Promise<void> {
    const { name, identity } = connection;
    const { destination, route } = prepared;
    const context: CheckContext = {
      name,
      destination,
      options: connection,
      report,
      signal,
      onNode: (node) => this.#options.onStatus({ state: 'up', connection: name, node }, connection),
    };
    const auth = { ...this.#options.authCallbacks(signal), signal };
    switch (destination.kind) {
      case 'local':
      case 'unix':
        await checkLocalEngine((command, options) => runLocalCommand(name, command, options), context);
        return;
      case 'tcp':
        await checkOpened(context, openCheckedTcp({ ...connection, destination, signal }, connection, report));
        return;
      case 'pod':
        await checkOpened(context, openCheckedPod({ name, destination, signal }, report));
        return;
      case 'container': {
        const host = await openCheckedHost(connection, prepared, report, auth);
        await checkOpened(context, openCheckedContainer({ name, destination, host, signal }, report));
        return;
      }
    }
    const hop = { ...destination, ...(identity ? { identity } : {}) };
    const session = await openCheckedSession(name, hop, route, report, auth);
    try {
      await checkEngineOverSsh(session, context);
    } finally {
      await session.close();
    }
  }
}

async function checkOpened(context: CheckContext, opening: Promise<Transport>): Promise<void> {
  const transport = await opening;
  try {
    await checkOpenEngine(context, transport);
  } finally {
    await transport.close();
  }
}

/** Opens a transport to the engine that runs a container, and reports the steps to it. */
async function openCheckedHost(
  { name }: Connection,
  { host, route }: ResolvedCheck,
  report: CheckReport,
  auth: NodeSessionOptions & { readonly signal: AbortSignal },
): Promise<Transport> {
  const { signal } = auth;
  const { destination, options } = host ?? { destination: { kind: 'local' }, options: {} };
  const { identity } = options;
  switch (destination.kind) {
    case 'local':
    case 'unix': {
      report.start({ stage: 'container-engine' });
      const socketPath = socketPathOf(destination);
      return openLocalTransport({ name, ...(socketPath === undefined ? {} : { socketPath }), signal });
    }
    case 'tcp':
      return openCheckedTcp({ ...options, name, destination, signal }, options, report);
    case 'ssh': {
      const hop = { ...destination, ...(identity ? { identity } : {}) };
      const session = await openCheckedSession(name, hop, route, report, auth);
      const { socketPath } = destination;
      report.start({ stage: 'container-engine' });
      return openSshTransport(session, { ...(socketPath ? { socketPath } : {}), ownsSession: true, signal });
    }
  }
}

interface ResolvedCheck {
  readonly kind: 'resolved';
  readonly destination: Destination;
  /** Where the engine of a container is. */
  readonly host?: ContainerHost;
  readonly route: readonly CheckedHop[];
  readonly steps: readonly StepId[];
}

/** A check that fails at its first step, because it is not known what to contact. */
interface UnresolvedCheck {
  readonly kind: 'unresolved';
  readonly error: unknown;
  readonly steps: readonly StepId[];
}

const stepsOf = (stages: readonly Stage[]): StepId[] => stages.map((stage) => ({ stage }));

/** Lists the steps of a check before anything is contacted. */
async function prepareCheck(connection: Connection): Promise<ResolvedCheck | UnresolvedCheck> {
  const { name } = connection;
  let stages: readonly Stage[] = [...hopStages, ...engineStages, ...forwardingStages];
  try {
    const destination = destinationOf(connection);
    let host: ContainerHost | undefined;
    let reached: Destination = destination;
    if (destination.kind === 'container') {
      stages = [...containerStages, ...answerStages];
      host = await findContainerHost(name, destination, connection, systemPaths());
      reached = host.destination;
    } else {
      stages = stagesBehind(destination);
    }
    const before = stagesTo(reached);
    if (reached.kind === 'ssh') {
      stages = [...before, ...stages];
      const hosts = await resolveHops(name, reached);
      const route = hosts.map(({ host: address, port, originalHost }, index) =>
        index === hosts.length - 1 ? { host: address, port } : { host: address, port, jump: originalHost },
      );
      const jumpHostSteps = route.flatMap(({ jump }) =>
        jump === undefined ? [] : hopStages.map((stage) => ({ stage, hop: jump })),
      );
      const steps = [...jumpHostSteps, ...stepsOf(stages)];
      return { kind: 'resolved', destination, ...(host ? { host } : {}), route, steps };
    }
    const steps = stepsOf([...before, ...stages]);
    return { kind: 'resolved', destination, ...(host ? { host } : {}), route: [], steps };
  } catch (error) {
    return { kind: 'unresolved', error, steps: stepsOf(stages) };
  }
}

/** The stages until a host or cluster is reached. */
function stagesTo({ kind }: Destination): readonly Stage[] {
  switch (kind) {
    case 'ssh':
      return hopStages;
    case 'tcp':
      return tcpStages;
    case 'pod':
      return podStages;
    default:
      return [];
  }
}

/** The stages of the engine there. */
function stagesBehind({ kind }: Destination): readonly Stage[] {
  switch (kind) {
    case 'ssh':
      return [...engineStages, ...forwardingStages];
    case 'local':
    case 'unix':
      return engineStages;
    default:
      return answerStages;
  }
}
