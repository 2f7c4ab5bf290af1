import { create } from 'zustand';
import { useConnections } from '../../stores/connections.ts';
import { probe } from '../../stores/nodes.ts';
import { toastProblem } from '../../stores/toasts.ts';

/** One test of one connection that a person has asked for. */
export interface Asking {
  /** ISO 8601; missing while nobody asks. */
  readonly since?: string;
  /** How long the last one took, in milliseconds. */
  readonly tookMs?: number;
}

export const useAskings = create<{ readonly byName: Readonly<Record<string, Asking>> }>(() => ({ byName: {} }));

function set(name: string, asking: Asking): void {
  useAskings.setState(({ byName }) => ({ byName: { ...byName, [name]: asking } }));
}

/** Asks a node anew and remembers how long that took. What it finds is in the store of nodes. */
export async function askNode(name: string): Promise<void> {
  const before = useAskings.getState().byName[name];
  if (before?.since !== undefined) {
    return;
  }
  const start = performance.now();
  set(name, { ...before, since: new Date().toISOString() });
  try {
    await probe({ connections: [name] });
    set(name, { tookMs: performance.now() - start });
  } catch (error) {
    set(name, before ?? {});
    toastProblem(error);
  }
}

/** Asks every node anew, all at the same time. */
export function askAllNodes(): void {
  const connections = useConnections.getState().connections.map(({ name }) => name);
  if (connections.length > 0) {
    probe({ connections }).catch(toastProblem);
  }
}
