import { type Connection, leadsToSame } from '../../../shared/connection.ts';
import type { Candidate } from '../../../shared/discovery.ts';
import type { Farm } from '../../../shared/farm.ts';
import { formatCount } from '../../../shared/format.ts';
import { freeName } from '../../../shared/free-name.ts';
import type { NodeStatus } from '../../../shared/node.ts';

/** An engine in the list: a connection, a discovered engine without connection, or both. */
export interface EngineEntry {
  /** The name of the connection if there is one, else the discovered name. */
  readonly name: string;
  readonly uri: string;
  readonly source: Candidate['source'] | 'added';
  readonly candidate?: Candidate;
  readonly connection?: Connection;
}

/** Lists the discovered engines, then the connections that were added manually. */
export function listEngines(candidates: readonly Candidate[], connections: readonly Connection[]): EngineEntry[] {
  const discovered = candidates.map((candidate): EngineEntry => {
    const connection = connections.find(({ name, uri }) => name === candidate.connection || uri === candidate.uri);
    return {
      name: connection?.name ?? candidate.name,
      uri: connection?.uri ?? candidate.uri,
      source: candidate.source,
      candidate,
      ...(connection ? { connection } : {}),
    };
  });
  const names = new Set(discovered.flatMap(({ connection }) => connection?.name ?? []));
  const added = connections
    .filter(({ name }) => !names.has(name))
    .map((connection): EngineEntry => ({ name: connection.name, uri: connection.uri, source: 'added', connection }));
  return [...discovered, ...added];
}

/** Suggests a free name for a new farm: `home`, `farm`, `farm-2`. */
export function suggestFarmName(farms: readonly Farm[]): string {
  const takenNames = farms.map(({ name }) => name);
  return freeName(takenNames.includes('home') ? 'farm' : 'home', (name) => takenNames.includes(name));
}

/**
 * True if turning an engine off may remove its connection, because turning it on again would add an identical one. Else the
 * connection is kept and only left out of the new farm.
 */
export function canRemoveConnection({ candidate, connection }: EngineEntry, farms: readonly Farm[]): boolean {
  return (
    connection !== undefined &&
    candidate !== undefined &&
    candidate.name === connection.name &&
    leadsToSame(candidate, connection) &&
    !farms.some(({ connections }) => connections.includes(connection.name))
  );
}

/** The connections that are in no farm. They are turned on by default for a new farm. */
export function connectionsWithoutFarm(connections: readonly Connection[], farms: readonly Farm[]): string[] {
  const used = new Set(farms.flatMap((farm) => farm.connections));
  return connections.map(({ name }) => name).filter((name) => !used.has(name));
}

/** Without connections to a machine that another connection of the list leads to. */
export function onePerMachine(names: readonly string[], statuses: Readonly<Record<string, NodeStatus>>): string[] {
  const machines = new Set<string>();
  return names.filter((name) => {
    const status = statuses[name];
    const machine = status?.state === 'up' ? status.node.machineId : undefined;
    const isFirst = machine === undefined || !machines.has(machine);
    machines.add(machine ?? '');
    return isFirst;
  });
}

/** The label of the button: `Create farm with 3 nodes`. */
export function createFarmLabel(count: number): string {
  return count === 0 ? 'Create farm' : `Create farm with ${formatCount(count, 'node')}`;
}
