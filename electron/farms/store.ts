/** Farms: named groups of connections, and their import. */
import { z } from 'zod';
import { suggestKnownName } from '../../shared/closest.ts';
import { firstDuplicate, nameSchema } from '../../shared/connection.ts';
import { dataFormats } from '../../shared/data-formats.ts';
import { type Farm, farmSchema } from '../../shared/farm.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import type { ConnectionStore } from '../connections/store.ts';
import { SettingsFile } from '../settings/settings-file.ts';

export const farmsFileSchema = z
  .object({ farms: z.array(farmSchema).readonly(), default: nameSchema.optional() })
  .superRefine((file, context) => {
    const names = file.farms.map(({ name }) => name);
    const duplicate = firstDuplicate(names);
    if (duplicate !== undefined) {
      context.addIssue({ code: 'custom', path: ['farms'], message: `"${duplicate}" is listed twice.` });
    }
    if (file.default !== undefined && !names.includes(file.default)) {
      context.addIssue({ code: 'custom', path: ['default'], message: `There is no farm "${file.default}".` });
    }
  });
type FarmsFile = Readonly<z.infer<typeof farmsFileSchema>>;

/** A change of a farm. Missing fields stay as they are. */
export interface FarmChange {
  readonly rename?: string;
  /** Connections to add. One that the farm already has keeps its position. */
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
  readonly makeDefault?: boolean;
  /** Pins to set, by platform. An empty name removes that of the platform. */
  readonly pins?: Readonly<Record<Platform, string>> | undefined;
}

/** The names of the farms that were created or changed. */
export interface AddedFarms {
  readonly created: readonly string[];
  readonly changed: readonly string[];
}

/** The farms and the default farm, stored in `farms.json`, in the order of their creation. */
export class FarmStore {
  readonly #file: SettingsFile<FarmsFile>;
  readonly #connections: ConnectionStore;

  /** @param folder the folder of the settings. @param connections the connections that farms may have. */
  constructor(folder: string, connections: ConnectionStore) {
    this.#connections = connections;
    this.#file = new SettingsFile({
      format: dataFormats.farms,
      folder,
      schema: farmsFileSchema,
      empty: { farms: [] },
    });
  }

  /** @throws Failure `settings.*` */
  async list(): Promise<{ farms: readonly Farm[]; default?: string }> {
    const { farms, default: defaultFarm } = await this.#read();
    return { farms, ...(defaultFarm === undefined ? {} : { default: defaultFarm }) };
  }

  /** @throws Failure `farm.unknown`, with the known names and the closest match; `settings.*` */
  async get(name: string): Promise<Farm> {
    return find((await this.#read()).farms, name);
  }

  /** The default farm, if there is one. @throws Failure `settings.*` */
  async default(): Promise<Farm | undefined> {
    const { farms, default: defaultFarm } = await this.#read();
    return farms.find(({ name }) => name === defaultFarm);
  }

  /**
   * The farms without connections that do not exist: a removal that was interrupted can leave them in the file, and so
   * can a person who edits it.
   */
  async #read(): Promise<FarmsFile> {
    const [file, connections] = await Promise.all([this.#file.read(), this.#connections.list()]);
    const known = new Set(connections.map(({ name }) => name));
    const farms = file.farms.map((farm) =>
      withConnections(
        farm,
        farm.connections.filter((name) => known.has(name)),
      ),
    );
    return { ...file, farms };
  }

  /** @throws Failure `farm.exists`, `connection.unknown`, `settings.*` */
  async create(name: string, connections: readonly string[], makeDefault = false): Promise<Farm> {
    const farm: Farm = { name, connections: unique(connections) };
    await this.#file.update(async (settings) => {
      assertNameIsFree(settings.farms, name);
      await this.#connections.getAll(connections);
      return { ...settings, farms: [...settings.farms, farm], ...(makeDefault ? { default: name } : {}) };
    });
    return farm;
  }

  /**
   * Applies a change completely or not at all.
   * @throws Failure `farm.unknown`, `farm.exists` if the new name is in use, `connection.unknown` for a connection to
   * add, `input.invalid` for a connection to remove that the farm does not have, `settings.*`
   */
  async update(name: string, change: FarmChange): Promise<Farm> {
    const { farms } = await this.#file.update(async (settings) => {
      const farm = find(settings.farms, name);
      const { rename = name, add = [], remove = [], makeDefault = false, pins = {} } = change;
      if (rename !== name) {
        assertNameIsFree(settings.farms, rename);
      }
      assertValidChange(farm, add, remove);
      await this.#connections.getAll(add);
      const connections = unique([...farm.connections, ...add]).filter((connection) => !remove.includes(connection));
      assertMembers(rename, connections, pins);
      const changed = withConnections({ ...farm, name: rename, pins: { ...farm.pins, ...pins } }, connections);
      return {
        ...settings,
        farms: settings.farms.map((other) => (other === farm ? changed : other)),
        ...(makeDefault || settings.default === name ? { default: rename } : {}),
      };
    });
    return find(farms, change.rename ?? name);
  }

  /**
   * Adds several farms, all or none. A farm that already exists gets the connections that it lacks. A farm becomes the
   * default only if there is no default yet.
   * @throws Failure `connection.unknown`, `settings.*`
   */
  async addAll(additions: readonly (Farm & { readonly isDefault: boolean })[]): Promise<AddedFarms> {
    const created = new Set<string>();
    const changed = new Set<string>();
    await this.#file.update(async (settings) => {
      const farms = new Map(settings.farms.map((farm) => [farm.name, farm]));
      let defaultFarm = settings.default;
      for (const { name, connections, isDefault } of additions) {
        await this.#connections.getAll(connections);
        const before = farms.get(name);
        const after: Farm = { ...before, name, connections: unique([...(before?.connections ?? []), ...connections]) };
        const becomesDefault = isDefault && defaultFarm === undefined;
        if (before && after.connections.length === before.connections.length && !becomesDefault) {
          continue;
        }
        farms.set(name, after);
        defaultFarm = becomesDefault ? name : defaultFarm;
        if (!created.has(name)) {
          (before ? changed : created).add(name);
        }
      }
      const isUnchanged = created.size + changed.size === 0;
      return isUnchanged
        ? settings
        : { farms: [...farms.values()], ...(defaultFarm === undefined ? {} : { default: defaultFarm }) };
    });
    return { created: [...created], changed: [...changed] };
  }

  /**
   * Removes a farm, but not its connections. If it was the default, there is no default afterwards.
   * @throws Failure `farm.unknown`, `settings.*`
   */
  async remove(name: string): Promise<void> {
    await this.#file.update(({ farms, default: defaultFarm }) => {
      const removed = find(farms, name);
      return {
        farms: farms.filter((farm) => farm !== removed),
        ...(defaultFarm === undefined || defaultFarm === name ? {} : { default: defaultFarm }),
      };
    });
  }

  /** The names of the farms that have a connection. @throws Failure `settings.*` */
  async namesWith(connection: string): Promise<string[]> {
    return namesOfFarmsWith((await this.#file.read()).farms, connection);
  }

  /** Renames a connection in every farm. It keeps its position. @throws Failure `settings.*` */
  async renameConnection(connection: string, rename: string): Promise<void> {
    await this.#file.update((settings) => {
      if (namesOfFarmsWith(settings.farms, connection).length === 0) {
        return settings;
      }
      const renamed = (other: string): string => (other === connection ? rename : other);
      const farms = settings.farms.map(({ connections, pins = {}, ...farm }) => {
        const pinned = Object.entries(pins).map(([platform, node]) => [platform, renamed(node)]);
        return withConnections(
          { ...farm, connections: [], pins: Object.fromEntries(pinned) },
          connections.map(renamed),
        );
      });
      return { ...settings, farms };
    });
  }

  /**
   * Removes a connection from every farm. Resolves with the names of the farms that had it.
   * @throws Failure `settings.*`
   */
  async removeConnection(connection: string): Promise<string[]> {
    let changed: string[] = [];
    await this.#file.update((settings) => {
      changed = namesOfFarmsWith(settings.farms, connection);
      const farms = settings.farms.map((farm) =>
        withConnections(
          farm,
          farm.connections.filter((other) => other !== connection),
        ),
      );
      return changed.length === 0 ? settings : { ...settings, farms };
    });
    return changed;
  }
}

function namesOfFarmsWith(farms: readonly Farm[], connection: string): string[] {
  return farms.filter(({ connections }) => connections.includes(connection)).map(({ name }) => name);
}

function find(farms: readonly Farm[], name: string): Farm {
  const farm = farms.find((candidate) => candidate.name === name);
  if (!farm) {
    const known = farms.map((candidate) => candidate.name);
    throw fail('farm.unknown', `There is no farm "${name}".`, suggestKnownName(name, known)).offering({
      id: 'create-farm',
      name,
    });
  }
  return farm;
}

/** A farm with other connections. Pins to those that it does not have, and empty ones, are dropped. */
function withConnections({ pins = {}, ...farm }: Farm, connections: readonly string[]): Farm {
  const kept = Object.entries(pins).filter(([, node]) => connections.includes(node));
  const { connections: _, ...others } = farm;
  return {
    ...others,
    connections: [...connections],
    ...(kept.length > 0 ? { pins: Object.fromEntries(kept) } : {}),
  };
}

function assertMembers(farm: string, connections: readonly string[], pins: Readonly<Record<Platform, string>>): void {
  const [platform, node] = Object.entries(pins).find(([, name]) => name !== '' && !connections.includes(name)) ?? [];
  if (node !== undefined) {
    throw fail(
      'input.invalid',
      `Farm ${farm} has no connection "${node}" that ${platform} could be pinned to.`,
      connections.length === 0 ? 'Add the connection to the farm.' : `It has ${connections.join(', ')}.`,
    );
  }
}

function assertNameIsFree(farms: readonly Farm[], name: string): void {
  if (farms.some((farm) => farm.name === name)) {
    throw fail('farm.exists', `A farm named ${name} already exists.`, 'Choose another name, or change that farm.');
  }
}

function assertValidChange(farm: Farm, add: readonly string[], remove: readonly string[]): void {
  const both = add.find((connection) => remove.includes(connection));
  if (both !== undefined) {
    throw fail('input.invalid', `Connection ${both} cannot be both added and removed.`, 'Either add or remove it.');
  }
  const missing = remove.find((connection) => !farm.connections.includes(connection));
  if (missing !== undefined) {
    throw fail(
      'input.invalid',
      `Farm ${farm.name} has no connection "${missing}".`,
      farm.connections.length === 0 ? 'It has no connections.' : `It has ${farm.connections.join(', ')}.`,
    );
  }
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
