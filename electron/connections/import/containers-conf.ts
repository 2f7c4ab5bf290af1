import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { containersFolder, type SystemPaths } from '../../system/system-paths.ts';
import { field } from './entries.ts';
import { type Found, type FoundEngine, type FoundFarm, type Note, nothing } from './found.ts';
import { readPodmanSettings } from './podman-settings.ts';
import { readText } from './read-text.ts';

/**
 * Connections and farms of containers.conf, where podman kept them before version 5 and still reads them. What a later file
 * says about a name replaces what an earlier one said. Source: containers/common, pkg/config/new.go.
 */
export async function findContainersConf(places: SystemPaths): Promise<Found> {
  const notes: Note[] = [];
  const parts: Found[] = [];
  for (const { path, required } of await containersConfFiles(places, notes)) {
    const reading = await readText(path);
    if ('unreadable' in reading) {
      notes.push({ path, message: reading.unreadable });
    } else if ('missing' in reading) {
      notes.push(...(required ? [{ path, message: 'There is no such file, though the environment names it.' }] : []));
    } else {
      parts.push(readContainersText(reading.text, path));
    }
  }
  return merge(parts, notes);
}

async function containersConfFiles(
  places: SystemPaths,
  notes: Note[],
): Promise<readonly { readonly path: string; readonly required: boolean }[]> {
  const { env, root } = places;
  const named = (path: string | undefined) => (path ? [{ path, required: true }] : []);
  const usual = async () => {
    const own = containersFolder(places);
    const paths = [
      join(root, 'usr', 'share', 'containers', 'containers.conf'),
      join(root, 'etc', 'containers', 'containers.conf'),
      ...(await dropIns(join(root, 'etc', 'containers', 'containers.conf.d'), notes)),
      join(own, 'containers.conf'),
      ...(await dropIns(join(own, 'containers.conf.d'), notes)),
    ];
    return paths.map((path) => ({ path, required: false }));
  };
  const chosen = env.CONTAINERS_CONF ? named(env.CONTAINERS_CONF) : await usual();
  return [...chosen, ...named(env.CONTAINERS_CONF_OVERRIDE)];
}

async function dropIns(folder: string, notes: Note[]): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => name.endsWith('.conf'))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      notes.push({ path: folder, message: `The folder cannot be read (${code}).` });
    }
    return [];
  }
}

function merge(parts: readonly Found[], notes: readonly Note[]): Found {
  const engines = new Map<string, FoundEngine>();
  const farms = new Map<string, FoundFarm>();
  let defaultFarm: string | undefined;
  for (const part of parts) {
    for (const engine of part.engines) {
      engines.set(engine.name, engine);
    }
    for (const farm of part.farms) {
      farms.set(farm.name, farm);
    }
    defaultFarm = part.defaultFarm ?? defaultFarm;
  }
  return {
    source: 'containers-conf',
    engines: [...engines.values()],
    farms: [...farms.values()],
    notes: [...notes, ...parts.flatMap((part) => part.notes)],
    ...(defaultFarm === undefined ? {} : { defaultFarm }),
  };
}

/** @param text of a containers.conf */
export function readContainersText(text: string, path: string): Found {
  const toml = parseToml(text);
  return 'broken' in toml
    ? nothing('containers-conf', [{ path, message: toml.broken }])
    : readContainersConf(toml.content, path, 'containers-conf');
}

/** TOML that somebody else has written: what it holds, or a sentence that says what is wrong and where. */
export function parseToml(text: string): { readonly content: unknown } | { readonly broken: string } {
  try {
    // an integer beyond 2^53, as for pids_limit, is no fault of the file
    return { content: parse(text, { integersAsBigInt: 'asNeeded' }) };
  } catch (error) {
    if (!(error instanceof TomlError)) {
      return { broken: 'It is no TOML that can be read.' };
    }
    // below its first line, the message quotes the file
    const [first = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    return { broken: `It is no TOML: line ${error.line}, column ${error.column}: ${first}.` };
  }
}

/** Does it say anything about connections or farms? Other tools have files in TOML too. */
export function isContainersConf(content: unknown): boolean {
  return field(field(content, 'engine'), 'service_destinations') !== undefined || field(content, 'farms') !== undefined;
}

export function readContainersConf(content: unknown, path: string, source: 'containers-conf' | 'file'): Found {
  const farms = field(content, 'farms');
  const settings = {
    connections: field(field(content, 'engine'), 'service_destinations'),
    machineKey: 'is_machine',
    farms: field(farms, 'list'),
    defaultFarm: field(farms, 'default'),
    entry: '[engine.service_destinations]',
  };
  return readPodmanSettings(settings, path, source);
}
