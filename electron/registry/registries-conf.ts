/** Reads registries.conf and its drop-ins: which registries podman reaches without TLS, by mirrors, or not at all. */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { type Fields, fieldsOf } from '../system/lenient-json.ts';
import { containersFolder, type SystemPaths } from '../system/system-paths.ts';

/** Where images can be read from. */
export interface Endpoint {
  /** `host` or `host/path`. */
  readonly location: string;
  readonly insecure: boolean;
  /** Which references are read from a mirror. */
  readonly pulls: 'all' | 'digest-only' | 'tag-only';
}

/** A `[[registry]]`. */
export interface ConfiguredRegistry {
  /** `host`, `host/path` or `*.domain`: the longest that matches an image holds. */
  readonly prefix: string;
  /** What the prefix is replaced by when something is read. */
  readonly location: string;
  readonly insecure: boolean;
  readonly blocked: boolean;
  readonly mirrors: readonly Endpoint[];
  /** The file that it is from. */
  readonly file: string;
}

const maxFileBytes = 1024 * 1024;
const maxDropIns = 200;

/**
 * The registries of the main file, replaced by those of the drop-ins with the same prefix. Files that are missing or cannot be
 * read say nothing; podman itself reports them. Files of version 1 have no such tables.
 *
 * Source: containers-registries.conf(5), containers-registries.conf.d(5).
 */
export async function readConfiguredRegistries(paths: SystemPaths): Promise<ConfiguredRegistry[]> {
  const found = new Map<string, ConfiguredRegistry>();
  for (const file of await configurationFiles(paths)) {
    for (const registry of await readRegistries(file)) {
      found.set(registry.prefix, registry);
    }
  }
  return [...found.values()];
}

/** The registry whose prefix matches the most of `host/path`. */
export function findConfigured(
  registries: readonly ConfiguredRegistry[],
  name: string,
): ConfiguredRegistry | undefined {
  return registries
    .filter(({ prefix }) => matches(prefix, name))
    .sort((one, other) => other.prefix.length - one.prefix.length)[0];
}

/** What of `host/path` follows a prefix: `/path` of it. A wildcard covers the whole host. */
export function restAfter(prefix: string, name: string): string {
  return prefix.startsWith('*.') ? name.slice(hostOf(name).length) : name.slice(prefix.length);
}

function matches(prefix: string, name: string): boolean {
  if (prefix.startsWith('*.')) {
    const host = hostOf(name).replace(/:\d+$/, '');
    return host.endsWith(prefix.slice(1));
  }
  return name === prefix || name.startsWith(`${prefix}/`);
}

function hostOf(name: string): string {
  return name.split('/')[0] ?? '';
}

/** The main file, then drop-ins. A file of the user replaces that of the system; drop-ins are read from both. */
async function configurationFiles(paths: SystemPaths): Promise<string[]> {
  const { env, root, platform } = paths;
  const user = containersFolder(paths);
  const system = join(root, 'etc', 'containers');
  const folders = platform === 'win32' ? [user] : [system, user];
  if (env.CONTAINERS_REGISTRIES_CONF) {
    return [env.CONTAINERS_REGISTRIES_CONF];
  }
  const mains = folders.map((folder) => join(folder, 'registries.conf'));
  const texts = await Promise.all(mains.map(readText));
  const main = mains.filter((_, index) => texts[index] !== undefined).at(-1);
  const dropIns = await Promise.all(folders.map((folder) => listDropIns(join(folder, 'registries.conf.d'))));
  return [...(main ? [main] : []), ...dropIns.flat()];
}

async function listDropIns(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith('.conf'))
    .sort()
    .slice(0, maxDropIns)
    .map((name) => join(folder, name));
}

async function readText(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text !== undefined && text.length <= maxFileBytes ? text : undefined;
}

async function readRegistries(file: string): Promise<ConfiguredRegistry[]> {
  const text = await readText(file);
  if (!text?.includes('registry')) {
    return [];
  }
  try {
    const { registry } = fieldsOf(parse(text));
    return (Array.isArray(registry) ? registry : []).flatMap((entry) => parseRegistry(fieldsOf(entry), file));
  } catch {
    return [];
  }
}

function parseRegistry(entry: Fields, file: string): ConfiguredRegistry[] {
  const ownLocation = text(entry.location);
  const prefix = text(entry.prefix) || ownLocation;
  if (prefix === '') {
    return [];
  }
  const byDigestOnly = entry['mirror-by-digest-only'] === true;
  const mirrors = (Array.isArray(entry.mirror) ? entry.mirror : []).map(fieldsOf).flatMap((mirror): Endpoint[] => {
    const location = text(mirror.location);
    const own = mirror['pull-from-mirror'];
    const pulls = own === 'digest-only' || own === 'tag-only' ? own : byDigestOnly ? 'digest-only' : 'all';
    return location === '' ? [] : [{ location, insecure: mirror.insecure === true, pulls }];
  });
  const isWildcard = prefix.startsWith('*.');
  return [
    {
      ...{ prefix, mirrors, file },
      // without a location, a wildcard leaves the host as it is
      location: ownLocation || (isWildcard ? '' : prefix),
      insecure: entry.insecure === true,
      blocked: entry.blocked === true,
    },
  ];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.trim().replace(/\/+$/, '') : '';
}
