import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode, isMissingPath } from '../../system/file-errors.ts';
import { containersFolder, type SystemPaths } from '../../system/system-paths.ts';
import { field, parseToml } from './foreign-content.ts';
import { readText } from './foreign-file.ts';
import {
  type DiscoveredEngine,
  type DiscoveredFarm,
  emptySource,
  type ImportNote,
  type ImportSource,
} from './import-source.ts';
import { readPodmanSettings } from './podman-settings.ts';

/**
 * The connections and farms in containers.conf, where podman kept them before version 5 and which newer versions still
 * read. An entry in a later file replaces an entry of the same name in an earlier one. Source: containers/common,
 * pkg/config/new.go.
 */
export async function findContainersConf(paths: SystemPaths): Promise<ImportSource> {
  const notes: ImportNote[] = [];
  const parts: ImportSource[] = [];
  for (const { path, isRequired } of await containersConfFiles(paths, notes)) {
    const result = await readText(path);
    if ('unreadable' in result) {
      notes.push({ path, message: result.unreadable });
    } else if ('text' in result) {
      parts.push(parseContainersConf(result.text, path));
    } else if (isRequired) {
      notes.push({ path, message: 'The file does not exist, but an environment variable names it.' });
    }
  }
  return merge(parts, notes);
}

interface ConfFile {
  readonly path: string;
  /** Whether an environment variable names the file. */
  readonly isRequired: boolean;
}

async function containersConfFiles(paths: SystemPaths, notes: ImportNote[]): Promise<readonly ConfFile[]> {
  const { env, root } = paths;
  const named = (path: string | undefined): ConfFile[] => (path ? [{ path, isRequired: true }] : []);
  const usual = async (): Promise<ConfFile[]> => {
    const userFolder = containersFolder(paths);
    const files = [
      join(root, 'usr', 'share', 'containers', 'containers.conf'),
      join(root, 'etc', 'containers', 'containers.conf'),
      ...(await dropIns(join(root, 'etc', 'containers', 'containers.conf.d'), notes)),
      join(userFolder, 'containers.conf'),
      ...(await dropIns(join(userFolder, 'containers.conf.d'), notes)),
    ];
    return files.map((path) => ({ path, isRequired: false }));
  };
  const files = env.CONTAINERS_CONF ? named(env.CONTAINERS_CONF) : await usual();
  return [...files, ...named(env.CONTAINERS_CONF_OVERRIDE)];
}

async function dropIns(folder: string, notes: ImportNote[]): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => name.endsWith('.conf'))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    if (!isMissingPath(error)) {
      notes.push({ path: folder, message: `The folder could not be read (${errnoCode(error)}).` });
    }
    return [];
  }
}

function merge(parts: readonly ImportSource[], notes: readonly ImportNote[]): ImportSource {
  const engines = new Map<string, DiscoveredEngine>();
  const farms = new Map<string, DiscoveredFarm>();
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
export function parseContainersConf(text: string, path: string): ImportSource {
  const toml = parseToml(text);
  return 'error' in toml
    ? emptySource('containers-conf', [{ path, message: toml.error }])
    : readContainersConf(toml.content, path, 'containers-conf');
}

/** Whether parsed TOML describes connections or farms. Other tools also have TOML files. */
export function isContainersConf(content: unknown): boolean {
  return field(field(content, 'engine'), 'service_destinations') !== undefined || field(content, 'farms') !== undefined;
}

export function readContainersConf(content: unknown, path: string, source: 'containers-conf' | 'file'): ImportSource {
  const farms = field(content, 'farms');
  const settings = {
    connections: field(field(content, 'engine'), 'service_destinations'),
    machineKey: 'is_machine',
    tlsKeys: ['tls_ca', 'tls_cert', 'tls_key'] as const,
    farms: field(farms, 'list'),
    defaultFarm: field(farms, 'default'),
    connectionLabel: '[engine.service_destinations]',
  };
  return readPodmanSettings(settings, path, source);
}
