import { create } from 'zustand';
import type { Check, CheckStep, Fix, FixId, Stage } from '../../shared/check.ts';
import type { Connection } from '../../shared/connection.ts';
import type { AppEvent } from '../../shared/contract.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { call } from '../api.ts';
import { useConnections } from './connections.ts';
import { toastProblem } from './toasts.ts';

/** What a fix is doing or has done on a node: the last one of a connection. */
export interface FixRun {
  readonly fix: FixId;
  /** As its button says it: `Enable the socket`. */
  readonly label: string;
  readonly status: 'running' | 'done' | 'failed';
  /** What the node said; there when it is done, and often empty. */
  readonly said?: string;
  readonly problem?: Problem;
}

interface Checks {
  /** The last check of a connection in this run of the app, by the connection's name. One that has become untrue is missing. */
  readonly byName: Readonly<Record<string, Check>>;
  /** The connections as they were when they were checked: what was found is true of those only. */
  readonly of: Readonly<Record<string, Connection>>;
  /** Connections that this window has asked to check, and no answer yet. */
  readonly asked: ReadonlySet<string>;
  /** How long the last whole check of each took, in milliseconds. */
  readonly tookMs: Readonly<Record<string, number>>;
  readonly fixes: Readonly<Record<string, FixRun>>;
}

export const useChecks = create<Checks>(() => ({ byName: {}, of: {}, asked: new Set(), tookMs: {}, fixes: {} }));

export function useCheck(name: string): Check | undefined {
  return useChecks(({ byName }) => byName[name]);
}

/** Is the connection being checked, or about to be? */
export function useIsChecked(name: string): boolean {
  return useChecks((checks) => isChecked(checks, name));
}

export function isChecked({ byName, asked }: Checks, name: string): boolean {
  return asked.has(name) || byName[name]?.status === 'running';
}

/** Checks a connection stage by stage. What it finds is in the store while it comes; one that goes on already goes on. */
export async function runCheck(name: string): Promise<void> {
  if (!isChecked(useChecks.getState(), name)) {
    // what a fix has said belongs to the check after it, and is old with the next
    useChecks.setState(({ fixes }) => ({ fixes: without(fixes, name) }));
    await check(name);
  }
}

async function check(name: string): Promise<void> {
  setAsked(name, true);
  try {
    fold(await call('connections.check', { name }));
  } catch (error) {
    forget([name]);
    toastProblem(error);
  } finally {
    setAsked(name, false);
  }
}

/** Ends a check that goes on; what it has found so far stays. */
export function cancelCheck(name: string): void {
  call('connections.cancelCheck', { name }).catch(toastProblem);
}

/** Does on a node what a remedy offers, and checks the node anew when it is done. */
export async function runFix(name: string, fix: FixId, { label }: Pick<Fix, 'label'>): Promise<void> {
  if (useChecks.getState().fixes[name]?.status === 'running') {
    return;
  }
  setFix(name, { fix, label, status: 'running' });
  try {
    const { said } = await call('connections.fix', { name, fix });
    setFix(name, { fix, label, status: 'done', said: said.trim() });
  } catch (error) {
    setFix(name, { fix, label, status: 'failed', problem: problemOf(error) });
    return;
  }
  await check(name);
}

export function foldChecks(event: AppEvent): void {
  switch (event.event) {
    case 'check.changed':
      fold(event.check);
      break;
    case 'farms.changed': {
      const now = new Map(event.connections.map((connection) => [connection.name, connection]));
      const { of } = useChecks.getState();
      forget(Object.keys(of).filter((name) => !isSame(now.get(name), of[name])));
      break;
    }
    case 'node.changed': {
      const last = useChecks.getState().byName[event.status.connection];
      if (last && isOutdated(last, event.status)) {
        useChecks.setState(({ byName }) => ({ byName: without(byName, last.connection) }));
      }
      break;
    }
    default:
      break;
  }
}

/** What went on while the link to the app was lost was not heard of: a check that seems to run may have ended long ago. */
export function forgetOpenChecks(): void {
  forget(
    Object.values(useChecks.getState().byName).flatMap((each) => (each.status === 'running' ? each.connection : [])),
  );
}

const stagesBeforeAnswer: ReadonlySet<Stage> = new Set(['name', 'port', 'host-key', 'sign-in', 'socket', 'engine']);

/** Has a node been found otherwise since it was checked? */
function isOutdated({ status, steps: rungs }: Check, found: NodeStatus): boolean {
  if (status === 'passed') {
    return found.state === 'down';
  }
  const failed = failedRung(rungs);
  return status === 'failed' && found.state === 'up' && failed !== undefined && stagesBeforeAnswer.has(failed.stage);
}

export function failedRung(rungs: readonly CheckStep[]): CheckStep | undefined {
  return rungs.find(({ state }) => state === 'failed');
}

function isSame(a: Connection | undefined, b: Connection | undefined): boolean {
  return a?.uri === b?.uri && a?.identity === b?.identity;
}

function fold(check: Check): void {
  const { connection: name, status, tookMs } = check;
  const { connections } = useConnections.getState();
  const connection = connections.find((each) => each.name === name);
  // it may be removed while it is checked
  if (!connection) {
    return;
  }
  const isWhole = tookMs !== undefined && (status === 'passed' || status === 'failed');
  useChecks.setState((before) => ({
    byName: { ...before.byName, [name]: check },
    of: { ...before.of, [name]: connection },
    ...(isWhole ? { tookMs: { ...before.tookMs, [name]: tookMs } } : {}),
  }));
}

function forget(names: readonly string[]): void {
  if (names.length > 0) {
    useChecks.setState(({ byName, of, fixes }) => ({
      byName: names.reduce(without, byName),
      of: names.reduce(without, of),
      fixes: names.reduce(without, fixes),
    }));
  }
}

function setAsked(name: string, isAsked: boolean): void {
  useChecks.setState(({ asked }) => {
    const others = [...asked].filter((each) => each !== name);
    return { asked: new Set(isAsked ? [...others, name] : others) };
  });
}

function setFix(name: string, run: FixRun): void {
  useChecks.setState(({ fixes }) => ({ fixes: { ...fixes, [name]: run } }));
}

function without<T>(record: Readonly<Record<string, T>>, name: string): Readonly<Record<string, T>> {
  const { [name]: _, ...rest } = record;
  return rest;
}
