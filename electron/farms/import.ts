import type { CallRequest } from '../../shared/contract.ts';
import type { ImportReport } from '../../shared/discovery.ts';
import { fail, problemOf } from '../../shared/problem.ts';
import type { AddedConnection, ConnectionStore } from '../connections/store.ts';
import { firstTwice } from '../settings/known-names.ts';
import type { FarmStore } from './store.ts';

/**
 * Adds connections and farms, wholly or not at all as far as two files allow: the connections come first, and go again where
 * the farms cannot be written.
 * @throws Failure `input.invalid` where a name is there twice or a farm has one that is not there, `settings.*`
 */
export async function importAll(
  connections: ConnectionStore,
  farms: FarmStore,
  request: CallRequest<'connections.import'>,
): Promise<ImportReport> {
  refuseUnclear(request);
  // a file of farms that cannot be read is found before anything is written
  await farms.list();
  const outcome = await connections.addAll(request.connections.map(withoutEmptyIdentity));
  const names = new Map(outcome.map(({ wanted, name }) => [wanted, name]));
  const added = outcome.filter(({ isNew }) => isNew);
  try {
    const { created, changed } = await farms.addAll(
      request.farms.map((farm) => ({ ...farm, connections: farm.connections.map((name) => names.get(name) ?? name) })),
    );
    return {
      added: added.map(asReported),
      known: outcome.filter(({ isNew }) => !isNew).map(asReported),
      farmsCreated: [...created],
      farmsChanged: [...changed],
    };
  } catch (error) {
    throw await takeBack(
      connections,
      added.map(({ name }) => name),
      error,
    );
  }
}

/** Resolves with what to throw: what went wrong, and where the connections could not be taken back either, that they are left. */
async function takeBack(connections: ConnectionStore, names: readonly string[], error: unknown): Promise<unknown> {
  try {
    if (names.length > 0) {
      await connections.takeBack(names);
    }
    return error;
  } catch (second) {
    const { code, message, fix } = problemOf(error);
    const left = `The connections ${names.join(', ')} are left: \`barnraiser connection remove ${names.join(' ')}\` removes them.`;
    return fail(code, message, `${fix} ${left}`, problemOf(second).message, error);
  }
}

function asReported({ wanted, name }: AddedConnection): ImportReport['added'][number] {
  return { name: wanted, connection: name };
}

function withoutEmptyIdentity({ identity, ...connection }: CallRequest<'connections.import'>['connections'][number]) {
  return { ...connection, ...(identity ? { identity } : {}) };
}

function refuseUnclear({ connections, farms }: CallRequest<'connections.import'>): void {
  const names = connections.map(({ name }) => name);
  const twice = firstTwice(names);
  if (twice !== undefined) {
    throw fail('input.invalid', `Connection ${twice} is there twice.`, 'Give one of the two another name.');
  }
  const there = new Set(names);
  for (const farm of farms) {
    const missing = farm.connections.find((name) => !there.has(name));
    if (missing !== undefined) {
      throw fail(
        'input.invalid',
        `Farm ${farm.name} has a connection ${missing} that is not among those to be imported.`,
        'Import it too, or take it out of the farm.',
      );
    }
  }
}
