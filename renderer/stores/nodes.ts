import { create } from 'zustand';
import type { AppEvent, Selection } from '../../shared/contract.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { call } from '../api.ts';
import { useConnections } from './connections.ts';
import { useFarms } from './farms.ts';

interface Nodes {
  /** What the last probes found, by the name of the connection. One that was never probed is missing. */
  readonly byName: Readonly<Record<string, NodeStatus>>;
  /** Connections that are being asked now. */
  readonly probing: ReadonlySet<string>;
}

export const useNodes = create<Nodes>(() => ({ byName: {}, probing: new Set() }));

/** `lost` is down too: its line broke, and is tried again by itself. */
export type Health = 'up' | 'lost' | 'down' | 'probing' | 'unknown';

/** How a connection is known to be; what was known before stays while it is asked again. */
export function healthOf({ byName, probing }: Nodes, connection: string): Health {
  const status = byName[connection];
  if (status?.state === 'down') {
    return status.retry ? 'lost' : 'down';
  }
  return status?.state ?? (probing.has(connection) ? 'probing' : 'unknown');
}

export function useHealth(connection: string): Health {
  return useNodes((nodes) => healthOf(nodes, connection));
}

export function useNode(connection: string): NodeStatus | undefined {
  return useNodes(({ byName }) => byName[connection]);
}

/** Loads what is known; connections that nobody has asked yet are asked in the background. @throws Failure */
export async function loadNodes(): Promise<void> {
  const statuses = await call('nodes.list', {});
  useNodes.setState({ byName: Object.fromEntries(statuses.map((status) => [status.connection, status])) });
  probeUnknown();
}

/** Asks every connection that nobody has asked yet. What it finds, also that nothing answers, is in the store. */
export function probeUnknown(): void {
  const { byName, probing } = useNodes.getState();
  const unknown = useConnections
    .getState()
    .connections.map(({ name }) => name)
    .filter((name) => !byName[name] && !probing.has(name));
  if (unknown.length > 0) {
    probe({ connections: unknown }).catch(() => {});
  }
}

/** Asks the selected nodes anew. A node that does not answer is no failure but a status. @throws Failure */
export async function probe(selection: Selection): Promise<readonly NodeStatus[]> {
  const names = namesOf(selection);
  useNodes.setState(({ probing }) => ({ probing: new Set([...probing, ...names]) }));
  try {
    const statuses = await call('nodes.probe', {
      ...selection,
      ...(selection.connections ? { connections: [...selection.connections] } : {}),
    });
    for (const status of statuses) {
      foldNodes({ event: 'node.changed', status });
    }
    return statuses;
  } finally {
    useNodes.setState(({ probing }) => ({ probing: new Set([...probing].filter((name) => !names.includes(name))) }));
  }
}

function namesOf({ farm, connections }: Selection): readonly string[] {
  const { farms, default: chosen } = useFarms.getState();
  return (
    connections ??
    farms.find(({ name }) => name === (farm ?? chosen))?.connections ??
    useConnections.getState().connections.map(({ name }) => name)
  );
}

export function foldNodes(event: AppEvent): void {
  if (event.event === 'farms.changed') {
    forgetOthers(new Set(event.connections.map(({ name }) => name)));
  } else if (event.event === 'node.changed') {
    const { status } = event;
    const { connections, loaded } = useConnections.getState();
    // a connection may be removed while it is asked
    if (loaded && !connections.some(({ name }) => name === status.connection)) {
      return;
    }
    useNodes.setState(({ byName, probing }) => ({
      byName: { ...byName, [status.connection]: status },
      probing: new Set([...probing].filter((name) => name !== status.connection)),
    }));
  }
}

/** Connections that were removed or renamed have no node any more. */
function forgetOthers(names: ReadonlySet<string>): void {
  useNodes.setState((before) => {
    const { byName, probing } = before;
    const all = [...Object.keys(byName), ...probing];
    return all.every((name) => names.has(name))
      ? before
      : {
          byName: Object.fromEntries(Object.entries(byName).filter(([name]) => names.has(name))),
          probing: new Set([...probing].filter((name) => names.has(name))),
        };
  });
}
