import { join } from 'node:path';
import { z } from 'zod';
import { type Connection, connectionSchema } from '../../shared/connection.ts';
import { freeName } from '../../shared/free-name.ts';
import { fail } from '../../shared/problem.ts';
import { adviseKnown, firstTwice } from '../settings/known-names.ts';
import { SettingsFile } from '../settings/settings-file.ts';
import { engineKey, keysOf } from './import/same-engine.ts';

const settingsSchema = z
  .object({ connections: z.array(connectionSchema).readonly() })
  .superRefine(({ connections }, context) => {
    const twice = firstTwice(connections.map(({ name }) => name));
    if (twice !== undefined) {
      context.addIssue({ code: 'custom', path: ['connections'], message: `"${twice}" is there twice.` });
    }
  });
type Settings = Readonly<z.infer<typeof settingsSchema>>;

/** What became of a connection that was wanted: it is called `name` now, or was before. */
export interface AddedConnection {
  readonly wanted: string;
  readonly name: string;
  readonly isNew: boolean;
}

/** What to change of a connection; what is missing stays, an empty identity is taken away. */
export interface ConnectionChange {
  readonly rename?: string | undefined;
  readonly uri?: string | undefined;
  readonly identity?: string | undefined;
}

/** The connections that a person has told us about, in `connections.json`, in the order in which they were added. */
export class ConnectionStore {
  readonly #file: SettingsFile<Settings>;

  /** @param folder where settings are kept; made when the first connection is added. */
  constructor(folder: string) {
    this.#file = new SettingsFile({
      path: join(folder, 'connections.json'),
      version: 1,
      schema: settingsSchema,
      empty: { connections: [] },
      holds: 'connections',
    });
  }

  /** @throws Failure `settings.*` */
  async list(): Promise<readonly Connection[]> {
    return (await this.#file.read()).connections;
  }

  /** @throws Failure `connection.unknown`, which names those there are and the one most likely meant; `settings.*` */
  async get(name: string): Promise<Connection> {
    return find(await this.list(), name);
  }

  /** The connections of these names, in their order. @throws Failure as {@link get} */
  async getAll(names: readonly string[]): Promise<Connection[]> {
    const connections = await this.list();
    return names.map((name) => find(connections, name));
  }

  /** @throws Failure `connection.exists`, `settings.*` */
  async add(connection: Connection): Promise<Connection> {
    await this.#file.update(({ connections }) => {
      const other = connections.find(({ name }) => name === connection.name);
      if (other) {
        throw fail(
          'connection.exists',
          `There is a connection ${other.name} already, to ${other.uri}.`,
          `Choose another name, or remove it first with \`barnraiser connection remove ${other.name}\`.`,
        );
      }
      return { connections: [...connections, connection] };
    });
    return connection;
  }

  /**
   * Adds many at once, wholly or not at all. One whose engine is a connection already is not added again, and a name that is taken
   * gets a number. Resolves with the connection that each has become, in their order.
   * @throws Failure `settings.*`
   */
  async addAll(wanted: readonly Connection[]): Promise<readonly AddedConnection[]> {
    let outcome: AddedConnection[] = [];
    await this.#file.update(async (settings) => {
      const names = await keysOf(settings.connections);
      const connections = [...settings.connections];
      outcome = [];
      for (const connection of wanted) {
        const key = await engineKey(connection.uri);
        const known = key === undefined ? undefined : names.get(key);
        if (known !== undefined) {
          outcome.push({ wanted: connection.name, name: known, isNew: false });
          continue;
        }
        const name = freeName(connection.name, (taken) => connections.some((other) => other.name === taken));
        connections.push({ ...connection, name });
        outcome.push({ wanted: connection.name, name, isNew: true });
        if (key !== undefined) {
          names.set(key, name);
        }
      }
      return connections.length === settings.connections.length ? settings : { connections };
    });
    return outcome;
  }

  /** Takes connections out again that were only just added. One that is not there any more is no failure. @throws Failure `settings.*` */
  async takeBack(names: readonly string[]): Promise<void> {
    await this.#file.update(({ connections }) => ({
      connections: connections.filter(({ name }) => !names.includes(name)),
    }));
  }

  /** Changes a connection; what is missing in `change` stays. @throws Failure `connection.unknown`, `connection.exists`, `settings.*` */
  async update(name: string, change: ConnectionChange): Promise<Connection> {
    const { rename = name, uri, identity } = change;
    const { connections } = await this.#file.update((settings) => {
      const before = find(settings.connections, name);
      if (rename !== name && settings.connections.some((other) => other.name === rename)) {
        throw fail('connection.exists', `There is a connection ${rename} already.`, 'Choose another name.');
      }
      const { identity: identityBefore, ...rest } = before;
      const newIdentity = identity ?? identityBefore;
      const after = {
        ...rest,
        name: rename,
        uri: uri ?? before.uri,
        ...(newIdentity ? { identity: newIdentity } : {}),
      };
      return { connections: settings.connections.map((other) => (other === before ? after : other)) };
    });
    return find(connections, rename);
  }

  /** Farms that hold the connection are not touched. @throws Failure `connection.unknown`, `settings.*` */
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
    throw fail(
      'connection.unknown',
      `There is no connection "${name}".`,
      adviseKnown(name, known, `Add it with \`barnraiser connection add ${name} ssh://user@host\`.`),
    );
  }
  return connection;
}
