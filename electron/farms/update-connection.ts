import { type Connection, changedOptions } from '../../shared/connection.ts';
import type { ConnectionChange, ConnectionStore } from '../connections/store.ts';
import type { FarmStore } from './store.ts';

/**
 * Changes the name, URI and options of a connection, all or none, and its name in all farms.
 * @throws Failure `connection.unknown`, `connection.exists`, `settings.*`
 */
export async function updateConnection(
  connections: ConnectionStore,
  farms: FarmStore,
  name: string,
  change: ConnectionChange,
): Promise<Connection> {
  const before = await connections.get(name);
  const after = await connections.update(name, change);
  if (after.name !== name) {
    try {
      await farms.renameConnection(name, after.name);
    } catch (error) {
      await connections.update(after.name, {
        rename: name,
        uri: before.uri,
        ...changedOptions(after, before),
      });
      throw error;
    }
  }
  return after;
}
