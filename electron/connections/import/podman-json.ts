import { join } from 'node:path';
import { containersFolder, type SystemPaths } from '../../system/system-paths.ts';
import { field } from './entries.ts';
import { type Found, nothing } from './found.ts';
import { parseJson } from './json.ts';
import { readPodmanSettings } from './podman-settings.ts';
import { readText } from './read-text.ts';

/** Connections and farms of podman 5 and newer. Source: containers/common, pkg/config/connections.go. */
export async function findPodmanConnections(places: SystemPaths): Promise<Found> {
  const path = places.env.PODMAN_CONNECTIONS_CONF || join(containersFolder(places), 'podman-connections.json');
  const reading = await readText(path);
  if ('missing' in reading) {
    return nothing('podman');
  }
  if ('unreadable' in reading) {
    return nothing('podman', [{ path, message: reading.unreadable }]);
  }
  return readPodmanText(reading.text, path);
}

/** @param text of a podman-connections.json */
export function readPodmanText(text: string, path: string): Found {
  // podman makes the file before it writes to it
  if (text.trim() === '') {
    return nothing('podman');
  }
  const json = parseJson(text);
  return 'broken' in json
    ? nothing('podman', [{ path, message: json.broken }])
    : readPodmanConnections(json.content, path, 'podman');
}

/** Is it what podman-connections.json holds? */
export function isPodmanConnections(content: unknown): boolean {
  return field(content, 'Connection') !== undefined || field(content, 'Farm') !== undefined;
}

export function readPodmanConnections(content: unknown, path: string, source: 'podman' | 'file'): Found {
  const farm = field(content, 'Farm');
  const settings = {
    connections: field(field(content, 'Connection'), 'Connections'),
    machineKey: 'IsMachine',
    farms: field(farm, 'List'),
    defaultFarm: field(farm, 'Default'),
    entry: 'Connection',
  };
  return readPodmanSettings(settings, path, source);
}
