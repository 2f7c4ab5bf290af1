import { join } from 'node:path';
import { z } from 'zod';
import { nameSchema } from '../../shared/connection.ts';
import { type Farm, farmSchema } from '../../shared/farm.ts';
import { fail } from '../../shared/problem.ts';
import type { ConnectionStore } from '../connections/store.ts';
import { adviseKnown, firstTwice } from '../settings/known-names.ts';
import { SettingsFile } from '../settings/settings-file.ts';

const settingsSchema = z
  .object({ farms: z.array(farmSchema).readonly(), default: nameSchema.optional() })
  .superRefine((settings, context) => {
    const names = settings.farms.map(({ name }) => name);
    const twice = firstTwice(names);
    if (twice !== undefined) {
      context.addIssue({ code: 'custom', path: ['farms'], message: `"${twice}" is there twice.` });
    }
    if (settings.default !== undefined && !names.includes(settings.default)) {
      context.addIssue({ code: 'custom', path: ['default'], message: `There is no farm "${settings.default}".` });
    }
  });
type Settings = Readonly<z.infer<typeof settingsSchema>>;

/** What to change of a farm; what is missing stays. */
export interface FarmChange {
  readonly rename?: string;
  /** Connections to add; one that the farm has already stays where it is. */
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
  readonly makeDefault?: boolean;
}

/** Names of farms. */
export interface AddedFarms {
  readonly created: readonly string[];
  readonly changed: readonly string[];
}

/** The farms, and which of them builds when none is named, in `farms.json`, in the order in which they were created. */
export class FarmStore {
  readonly #file: SettingsFile<Settings>;
  readonly #connections: ConnectionStore;

  /** @param folder where settings are kept. @param connections what a farm's connections are chosen from. */
  constructor(folder: string, connections: ConnectionStore) {
    this.#connections = connections;
    this.#file = new SettingsFile({
      path: join(folder, 'farms.json'),
      version: 1,
      schema: settingsSchema,
      empty: { farms: [] },
      holds: 'farms',
    });
  }

  /** @throws Failure `settings.*` */
  async list(): Promise<{ farms: readonly Farm[]; default?: string }> {
    const { farms, default: standard } = await this.#file.read();
    return { farms, ...(standard === undefined ? {} : { default: standard }) };
  }

  /** @throws Failure `farm.unknown`, which names those there are and the one most likely meant; `settings.*` */
  async get(name: string): Promise<Farm> {
    return find((await this.#file.read()).farms, name);
  }

  /** The farm that builds when none is named, where there is one. @throws Failure `settings.*` */
  async default(): Promise<Farm | undefined> {
    const { farms, default: standard } = await this.#file.read();
    return farms.find(({ name }) => name === standard);
  }

  /** @throws Failure `farm.exists`, `connection.unknown`, `settings.*` */
  async create(name: string, connections: readonly string[], makeDefault = false): Promise<Farm> {
    const farm: Farm = { name, connections: unique(connections) };
    await this.#file.update(async (settings) => {
      refuseTaken(settings.farms, name);
      await this.#connections.getAll(connections);
      return { ...settings, farms: [...settings.farms, farm], ...(makeDefault ? { default: name } : {}) };
    });
    return farm;
  }

  /**
   * Changes a farm wholly or not at all.
   * @throws Failure `farm.unknown`, `farm.exists` for a new name that is taken, `connection.unknown` for one to be added,
   * `input.invalid` for one to be removed that the farm does not have, `settings.*`
   */
  async update(name: string, change: FarmChange): Promise<Farm> {
    const { farms } = await this.#file.update(async (settings) => {
      const farm = find(settings.farms, name);
      const { rename = name, add = [], remove = [], makeDefault = false } = change;
      if (rename !== name) {
        refuseTaken(settings.farms, rename);
      }
      refuseNotIn(farm, add, remove);
      await this.#connections.getAll(add);
      const changed: Farm = {
        name: rename,
        connections: unique([...farm.connections, ...add]).filter((connection) => !remove.includes(connection)),
      };
      return {
        ...settings,
        farms: settings.farms.map((other) => (other === farm ? changed : other)),
        ...(makeDefault || settings.default === name ? { default: rename } : {}),
      };
    });
    return find(farms, change.rename ?? name);
  }

  /**
   * Adds many at once, wholly or not at all. A farm that is there already gets the connections that it lacks. One becomes the default
   * only where there is none yet. Resolves with the names of those that are new and those that were changed.
   * @throws Failure `connection.unknown`, `settings.*`
   */
  async addAll(wanted: readonly (Farm & { readonly isDefault: boolean })[]): Promise<AddedFarms> {
    const created = new Set<string>();
    const changed = new Set<string>();
    await this.#file.update(async (settings) => {
      const farms = new Map(settings.farms.map((farm) => [farm.name, farm]));
      let standard = settings.default;
      for (const { name, connections, isDefault } of wanted) {
        await this.#connections.getAll(connections);
        const before = farms.get(name);
        const after: Farm = { name, connections: unique([...(before?.connections ?? []), ...connections]) };
        const becomesDefault = isDefault && standard === undefined;
        if (before && after.connections.length === before.connections.length && !becomesDefault) {
          continue;
        }
        farms.set(name, after);
        standard = becomesDefault ? name : standard;
        if (!created.has(name)) {
          (before ? changed : created).add(name);
        }
      }
      const isSame = created.size + changed.size === 0;
      return isSame
        ? settings
        : { farms: [...farms.values()], ...(standard === undefined ? {} : { default: standard }) };
    });
    return { created: [...created], changed: [...changed] };
  }

  /** Removes a farm, not its connections. If it was the default, there is none any more. @throws Failure `farm.unknown`, `settings.*` */
  async remove(name: string): Promise<void> {
    await this.#file.update(({ farms, default: standard }) => {
      const removed = find(farms, name);
      return {
        farms: farms.filter((farm) => farm !== removed),
        ...(standard === undefined || standard === name ? {} : { default: standard }),
      };
    });
  }

  /** The names of the farms that hold a connection. @throws Failure `settings.*` */
  async using(connection: string): Promise<string[]> {
    return namesUsing((await this.#file.read()).farms, connection);
  }

  /** Follows a connection to its new name, keeping its place in every farm. @throws Failure `settings.*` */
  async renameConnection(connection: string, rename: string): Promise<void> {
    await this.#file.update((settings) => {
      if (namesUsing(settings.farms, connection).length === 0) {
        return settings;
      }
      const farms = settings.farms.map(({ name, connections }) => ({
        name,
        connections: connections.map((other) => (other === connection ? rename : other)),
      }));
      return { ...settings, farms };
    });
  }

  /** Takes a connection that is no more out of every farm; resolves with the names of those that held it. @throws Failure `settings.*` */
  async forgetConnection(connection: string): Promise<string[]> {
    let changed: string[] = [];
    await this.#file.update((settings) => {
      changed = namesUsing(settings.farms, connection);
      const farms = settings.farms.map(({ name, connections }) => ({
        name,
        connections: connections.filter((other) => other !== connection),
      }));
      return changed.length === 0 ? settings : { ...settings, farms };
    });
    return changed;
  }
}

function namesUsing(farms: readonly Farm[], connection: string): string[] {
  return farms.filter(({ connections }) => connections.includes(connection)).map(({ name }) => name);
}

function find(farms: readonly Farm[], name: string): Farm {
  const farm = farms.find((candidate) => candidate.name === name);
  if (!farm) {
    const known = farms.map((candidate) => candidate.name);
    throw fail(
      'farm.unknown',
      `There is no farm "${name}".`,
      adviseKnown(name, known, `Create it with \`barnraiser farm create ${name} CONNECTION...\`.`),
    );
  }
  return farm;
}

function refuseTaken(farms: readonly Farm[], name: string): void {
  if (farms.some((farm) => farm.name === name)) {
    throw fail(
      'farm.exists',
      `There is a farm ${name} already.`,
      `Choose another name, or change that one with \`barnraiser farm update ${name}\`.`,
    );
  }
}

function refuseNotIn(farm: Farm, add: readonly string[], remove: readonly string[]): void {
  const both = add.find((connection) => remove.includes(connection));
  if (both !== undefined) {
    throw fail('input.invalid', `Connection ${both} is to be added and removed at once.`, 'Leave one of the two out.');
  }
  const missing = remove.find((connection) => !farm.connections.includes(connection));
  if (missing !== undefined) {
    throw fail(
      'input.invalid',
      `Farm ${farm.name} has no connection "${missing}".`,
      farm.connections.length === 0 ? 'It has none.' : `It has ${farm.connections.join(', ')}.`,
    );
  }
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
