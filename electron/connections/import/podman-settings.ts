import { optionsOf } from '../../../shared/connection.ts';
import { entriesOf, field, isText, quoteForMessage, textField } from './foreign-content.ts';
import type { DiscoveredEngine, DiscoveredFarm, ImportNote, ImportSource } from './import-source.ts';

/** The part of either of podman's two configuration files that describes connections and farms, as parsed. */
export interface PodmanSettings {
  readonly connections: unknown;
  /** The key that marks a podman machine. */
  readonly machineKey: string;
  /** The keys of the certificate authority, the client certificate and its key. */
  readonly tlsKeys: readonly [ca: string, cert: string, key: string];
  readonly farms: unknown;
  readonly defaultFarm: unknown;
  /** What notes call a connection of the file. */
  readonly connectionLabel: string;
}

export const machineNote =
  'It is a podman machine, which only answers while it runs: start it with `podman machine start`.';

/** Reads each entry on its own: a wrong entry is noted and skipped. */
export function readPodmanSettings(
  settings: PodmanSettings,
  path: string,
  source: ImportSource['source'],
): ImportSource {
  const engines: DiscoveredEngine[] = [];
  const farms: DiscoveredFarm[] = [];
  const notes: ImportNote[] = [];
  for (const [name, entry] of entriesOf(settings.connections)) {
    const uri = field(entry, 'uri');
    const identity = textField(entry, 'identity');
    const [tlsCa, tlsCert, tlsKey] = settings.tlsKeys.map((key) => textField(entry, key));
    if (isText(uri)) {
      engines.push({
        name,
        uri,
        path,
        ...optionsOf({ identity, tlsCa, tlsCert, tlsKey }),
        ...(field(entry, settings.machineKey) === true ? { notes: [machineNote] } : {}),
      });
    } else {
      notes.push({ path, message: `${settings.connectionLabel} ${quoteForMessage(name)} has no URI.` });
    }
  }
  for (const [name, members] of entriesOf(settings.farms)) {
    // Go writes an empty list as null
    const list = members === null ? [] : members;
    if (Array.isArray(list) && list.every(isText)) {
      farms.push({ name, members: list, path });
    } else {
      notes.push({ path, message: `Farm ${quoteForMessage(name)} is not a list of connections.` });
    }
  }
  const { defaultFarm } = settings;
  return { source, engines, farms, notes, ...(isText(defaultFarm) && defaultFarm !== '' ? { defaultFarm } : {}) };
}
