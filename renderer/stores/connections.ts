import { create } from 'zustand';
import type { Connection } from '../../shared/connection.ts';
import type { AppEvent, CallInput } from '../../shared/contract.ts';
import type { Discovery } from '../../shared/discovery.ts';
import { call } from '../api.ts';
import { createFarm, updateFarm, useFarms } from './farms.ts';
import { each, Feed } from './feed.ts';

interface Connections {
  readonly connections: readonly Connection[];
  readonly loaded: boolean;
}

export const useConnections = create<Connections>(() => ({ connections: [], loaded: false }));

export const connectionFeed = new Feed(each(applyConnectionEvent));

/** @throws Failure */
export function loadConnections(signal?: AbortSignal): Promise<void> {
  return connectionFeed.load(
    'connections.list',
    {},
    (connections) => useConnections.setState({ connections, loaded: true }),
    signal,
  );
}

/** @throws Failure `connection.exists`, `connection.uri`, `input.invalid` */
export async function addConnection(input: CallInput<'connections.add'>): Promise<Connection> {
  const connection = await call('connections.add', input);
  await loadConnections();
  return connection;
}

/** Adds a connection, and adds it to a farm, which is created if `isNew`. @throws Failure as {@link addConnection}, `farm.*` */
export async function addConnectionTo(
  farm: { readonly name: string | undefined; readonly isNew: boolean },
  input: CallInput<'connections.add'>,
): Promise<Connection> {
  const connection = await addConnection(input);
  if (farm.name !== undefined) {
    const members = [connection.name];
    await (farm.isNew
      ? createFarm({ name: farm.name, connections: members, makeDefault: useFarms.getState().farms.length === 0 })
      : updateFarm({ name: farm.name, add: members }));
  }
  return connection;
}

/** @throws Failure */
export async function updateConnection(input: CallInput<'connections.update'>): Promise<Connection> {
  const connection = await call('connections.update', input);
  await loadConnections();
  return connection;
}

/** @throws Failure `connection.unknown` */
export async function removeConnection(name: string): Promise<void> {
  await call('connections.remove', { name });
  await loadConnections();
}

function applyConnectionEvent(event: AppEvent): void {
  if (event.event === 'farms.changed') {
    useConnections.setState({ connections: event.connections });
  }
}

/**
 * Lists the engines and farms that other tools on this computer have configured or, with a file, those in the file.
 * Contacts no host.
 * @throws Failure `connection.file`, `input.invalid`
 */
export function discoverConnections(
  file?: CallInput<'connections.discover'>['file'],
  signal?: AbortSignal,
): Promise<Discovery> {
  return call('connections.discover', file ? { file } : {}, signal ? { signal } : {});
}
