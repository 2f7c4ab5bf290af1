/** The connections of this user: their store, and how to open a session or a transport to their engines. */
import { z } from 'zod';
import { suggestKnownName } from '../../shared/closest.ts';
import {
  type Connection,
  type ConnectionOptions,
  changeOptions,
  connectionSchema,
  firstDuplicate,
  optionsOf,
} from '../../shared/connection.ts';
import { dataFormats } from '../../shared/data-formats.ts';
import { freeName } from '../../shared/free-name.ts';
import { fail } from '../../shared/problem.ts';
import { SettingsFile } from '../settings/settings-file.ts';
import { engineKey, namesByEngineKey } from './import/engine-key.ts';

export const connectionsFileSchema = z
  .object({ connections: z.array(connectionSchema).readonly() })
  .superRefine(({ connections }, context) => {
    const duplicate = firstDuplicate(connections.map(({ name }) => name));
    if (duplicate !== undefined) {
      context.addIssue({ code: 'custom', path: ['connections'], message: `"${duplicate}" is listed twice.` });
    }
  });
type Settings = Readonly<z.infer<typeof connectionsFileSchema>>;

/**
 * The result of adding a connection: `name` is the new connection, or the existing one that leads to the same engine.
 */
export interface AddedConnection {
  readonly requestedName: string;
  readonly name: string;
  readonly isNew: boolean;
}

/** A change of a connection. Missing fields stay as they are; an empty option is removed. */
export interface ConnectionChange extends ConnectionOptions {
  readonly rename?: string | undefined;
  readonly uri?: string | undefined;
}

/** The connections in `connections.json`, in the order in which they were added. */
export class ConnectionStore {
  readonly #file: SettingsFile<Settings>;

  /** @param folder the settings folder; created when the first connection is added. */
  constructor(folder: string) {
    this.#file = new SettingsFile({
      format: dataFormats.connections,
      folder,
      schema: connectionsFileSchema,
      empty: { connections: [] },
    });
  }

  /** @throws Failure `settings.*` */
  async list(): Promise<readonly Connection[]> {
    return (await this.#file.read()).connections;
  }

  /** @throws Failure `connection.unknown`, which suggests the closest name and lists all names; `settings.*` */
  async get(name: string): Promise<Connection> {
    return find(await this.list(), name);
  }

  /** The connections with these names, in the given order. @throws Failure as {@link get} */
  async getAll(names: readonly string[]): Promise<Connection[]> {
    const connections = await this.list();
    return names.map((name) => find(connections, name));
  }

  /** @throws Failure `connection.exists`, `settings.*` */
  async add(requested: Connection): Promise<Connection> {
    const connection = { name: requested.name, uri: requested.uri, ...optionsOf(requested) };
    await this.#file.update(({ connections }) => {
      const other = connections.find(({ name }) => name === connection.name);
      if (other) {
        throw fail(
          'connection.exists',
          `There is already a connection named ${other.name}, to ${other.uri}.`,
          'Choose another name, or remove that connection first.',
        );
      }
      return { connections: [...connections, connection] };
    });
    return connection;
  }

  /**
   * Adds many connections in one change: all or none. A connection to an engine that already has one is not added. A
   * name that is already in use gets a number. Resolves with one result for each connection, in the same order.
   * @throws Failure `settings.*`
   */
  async addAll(requested: readonly Connection[]): Promise<readonly AddedConnection[]> {
    let results: AddedConnection[] = [];
    await this.#file.update(async (settings) => {
      const names = await namesByEngineKey(settings.connections);
      const connections = [...settings.connections];
      results = [];
      for (const connection of requested) {
        const key = await engineKey(connection.uri);
        const existing = key === undefined ? undefined : names.get(key);
        if (existing !== undefined) {
          results.push({ requestedName: connection.name, name: existing, isNew: false });
          continue;
        }
        const name = freeName(connection.name, (candidate) => connections.some((other) => other.name === candidate));
        connections.push({ name, uri: connection.uri, ...optionsOf(connection) });
        results.push({ requestedName: connection.name, name, isNew: true });
        if (key !== undefined) {
          names.set(key, name);
        }
      }
      return connections.length === settings.connections.length ? settings : { connections };
    });
    return results;
  }

  /** Removes connections that were just added. A name that no longer exists is ignored. @throws Failure `settings.*` */
  async undoAdd(names: readonly string[]): Promise<void> {
    await this.#file.update(({ connections }) => ({
      connections: connections.filter(({ name }) => !names.includes(name)),
    }));
  }

  /** @throws Failure `connection.unknown`, `connection.exists`, `settings.*` */
  async update(name: string, change: ConnectionChange): Promise<Connection> {
    const { rename = name, uri, ...options } = change;
    const { connections } = await this.#file.update((settings) => {
      const before = find(settings.connections, name);
      if (rename !== name && settings.connections.some((other) => other.name === rename)) {
        throw fail('connection.exists', `There is already a connection named ${rename}.`, 'Choose another name.');
      }
      const after = { name: rename, uri: uri ?? before.uri, ...changeOptions(before, options) };
      return { connections: settings.connections.map((other) => (other === before ? after : other)) };
    });
    return find(connections, rename);
  }

  /** Removes a connection. Farms that contain it are not changed. @throws Failure `connection.unknown`, `settings.*` */
  async remove(name: string): Promise<void> {
    await this.#file.update(({ connections }) => {
      const removed = find(connections, name);
      return { connections: connections.filter((connection) => connection !== removed) };
    });
  }
}

function find(connections: readonly Connection[], name: string): Connection {
  const connection = connections.find((candidate) => candidate.name === name);
  if (!connection) {
    const known = connections.map((candidate) => candidate.name);
    throw fail('connection.unknown', `There is no connection named "${name}".`, suggestKnownName(name, known)).offering(
      { id: 'add-connection', name },
    );
  }
  return connection;
}
