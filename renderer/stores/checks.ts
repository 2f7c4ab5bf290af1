import { create } from 'zustand';
import type { Check, CheckStep, Fix, FixId, Stage } from '../../shared/check.ts';
import { type Connection, leadsToSame } from '../../shared/connection.ts';
import type { AppEvent } from '../../shared/contract.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { call } from '../api.ts';
import { useConnections } from './connections.ts';
import { each, Feed } from './feed.ts';
import { toastProblem } from './toasts.ts';

/** The last fix that was applied to a connection. */
export interface FixRun {
  readonly fix: FixId;
  /** The label of its button: `Enable the socket`. */
  readonly label: string;
  readonly status: 'running' | 'done' | 'failed';
  /** What the command printed on the node; set when it is done, and often empty. */
  readonly output?: string;
  readonly problem?: Problem;
}

interface Checks {
  /** The last check of each connection since the app started, by connection name. Outdated checks are removed. */
  readonly byName: Readonly<Record<string, Check>>;
  /** Each connection as it was when it was checked. The result is valid for that URI and identity only. */
  readonly checkedConnections: Readonly<Record<string, Connection>>;
  /** Connections whose check this window has requested and that have not responded yet. */
  readonly requested: ReadonlySet<string>;
  /** How long the last complete check of each connection took, in milliseconds. */
  readonly tookMs: Readonly<Record<string, number>>;
  readonly fixes: Readonly<Record<string, FixRun>>;
}

export const useChecks = create<Checks>(() => ({
  byName: {},
  checkedConnections: {},
  requested: new Set(),
  tookMs: {},
  fixes: {},
}));

export function useCheck(name: string): Check | undefined {
  return useChecks(({ byName }) => byName[name]);
}

/** True while a check of the connection is running or has been requested. */
export function useIsCheckRunning(name: string): boolean {
  return useChecks((checks) => isCheckRunning(checks, name));
}

export function isCheckRunning({ byName, requested }: Checks, name: string): boolean {
  return requested.has(name) || byName[name]?.status === 'running';
}

/** Checks a connection stage by stage; results arrive in the store as they come. Does nothing while a check is running. */
export async function runCheck(name: string): Promise<void> {
  if (!isCheckRunning(useChecks.getState(), name)) {
    // the output of a fix belongs to the check that follows it, and not to later checks
    useChecks.setState(({ fixes }) => ({ fixes: omitKey(fixes, name) }));
    await requestCheck(name);
  }
}

async function requestCheck(name: string): Promise<void> {
  setRequested(name, true);
  try {
    putCheck(await call('connections.check', { name }));
  } catch (error) {
    discardChecks([name]);
    toastProblem(error);
  } finally {
    setRequested(name, false);
  }
}

/** Cancels a running check. The steps that have finished stay visible. */
export function cancelCheck(name: string): void {
  call('connections.cancelCheck', { name }).catch(toastProblem);
}

/** Applies a fix to a node, then checks the node again. */
export async function runFix(name: string, fix: FixId, { label }: Pick<Fix, 'label'>): Promise<void> {
  if (useChecks.getState().fixes[name]?.status === 'running') {
    return;
  }
  setFix(name, { fix, label, status: 'running' });
  try {
    const { output } = await call('connections.fix', { name, fix });
    setFix(name, { fix, label, status: 'done', output: output.trim() });
  } catch (error) {
    setFix(name, { fix, label, status: 'failed', problem: problemOf(error) });
    return;
  }
  await requestCheck(name);
}

export const checkFeed = new Feed(each(applyCheckEvent));

function applyCheckEvent(event: AppEvent): void {
  switch (event.event) {
    case 'check.changed':
      putCheck(event.check);
      break;
    case 'farms.changed': {
      const current = new Map(event.connections.map((connection) => [connection.name, connection]));
      const { checkedConnections } = useChecks.getState();
      discardChecks(
        Object.keys(checkedConnections).filter((name) => !isSameTarget(current.get(name), checkedConnections[name])),
      );
      break;
    }
    case 'node.changed': {
      const last = useChecks.getState().byName[event.status.connection];
      if (last && isOutdated(last, event.status)) {
        useChecks.setState(({ byName }) => ({ byName: omitKey(byName, last.connection) }));
      }
      break;
    }
    default:
      break;
  }
}

/** Removes checks that seem to be running: they may have ended while the link to the app was lost. */
export function discardRunningChecks(): void {
  discardChecks(
    Object.values(useChecks.getState().byName).flatMap((entry) => (entry.status === 'running' ? entry.connection : [])),
  );
}

const stagesBeforeResponse: ReadonlySet<Stage> = new Set([
  ...(['name', 'port', 'tls', 'client-certificate', 'host-key', 'sign-in', 'socket'] as const),
  ...(['container-engine', 'container', 'kubectl', 'pod', 'engine'] as const),
]);

/** True if a later probe of the node contradicts the result of the check. */
function isOutdated({ status, steps }: Check, latest: NodeStatus): boolean {
  if (status === 'passed') {
    return latest.state === 'down';
  }
  const failed = findFailedStep(steps);
  return status === 'failed' && latest.state === 'up' && failed !== undefined && stagesBeforeResponse.has(failed.stage);
}

export function findFailedStep(steps: readonly CheckStep[]): CheckStep | undefined {
  return steps.find(({ state }) => state === 'failed');
}

function isSameTarget(a: Connection | undefined, b: Connection | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && leadsToSame(a, b));
}

function putCheck(check: Check): void {
  const { connection: name, status, tookMs } = check;
  const { connections } = useConnections.getState();
  const connection = connections.find((entry) => entry.name === name);
  // the connection may have been removed during its check
  if (!connection) {
    return;
  }
  const isComplete = tookMs !== undefined && (status === 'passed' || status === 'failed');
  useChecks.setState((before) => ({
    byName: { ...before.byName, [name]: check },
    checkedConnections: { ...before.checkedConnections, [name]: connection },
    ...(isComplete ? { tookMs: { ...before.tookMs, [name]: tookMs } } : {}),
  }));
}

function discardChecks(names: readonly string[]): void {
  if (names.length > 0) {
    useChecks.setState(({ byName, checkedConnections, fixes }) => ({
      byName: names.reduce(omitKey, byName),
      checkedConnections: names.reduce(omitKey, checkedConnections),
      fixes: names.reduce(omitKey, fixes),
    }));
  }
}

function setRequested(name: string, isRequested: boolean): void {
  useChecks.setState(({ requested }) => {
    const others = [...requested].filter((other) => other !== name);
    return { requested: new Set(isRequested ? [...others, name] : others) };
  });
}

function setFix(name: string, run: FixRun): void {
  useChecks.setState(({ fixes }) => ({ fixes: { ...fixes, [name]: run } }));
}

function omitKey<T>(record: Readonly<Record<string, T>>, name: string): Readonly<Record<string, T>> {
  const { [name]: _, ...rest } = record;
  return rest;
}
