import { create } from 'zustand';
import type { AppEvent } from '../../shared/contract.ts';
import type { NodeSelection } from '../../shared/farm.ts';
import { type NodeState, type NodeStatus, nodeStateOf, nodeStateWords } from '../../shared/node.ts';
import { call } from '../api.ts';
import { useConnections } from './connections.ts';
import { useFarms } from './farms.ts';
import { each, Feed } from './feed.ts';

interface Nodes {
  /** The result of the last probe, by connection name. Missing if the connection was never probed. */
  readonly byName: Readonly<Record<string, NodeStatus>>;
  /** Names of the connections that are being probed. */
  readonly probing: ReadonlySet<string>;
}

export const useNodes = create<Nodes>(() => ({ byName: {}, probing: new Set() }));

/** The state of a node, or why none is known. */
export type Health = NodeState | 'set-aside' | 'probing' | 'unknown';

export const healthWords: Readonly<Record<Health, string>> = {
  ...nodeStateWords,
  'set-aside': 'Set aside',
  probing: 'Checking',
  unknown: 'Not checked yet',
};

/** States in which a node cannot build, the worst first. */
const notUp = ['down', 'never-reached', 'lost'] as const;
type NotUp = (typeof notUp)[number];

export function isNotUp(health: Health): health is NotUp {
  return notUp.some((state) => state === health);
}

/** How many nodes cannot build, and the worst of their states: `2 down`, `1 lost`. Several states, and one with a long name, are `3 not up`. */
export function summarizeNotUp(
  healths: readonly Health[],
): { readonly text: string; readonly worst: NotUp } | undefined {
  const bad = healths.filter(isNotUp);
  const worst = notUp.find((state) => bad.includes(state));
  const isOne = worst !== 'never-reached' && bad.every((state) => state === worst);
  return worst && { worst, text: `${bad.length} ${isOne ? healthWords[worst].toLowerCase() : 'not up'}` };
}

/** The last known health of a connection. It stays unchanged while the connection is probed again. */
export function healthOf({ byName, probing }: Nodes, connection: string): Health {
  const status = byName[connection];
  if (status?.state === 'up' && status.setAside) {
    return 'set-aside';
  }
  return status ? nodeStateOf(status) : probing.has(connection) ? 'probing' : 'unknown';
}

export function useHealth(connection: string): Health {
  return useNodes((nodes) => healthOf(nodes, connection));
}

export function useNode(connection: string): NodeStatus | undefined {
  return useNodes(({ byName }) => byName[connection]);
}

export const nodeFeed = new Feed(each(applyNodeEvent));

/** Loads the known statuses. @throws Failure */
export function loadNodes(signal?: AbortSignal): Promise<void> {
  return nodeFeed.load(
    'nodes.list',
    {},
    (statuses) =>
      useNodes.setState({ byName: Object.fromEntries(statuses.map((status) => [status.connection, status])) }),
    signal,
  );
}

/** Probes every connection that has never been probed. Results, including failures, arrive in the store. */
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

/** Probes the selected nodes. A node that does not respond has status `down`; it does not make this fail. @throws Failure */
export async function probe(selection: NodeSelection): Promise<readonly NodeStatus[]> {
  const names = resolveNames(selection);
  useNodes.setState(({ probing }) => ({ probing: new Set([...probing, ...names]) }));
  try {
    const statuses = await call('nodes.probe', {
      ...selection,
      ...(selection.connections ? { connections: [...selection.connections] } : {}),
    });
    for (const status of statuses) {
      applyNodeEvent({ event: 'node.changed', status });
    }
    return statuses;
  } finally {
    useNodes.setState(({ probing }) => ({ probing: new Set([...probing].filter((name) => !names.includes(name))) }));
  }
}

function resolveNames({ farm, connections }: NodeSelection): readonly string[] {
  const { farms, default: defaultFarm } = useFarms.getState();
  return (
    connections ??
    farms.find(({ name }) => name === (farm ?? defaultFarm))?.connections ??
    useConnections.getState().connections.map(({ name }) => name)
  );
}

function applyNodeEvent(event: AppEvent): void {
  if (event.event === 'farms.changed') {
    keepOnly(new Set(event.connections.map(({ name }) => name)));
  } else if (event.event === 'node.changed') {
    const { status } = event;
    const { connections, loaded } = useConnections.getState();
    // the connection may have been removed during the probe
    if (loaded && !connections.some(({ name }) => name === status.connection)) {
      return;
    }
    useNodes.setState(({ byName, probing }) => ({
      byName: { ...byName, [status.connection]: status },
      probing: new Set([...probing].filter((name) => name !== status.connection)),
    }));
  }
}

/** Removes the statuses of connections that were removed or renamed. */
function keepOnly(names: ReadonlySet<string>): void {
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
