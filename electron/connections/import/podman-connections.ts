import { join } from 'node:path';
import { containersFolder, type SystemPaths } from '../../system/system-paths.ts';
import { field, parseJson } from './foreign-content.ts';
import { readText } from './foreign-file.ts';
import { emptySource, type ImportSource } from './import-source.ts';
import { readPodmanSettings } from './podman-settings.ts';

/** The connections and farms of podman 5 and newer. Source: containers/common, pkg/config/connections.go. */
export async function findPodmanConnections(paths: SystemPaths): Promise<ImportSource> {
  const path = paths.env.PODMAN_CONNECTIONS_CONF || join(containersFolder(paths), 'podman-connections.json');
  const result = await readText(path);
  if ('missing' in result) {
    return emptySource('podman');
  }
  if ('unreadable' in result) {
    return emptySource('podman', [{ path, message: result.unreadable }]);
  }
  return parsePodmanConnections(result.text, path);
}

/** @param text of a podman-connections.json */
export function parsePodmanConnections(text: string, path: string): ImportSource {
  // podman creates an empty file before it writes to it
  if (text.trim() === '') {
    return emptySource('podman');
  }
  const json = parseJson(text);
  return 'error' in json
    ? emptySource('podman', [{ path, message: json.error }])
    : readPodmanConnections(json.content, path, 'podman');
}

/** Whether parsed JSON is the content of a podman-connections.json. */
export function isPodmanConnections(content: unknown): boolean {
  return field(content, 'Connection') !== undefined || field(content, 'Farm') !== undefined;
}

export function readPodmanConnections(content: unknown, path: string, source: 'podman' | 'file'): ImportSource {
  const farm = field(content, 'Farm');
  const settings = {
    connections: field(field(content, 'Connection'), 'Connections'),
    machineKey: 'IsMachine',
    tlsKeys: ['TLSCA', 'TLSCert', 'TLSKey'] as const,
    farms: field(farm, 'List'),
    defaultFarm: field(farm, 'Default'),
    connectionLabel: 'Connection',
  };
  return readPodmanSettings(settings, path, source);
}
