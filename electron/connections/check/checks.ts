import type { Check } from '../../../shared/check.ts';
import type { Connection, Destination } from '../../../shared/connection.ts';
import type { NodeStatus } from '../../../shared/node.ts';
import { fail, problemOf } from '../../../shared/problem.ts';
import { runHere } from '../../engines/transport/local-transport.ts';
import type { ResolvedHost } from '../../ssh/ssh-config/resolve.ts';
import { destinationOf } from '../destination.ts';
import { resolveHops } from '../hops.ts';
import type { AuthCallbacks } from '../open-session.ts';
import { CheckReport, type Place } from './check-report.ts';
import type { EngineCheck } from './engine-check.ts';
import { checkEngineOverSsh, checkLocalEngine, engineSteps, sshSteps } from './engine-steps.ts';
import { type CheckedHop, checkSsh, sshHopSteps } from './ssh-steps.ts';
import { remediesNamedBy } from './suggested-fixes.ts';

export interface CheckOptions {
  /** How hosts are trusted and signed in to; the signal takes questions back. */
  readonly trust: (signal: AbortSignal) => AuthCallbacks;
  /** Told of each change of a check. */
  readonly onChange: (check: Check) => void;
  /** Told what a check found the node to be. */
  readonly onStatus: (status: NodeStatus) => void;
}

/** How long a way that nobody waits for any more may take to be left, in milliseconds. */
const leaveMs = 10_000;

/**
 * Goes the way to connections stage by stage, each by a line of its own, so that what it finds is what a new line would find.
 * There is at most one check of a connection at a time.
 */
export class Checks {
  readonly #options: CheckOptions;
  readonly #running = new Map<string, { readonly check: Promise<Check>; readonly cancel: AbortController }>();
  /** Ways that are being left. */
  readonly #leaving = new Set<Promise<unknown>>();

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  /** Resolves with the finished check, also where it failed or was cancelled. One that is under way is joined. */
  check(connection: Connection): Promise<Check> {
    const { name } = connection;
    const running = this.#running.get(name);
    if (running) {
      return running.check;
    }
    const cancel = new AbortController();
    const check = this.#check(connection, cancel.signal).finally(() => this.#running.delete(name));
    this.#running.set(name, { check, cancel });
    return check;
  }

  /** Ends the check of a connection, where there is one, and resolves when it has ended. */
  async cancel(name: string): Promise<void> {
    const running = this.#running.get(name);
    running?.cancel.abort(fail('connection.check-cancelled', `The check of ${name} was cancelled.`, 'Check it again.'));
    await running?.check;
  }

  /** Cancels all checks and resolves when nothing of them is left behind. */
  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.cancel(name)));
    const patience = new Promise((resolve) => setTimeout(resolve, leaveMs).unref());
    await Promise.race([Promise.allSettled([...this.#leaving]), patience]);
  }

  async #check(connection: Connection, signal: AbortSignal): Promise<Check> {
    const { name } = connection;
    const way = await findWay(connection);
    const ladder = new CheckReport(name, way.places, this.#options.onChange);
    const work = way.kind === 'none' ? this.#noWay(way.error, ladder) : this.#climb(connection, way, ladder, signal);
    this.#leaving.add(work);
    const leave = () => this.#leaving.delete(work);
    work.then(leave, leave);
    try {
      await unless(signal, work);
      return ladder.finish('passed');
    } catch (error) {
      if (signal.aborted) {
        return ladder.finish('cancelled');
      }
      const problem = problemOf(error);
      if (ladder.running) {
        ladder.fail(ladder.running, { problem, fixes: remediesNamedBy(problem) });
      }
      this.#options.onStatus({ state: 'down', connection: name, problem });
      return ladder.finish('failed');
    }
  }

  async #noWay(error: unknown, ladder: CheckReport): Promise<void> {
    ladder.begin({ stage: 'name' });
    throw error;
  }

  async #climb(connection: Connection, way: FoundWay, ladder: CheckReport, signal: AbortSignal): Promise<void> {
    const { name, identity } = connection;
    const { destination } = way;
    const climb: EngineCheck = {
      name,
      destination,
      ladder,
      signal,
      onNode: (node) => this.#options.onStatus({ state: 'up', connection: name, node }),
    };
    if (destination.kind !== 'ssh') {
      await checkLocalEngine((command, how) => runHere(name, command, how), climb);
      return;
    }
    const hop = { ...destination, ...(identity ? { identity } : {}) };
    const session = await checkSsh(name, hop, way.route, ladder, { ...this.#options.trust(signal), signal });
    try {
      await checkEngineOverSsh(session, climb);
    } finally {
      await session.close();
    }
  }
}

interface FoundWay {
  readonly kind: 'found';
  readonly destination: Destination;
  readonly route: readonly CheckedHop[];
  readonly places: readonly Place[];
}

/** The rungs of the ladder, known before anything is contacted. */
async function findWay(
  connection: Connection,
): Promise<FoundWay | { readonly kind: 'none'; readonly error: unknown; readonly places: readonly Place[] }> {
  const ofEngine = engineSteps.map((stage) => ({ stage }));
  const ofHost = [...sshHopSteps.map((stage) => ({ stage })), ...ofEngine, ...sshSteps.map((stage) => ({ stage }))];
  let destination: Destination;
  let hosts: readonly ResolvedHost[];
  try {
    destination = destinationOf(connection);
    if (destination.kind !== 'ssh') {
      return { kind: 'found', destination, route: [], places: ofEngine };
    }
    hosts = await resolveHops(connection.name, destination);
  } catch (error) {
    return { kind: 'none', error, places: ofHost };
  }
  const route = hosts.map(({ host, port, originalHost }, index) =>
    index === hosts.length - 1 ? { host, port } : { host, port, jump: originalHost },
  );
  const ofJumps = route.flatMap(({ jump }) =>
    jump === undefined ? [] : sshHopSteps.map((stage) => ({ stage, hop: jump })),
  );
  return { kind: 'found', destination, route, places: [...ofJumps, ...ofHost] };
}

/** Waits for work until the signal aborts; the work sees the signal too, and leaves by itself. */
function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    work.finally(() => signal.removeEventListener('abort', leave)).then(resolve, reject);
    if (signal.aborted) {
      leave();
    }
  });
}
