import type { Connection } from '../../../shared/connection.ts';
import type { Candidate } from '../../../shared/discovery.ts';
import type { Farm } from '../../../shared/farm.ts';
import { freeName } from '../../../shared/free-name.ts';

/** Something that could build: a connection, something found that is none yet, or both. */
export interface Engine {
  /** Of its connection where it is one, else as it was found. */
  readonly name: string;
  readonly uri: string;
  readonly source: Candidate['source'] | 'added';
  readonly candidate?: Candidate;
  readonly connection?: Connection;
}

/** Everything that is known, what was found first in its order, then connections that a person has added by hand. */
export function enginesOf(candidates: readonly Candidate[], connections: readonly Connection[]): Engine[] {
  const found = candidates.map((candidate): Engine => {
    const connection = connections.find(({ name, uri }) => name === candidate.connection || uri === candidate.uri);
    return {
      name: connection?.name ?? candidate.name,
      uri: connection?.uri ?? candidate.uri,
      source: candidate.source,
      candidate,
      ...(connection ? { connection } : {}),
    };
  });
  const shown = new Set(found.flatMap(({ connection }) => connection?.name ?? []));
  const added = connections
    .filter(({ name }) => !shown.has(name))
    .map((connection): Engine => ({ name: connection.name, uri: connection.uri, source: 'added', connection }));
  return [...found, ...added];
}

/** The name that a new farm gets if nobody gives it another. */
export function farmName(farms: readonly Farm[]): string {
  const taken = farms.map(({ name }) => name);
  return freeName(taken.includes('home') ? 'farm' : 'home', (name) => taken.includes(name));
}

/**
 * Does switching it off lose nothing, since switching it on again makes the very same connection? Then it is forgotten;
 * else it stays a connection and is only left out.
 */
export function canForget({ candidate, connection }: Engine, farms: readonly Farm[]): boolean {
  return (
    connection !== undefined &&
    candidate !== undefined &&
    candidate.name === connection.name &&
    candidate.uri === connection.uri &&
    (candidate.identity ?? '') === (connection.identity ?? '') &&
    !farms.some(({ connections }) => connections.includes(connection.name))
  );
}

/** The connections that a new farm would be made of if nothing is switched: those that no farm has yet. */
export function unused(connections: readonly Connection[], farms: readonly Farm[]): string[] {
  const used = new Set(farms.flatMap((farm) => farm.connections));
  return connections.map(({ name }) => name).filter((name) => !used.has(name));
}

/** What the button does: `Make a farm of these 3`. */
export function farmWords(count: number): string {
  return count === 1 ? 'Make a farm of this one' : count === 0 ? 'Make a farm' : `Make a farm of these ${count}`;
}
