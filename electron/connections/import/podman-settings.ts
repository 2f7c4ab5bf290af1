import { entriesOf, field, isText, quote } from './entries.ts';
import type { Found, FoundEngine, FoundFarm, Note } from './found.ts';

/** What podman keeps of connections and farms, in whichever of its two files; keys are found in any case. */
export interface PodmanSettings {
  readonly connections: unknown;
  /** The key that marks a podman machine. */
  readonly machineKey: string;
  readonly farms: unknown;
  readonly defaultFarm: unknown;
  /** What a connection is called in the file, for sentences. */
  readonly entry: string;
}

export const machineNote = 'It is a podman machine: it answers while `podman machine start` has it running.';

/** Each entry is read on its own: one that is wrong is noted, and takes no other with it. */
export function readPodmanSettings(settings: PodmanSettings, path: string, source: Found['source']): Found {
  const engines: FoundEngine[] = [];
  const farms: FoundFarm[] = [];
  const notes: Note[] = [];
  for (const [name, entry] of entriesOf(settings.connections)) {
    const uri = field(entry, 'uri');
    const identity = field(entry, 'identity');
    if (isText(uri)) {
      engines.push({
        name,
        uri,
        path,
        ...(isText(identity) && identity !== '' ? { identity } : {}),
        ...(field(entry, settings.machineKey) === true ? { notes: [machineNote] } : {}),
      });
    } else {
      notes.push({ path, message: `${settings.entry} ${quote(name)} has no URI.` });
    }
  }
  for (const [name, members] of entriesOf(settings.farms)) {
    // a list of nothing is null in Go's JSON
    const list = members === null ? [] : members;
    if (Array.isArray(list) && list.every(isText)) {
      farms.push({ name, members: list, path });
    } else {
      notes.push({ path, message: `Farm ${quote(name)} is no list of connections.` });
    }
  }
  const standard = settings.defaultFarm;
  return { source, engines, farms, notes, ...(isText(standard) && standard !== '' ? { defaultFarm: standard } : {}) };
}
