import { type Connection, leadsToSame } from '../../shared/connection.ts';
import { type Failure, fail } from '../../shared/problem.ts';

/** What happened to a connection that was there before, by its name then. */
export type ChangedConnection =
  | { readonly kind: 'renamed'; readonly name: string; readonly now: Connection }
  /** It leads elsewhere or signs in differently, or it no longer exists. */
  | { readonly kind: 'changed' | 'removed'; readonly name: string };

/** Compares two states of the connections. Connections that are new or the same are not in the result. */
export function changedConnections(before: readonly Connection[], now: readonly Connection[]): ChangedConnection[] {
  const byName = new Map(now.map((connection) => [connection.name, connection]));
  const names = new Set(before.map(({ name }) => name));
  const added = now.filter(({ name }) => !names.has(name));
  return before.flatMap((connection): ChangedConnection[] => {
    const { name } = connection;
    const after = byName.get(name);
    if (after) {
      return leadsToSame(after, connection) ? [] : [{ kind: 'changed', name }];
    }
    const position = added.findIndex((other) => leadsToSame(other, connection));
    const [renamed] = position < 0 ? [] : added.splice(position, 1);
    return [renamed ? { kind: 'renamed', name, now: renamed } : { kind: 'removed', name }];
  });
}

/** Why jobs can no longer use a connection. */
export function connectionChangedFailure({ kind, name }: ChangedConnection): Failure {
  return fail(
    kind === 'removed' ? 'connection.removed' : 'connection.changed',
    `The connection ${name} was ${kind} during the build.`,
    'Retry the build, or the platforms that failed.',
  );
}
