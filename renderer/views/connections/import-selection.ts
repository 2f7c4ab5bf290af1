import { type Connection, optionsOf } from '../../../shared/connection.ts';
import type { CallInput } from '../../../shared/contract.ts';
import type { Candidate, Discovery, DiscoverySource, FarmCandidate } from '../../../shared/discovery.ts';
import type { Farm } from '../../../shared/farm.ts';
import { formatConnectionsAndFarms } from '../../stores/connection-import.ts';

/** The selected entries of a discovery: candidates by name, farms by {@link farmKey}. */
export interface ImportSelection {
  readonly candidates: ReadonlySet<string>;
  readonly farms: ReadonlySet<string>;
}

/** What exists already, for comparison with a discovery. */
export interface ExistingEntries {
  readonly connections: readonly Connection[];
  readonly farms: readonly Farm[];
  readonly hasDefault: boolean;
}

/** The name alone is not unique: two sources may have farms with the same name. */
export function farmKey({ source, name }: FarmCandidate): string {
  return `${source} ${name}`;
}

/** @returns the name of the existing connection to the candidate's engine, if any */
export function findExisting(
  { connection, uri }: Candidate,
  { connections }: Pick<ExistingEntries, 'connections'>,
): string | undefined {
  return connections.find((other) => other.name === connection || other.uri === uri)?.name;
}

/** True if the existing farm of the same name has all members of the discovered farm. */
export function isFarmComplete(farm: FarmCandidate, { candidates }: Discovery, existing: ExistingEntries): boolean {
  const same = existing.farms.find(({ name }) => name === (farm.farm ?? farm.name));
  return (
    same !== undefined &&
    candidates
      .filter(({ name }) => farm.connections.includes(name))
      .every((candidate) => {
        const known = findExisting(candidate, existing);
        return known !== undefined && same.connections.includes(known);
      })
  );
}

/**
 * The initial selection. Engines configured in podman or docker, or listed in a file, are meant for building. Most hosts of an
 * SSH configuration are not, so they are not selected. Neither is a second way to a machine.
 */
export function defaultSelection(discovery: Discovery, existing: ExistingEntries): ImportSelection {
  const farms = discovery.farms.filter((farm) => !isFarmComplete(farm, discovery, existing));
  const members = new Set(farms.flatMap(({ connections }) => connections));
  const candidates = discovery.candidates.filter(
    (candidate) =>
      findExisting(candidate, existing) === undefined &&
      (members.has(candidate.name) || (candidate.source !== 'ssh-config' && candidate.sameMachineAs === undefined)),
  );
  return { candidates: new Set(candidates.map(({ name }) => name)), farms: new Set(farms.map(farmKey)) };
}

/** Selects or deselects candidates. A farm without any remaining member is deselected. */
export function selectCandidates(
  selection: ImportSelection,
  names: readonly string[],
  isOn: boolean,
  discovery: Discovery,
  existing: ExistingEntries,
): ImportSelection {
  const candidates = new Set([...selection.candidates].filter((name) => isOn || !names.includes(name)));
  for (const name of isOn ? names : []) {
    candidates.add(name);
  }
  const farms = discovery.farms.filter(
    (farm) =>
      selection.farms.has(farmKey(farm)) &&
      farmMembers(farm, { ...selection, candidates }, discovery, existing).length > 0,
  );
  return { candidates, farms: new Set(farms.map(farmKey)) };
}

/** Selects a farm with all its members, or deselects the farm only. */
export function selectFarm(
  selection: ImportSelection,
  farm: FarmCandidate,
  isOn: boolean,
  { candidates }: Discovery,
  existing: ExistingEntries,
): ImportSelection {
  const others = [...selection.farms].filter((key) => key !== farmKey(farm));
  const members = candidates.filter(
    (candidate) => farm.connections.includes(candidate.name) && findExisting(candidate, existing) === undefined,
  );
  return isOn
    ? {
        candidates: new Set([...selection.candidates, ...members.map(({ name }) => name)]),
        farms: new Set([...others, farmKey(farm)]),
      }
    : { ...selection, farms: new Set(others) };
}

/** The members that the imported farm would have: those that are selected, and those that exist already. */
export function farmMembers(
  farm: FarmCandidate,
  selection: ImportSelection,
  { candidates }: Discovery,
  existing: ExistingEntries,
): readonly Candidate[] {
  return candidates.filter(
    (candidate) =>
      farm.connections.includes(candidate.name) &&
      (selection.candidates.has(candidate.name) || findExisting(candidate, existing) !== undefined),
  );
}

/** How many connections and farms an import adds or changes. */
export interface ImportCounts {
  readonly connections: number;
  readonly farms: number;
}

export interface ImportRequest extends ImportCounts {
  readonly input: CallInput<'connections.import'>;
}

/**
 * Makes the request for a selection. It includes existing members of farms, so that the app can match them by URI. New
 * connections that are in no imported farm are added to the farm `target`.
 */
export function toImportRequest(
  discovery: Discovery,
  selection: ImportSelection,
  existing: ExistingEntries,
  target: { readonly name: string | undefined } = { name: undefined },
): ImportRequest {
  const farms = discovery.farms
    .filter((farm) => selection.farms.has(farmKey(farm)) && !isFarmComplete(farm, discovery, existing))
    .map((farm) => ({ farm, members: farmMembers(farm, selection, discovery, existing) }));
  const added = discovery.candidates.filter(
    (candidate) => selection.candidates.has(candidate.name) && findExisting(candidate, existing) === undefined,
  );
  const placed = new Set(farms.flatMap(({ members }) => members));
  const unplaced = added.filter((candidate) => !placed.has(candidate)).map(({ name }) => name);
  const all = new Set([...added, ...farms.flatMap(({ members }) => members)]);
  return {
    connections: added.length,
    farms: farms.length,
    input: {
      connections: discovery.candidates
        .filter((candidate) => all.has(candidate))
        .map((candidate) => ({ name: candidate.name, uri: candidate.uri, ...optionsOf(candidate) })),
      farms: withMembers(
        farms.map(({ farm, members }) => ({
          name: farm.name,
          connections: members.map(({ name }) => name),
          // an existing default farm is kept
          isDefault: farm.isDefault && !existing.hasDefault,
        })),
        target.name,
        unplaced,
        existing.hasDefault,
      ),
    },
  };
}

type RequestedFarms = NonNullable<CallInput<'connections.import'>['farms']>;

/** Adds members to one of the farms, which may be missing. */
function withMembers(
  farms: RequestedFarms,
  name: string | undefined,
  members: readonly string[],
  hasDefault: boolean,
): RequestedFarms {
  if (name === undefined || members.length === 0) {
    return farms;
  }
  const isDefault = !hasDefault && !farms.some((farm) => farm.isDefault);
  const target = farms.find((farm) => farm.name === name) ?? { name, connections: [], isDefault };
  const filled = { ...target, connections: [...target.connections, ...members] };
  return [...farms.filter((farm) => farm !== target), filled];
}

export function hasNothingNew(discovery: Discovery, existing: ExistingEntries): boolean {
  return (
    discovery.candidates.every((candidate) => findExisting(candidate, existing) !== undefined) &&
    discovery.farms.every((farm) => isFarmComplete(farm, discovery, existing))
  );
}

/** The label of the import button: `Import 5 connections and 1 farm`. */
export function importLabel({ connections, farms }: ImportCounts): string {
  return connections + farms === 0 ? 'Import' : `Import ${formatConnectionsAndFarms(connections, farms)}`;
}

/** The order of the sources in the list: the most likely ones first, the longest list last. */
export const sourceOrder: readonly DiscoverySource[] = [
  'file',
  'local',
  'podman',
  'containers-conf',
  'docker',
  'buildx',
  'environment',
  'ssh-config',
];

export interface DiscoveryGroup {
  readonly source: DiscoverySource;
  readonly candidates: readonly Candidate[];
  readonly farms: readonly FarmCandidate[];
}

/** Groups the entries that match a filter by source. */
export function groupBySource({ candidates, farms }: Discovery, filter = ''): readonly DiscoveryGroup[] {
  const text = filter.trim().toLowerCase();
  const matches = (...values: readonly string[]): boolean =>
    text === '' || values.some((value) => value.toLowerCase().includes(text));
  return sourceOrder
    .map((source) => ({
      source,
      candidates: candidates.filter(
        (candidate) => candidate.source === source && matches(candidate.name, candidate.uri),
      ),
      farms: farms.filter((farm) => farm.source === source && matches(farm.name, ...farm.connections)),
    }))
    .filter((group) => group.candidates.length + group.farms.length > 0);
}

const titles: Readonly<Record<DiscoverySource, string>> = {
  local: 'This computer',
  podman: 'podman connections',
  'containers-conf': 'containers.conf',
  docker: 'Docker contexts',
  buildx: 'Buildx builders',
  environment: 'Environment variables',
  'ssh-config': 'SSH hosts',
  file: 'In this file',
};

export function sourceTitle(source: DiscoverySource): string {
  return titles[source];
}

/** The text beside the title of a group: `3 of 12 selected`, `all 4 already added`. */
export function describeGroup(
  { candidates }: DiscoveryGroup,
  selection: ImportSelection,
  existing: ExistingEntries,
): string {
  const available = candidates.filter((candidate) => findExisting(candidate, existing) === undefined);
  const selected = available.filter(({ name }) => selection.candidates.has(name)).length;
  if (available.length === 0) {
    return candidates.length === 0
      ? ''
      : candidates.length === 1
        ? 'already added'
        : `all ${candidates.length} already added`;
  }
  return selected === 0 ? `${available.length} new` : `${selected} of ${available.length} selected`;
}
