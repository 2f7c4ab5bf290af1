import { join } from 'node:path';
import { entriesOf, field, isText, quote } from './entries.ts';
import { type Found, type FoundEngine, type FoundFarm, type Note, nothing } from './found.ts';
import { parseJson } from './json.ts';
import { containersFolder, type Places } from './places.ts';
import { readText } from './read-text.ts';

/** Connections and farms of podman 5 and newer. Source: containers/common, pkg/config/connections.go. */
export async function findPodmanConnections(places: Places): Promise<Found> {
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
  const engines: FoundEngine[] = [];
  const farms: FoundFarm[] = [];
  const notes: Note[] = [];
  for (const [name, entry] of entriesOf(field(field(content, 'Connection'), 'Connections'))) {
    const uri = field(entry, 'URI');
    const identity = field(entry, 'Identity');
    if (isText(uri)) {
      engines.push({
        name,
        uri,
        path,
        ...(isText(identity) && identity !== '' ? { identity } : {}),
        ...(field(entry, 'IsMachine') === true ? { notes: [machineNote] } : {}),
      });
    } else {
      notes.push({ path, message: `Connection ${quote(name)} has no URI.` });
    }
  }
  for (const [name, members] of entriesOf(field(field(content, 'Farm'), 'List'))) {
    // a list of nothing is null in Go's JSON
    const list = members === null ? [] : members;
    if (Array.isArray(list) && list.every(isText)) {
      farms.push({ name, members: list, path });
    } else {
      notes.push({ path, message: `Farm ${quote(name)} is no list of connections.` });
    }
  }
  const standard = field(field(content, 'Farm'), 'Default');
  return { source, engines, farms, notes, ...(isText(standard) && standard !== '' ? { defaultFarm: standard } : {}) };
}

export const machineNote = 'It is a podman machine: it answers while `podman machine start` has it running.';
