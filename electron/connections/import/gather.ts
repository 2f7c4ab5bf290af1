import { parseDestination } from '../../../shared/connection.ts';
import type { Candidate, Discovery, FarmCandidate } from '../../../shared/discovery.ts';
import { fitName, freeName } from '../../../shared/free-name.ts';
import { quote } from './entries.ts';
import type { Found, FoundEngine, FoundFarm } from './found.ts';
import { importIdentity } from './identity.ts';
import { isElsewhere, stateOf } from './read-text.ts';
import { engineKey, keysOf } from './same-engine.ts';
import { whyUnusable } from './usable.ts';

/** What is here already. */
export interface Known {
  readonly connections: readonly { readonly name: string; readonly uri: string }[];
  /** Names. */
  readonly farms: readonly string[];
}

/** Of one source. Who has more than these has made them by a program, and no person can choose among them. */
const maxEngines = 1000;
const maxFarms = 200;
/** Of one source; what is above is counted. */
const maxNotes = 50;

/**
 * Makes one list of what all sources hold: every engine once, by the first that knows it, under a name that is fit and its
 * own; farms with the members that could be taken. What is left out is said.
 */
export async function gather(founds: readonly Found[], known: Known, home: string): Promise<Discovery> {
  const gathering = new Gathering(home, await keysOf(known.connections));
  for (const found of founds) {
    await gathering.addEngines(found);
  }
  // farms name engines of both of podman's files, whichever they stand in
  for (const found of founds) {
    gathering.addFarms(found, new Set(known.farms));
  }
  gathering.markDefault(founds);
  return gathering.discovery();
}

type FoundNote = Discovery['notes'][number];

class Gathering {
  readonly #home: string;
  /** Connections that are here, by the key of their engine. */
  readonly #connections: ReadonlyMap<string, string>;
  readonly #candidates = new Map<string, Candidate>();
  /** Names of candidates, by the key of their engine. */
  readonly #names = new Map<string, string>();
  /** What the names of one tool's files stand for: a candidate, or nothing where it was left out. */
  readonly #meanings = new Map<string, Map<string, string | undefined>>();
  readonly #farms = new Map<string, FarmCandidate>();
  /** Farms by their names in the files of one tool. */
  readonly #farmNames = new Map<string, Map<string, string>>();
  readonly #notes: FoundNote[] = [];

  constructor(home: string, connections: ReadonlyMap<string, string>) {
    this.#home = home;
    this.#connections = connections;
  }

  async addEngines(found: Found): Promise<void> {
    const notes = [...found.notes];
    const meanings = within(this.#meanings, toolOf(found));
    for (const engine of found.engines.slice(0, maxEngines)) {
      const why = whyUnusable(engine.name, engine.uri);
      if (why !== undefined) {
        notes.push({ path: engine.path, message: `${quote(engine.name)} ${why}` });
      }
      const name = why === undefined ? await this.#addEngine(engine, found) : undefined;
      // podman takes a name from its own file first, and that comes first here
      if (!meanings.has(engine.name)) {
        meanings.set(engine.name, name);
      }
    }
    if (found.engines.length > maxEngines) {
      notes.push({
        path: found.engines[maxEngines]?.path ?? '',
        message: `There are ${found.engines.length} connections; those after the first ${maxEngines} are left out.`,
      });
    }
    this.#addNotes(found, notes);
  }

  /** Resolves with the name of the candidate that leads there. */
  async #addEngine(engine: FoundEngine, { source }: Found): Promise<string | undefined> {
    const key = await engineKey(engine.uri);
    if (key === undefined) {
      return undefined;
    }
    const other = this.#names.get(key);
    if (other !== undefined) {
      return other;
    }
    const name = freeName(fitName(engine.name, 'engine'), (taken) => this.#candidates.has(taken));
    const { identity, notes } = engine.identity ? await importIdentity(engine.identity, this.#home) : { notes: [] };
    const connection = this.#connections.get(key);
    this.#names.set(key, name);
    this.#candidates.set(name, {
      source,
      name,
      uri: engine.uri,
      ...(identity === undefined ? {} : { identity }),
      ...(connection === undefined ? {} : { connection }),
      notes: [...(engine.notes ?? []), ...(await socketNotes(engine.uri)), ...notes],
    });
    return name;
  }

  addFarms(found: Found, known: ReadonlySet<string>): void {
    const notes: { path: string; message: string }[] = [];
    const names = within(this.#farmNames, toolOf(found));
    for (const farm of found.farms.slice(0, maxFarms)) {
      const connections = this.#members(farm, found, notes);
      const before = this.#farms.get(names.get(farm.name) ?? '');
      if (before && sameNames(before.connections, connections)) {
        continue;
      }
      const name = freeName(fitName(farm.name, 'farm'), (taken) => this.#farms.has(taken));
      if (!names.has(farm.name)) {
        names.set(farm.name, name);
      }
      this.#farms.set(name, {
        source: found.source,
        name,
        connections,
        isDefault: false,
        ...(known.has(name) ? { farm: name } : {}),
      });
    }
    if (found.farms.length > maxFarms) {
      notes.push({
        path: found.farms[maxFarms]?.path ?? '',
        message: `There are ${found.farms.length} farms; those after the first ${maxFarms} are left out.`,
      });
    }
    this.#addNotes(found, notes);
  }

  #members(farm: FoundFarm, found: Found, notes: { path: string; message: string }[]): string[] {
    const meanings = within(this.#meanings, toolOf(found));
    const members = new Set<string>();
    const leftOut: string[] = [];
    for (const member of new Set(farm.members)) {
      const name = meanings.get(member);
      if (name === undefined) {
        leftOut.push(`${quote(member)} (${meanings.has(member) ? 'cannot be used' : 'is not there'})`);
      } else {
        members.add(name);
      }
    }
    if (leftOut.length > 0) {
      const shown = leftOut.slice(0, 10).join(', ');
      const more = leftOut.length > 10 ? ` and ${leftOut.length - 10} more` : '';
      notes.push({ path: farm.path, message: `Farm ${quote(farm.name)} is taken without ${shown}${more}.` });
    }
    return [...members];
  }

  /** At most one farm is the default: that of the first source that names one. */
  markDefault(founds: readonly Found[]): void {
    const first = founds.find(({ defaultFarm }) => defaultFarm !== undefined);
    if (first?.defaultFarm === undefined) {
      return;
    }
    const name = within(this.#farmNames, toolOf(first)).get(first.defaultFarm);
    const farm = this.#farms.get(name ?? '');
    if (farm) {
      this.#farms.set(farm.name, { ...farm, isDefault: true });
    }
  }

  /** Notes about files belong to the source that they were found in. */
  #addNotes({ source }: Found, notes: readonly { readonly path: string; readonly message: string }[]): void {
    this.#notes.push(...notes.slice(0, maxNotes).map((note) => ({ source, ...note })));
    const [next] = notes.slice(maxNotes);
    if (next) {
      this.#notes.push({
        source,
        path: next.path,
        message: `${notes.length - maxNotes} more things like these are wrong.`,
      });
    }
  }

  discovery(): Discovery {
    return { candidates: [...this.#candidates.values()], farms: [...this.#farms.values()], notes: this.#notes };
  }
}

/** podman's two files are one to it: a farm in one has members in the other. */
function toolOf({ source }: Found): string {
  return source === 'containers-conf' ? 'podman' : source;
}

function within<V>(maps: Map<string, Map<string, V>>, key: string): Map<string, V> {
  const map = maps.get(key) ?? new Map<string, V>();
  maps.set(key, map);
  return map;
}

function sameNames(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((name) => others.includes(name));
}

/** A socket of this computer that a file names may be long gone. */
async function socketNotes(uri: string): Promise<string[]> {
  const destination = parseDestination(uri);
  if (typeof destination === 'string' || destination.kind !== 'unix' || isElsewhere(destination.socketPath)) {
    return [];
  }
  const state = await stateOf(destination.socketPath, 'socket');
  return state === 'missing' || state === 'other' ? ['Nothing listens at its socket now.'] : [];
}
