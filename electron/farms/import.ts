import { firstDuplicate } from '../../shared/connection.ts';
import type { CallRequest } from '../../shared/contract.ts';
import type { ImportReport } from '../../shared/discovery.ts';
import { fail, problemOf } from '../../shared/problem.ts';
import type { AddedConnection, ConnectionStore } from '../connections/store.ts';
import type { FarmStore } from './store.ts';

/**
 * Adds connections and farms, all or none. They are stored in two files: if the farms cannot be written, the
 * connections that were added are removed again.
 * @throws Failure `input.invalid` if a name is listed twice or a farm has a connection that is not imported,
 * `settings.*`
 */
export async function importAll(
  connections: ConnectionStore,
  farms: FarmStore,
  request: CallRequest<'connections.import'>,
): Promise<ImportReport> {
  assertConsistent(request);
  // an unreadable file of farms fails here, before anything is written
  await farms.list();
  const outcome = await connections.addAll(request.connections);
  const names = new Map(outcome.map(({ requestedName, name }) => [requestedName, name]));
  const added = outcome.filter(({ isNew }) => isNew);
  try {
    const { created, changed } = await farms.addAll(
      request.farms.map((farm) => ({ ...farm, connections: farm.connections.map((name) => names.get(name) ?? name) })),
    );
    return {
      added: added.map(reportOf),
      known: outcome.filter(({ isNew }) => !isNew).map(reportOf),
      farmsCreated: [...created],
      farmsChanged: [...changed],
    };
  } catch (error) {
    throw await undo(
      connections,
      added.map(({ name }) => name),
      error,
    );
  }
}

/**
 * Removes added connections after a failure. Resolves with the error to throw, which names connections that could not
 * be removed.
 */
async function undo(connections: ConnectionStore, names: readonly string[], error: unknown): Promise<unknown> {
  try {
    if (names.length > 0) {
      await connections.undoAdd(names);
    }
    return error;
  } catch (undoError) {
    const { code, message, fix } = problemOf(error);
    const remaining = `The connections ${names.join(', ')} were added and could not be removed: remove them yourself.`;
    return fail(code, message, `${fix} ${remaining}`, problemOf(undoError).message, error);
  }
}

function reportOf({ requestedName, name }: AddedConnection): ImportReport['added'][number] {
  return { name: requestedName, connection: name };
}

function assertConsistent({ connections, farms }: CallRequest<'connections.import'>): void {
  const names = connections.map(({ name }) => name);
  const duplicate = firstDuplicate(names);
  if (duplicate !== undefined) {
    throw fail('input.invalid', `Connection ${duplicate} is listed twice.`, 'Rename one of the two.');
  }
  const imported = new Set(names);
  for (const farm of farms) {
    const missing = farm.connections.find((name) => !imported.has(name));
    if (missing !== undefined) {
      throw fail(
        'input.invalid',
        `Farm ${farm.name} has a connection ${missing} that is not imported.`,
        'Import it too, or remove it from the farm.',
      );
    }
  }
}
