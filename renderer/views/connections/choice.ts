import type { Connection } from '../../../shared/connection.ts';
import type { CallInput } from '../../../shared/contract.ts';
import type { Candidate, Discovery, DiscoverySource, FarmCandidate } from '../../../shared/discovery.ts';
import type { Farm } from '../../../shared/farm.ts';
import { formatCount } from '../../../shared/format.ts';
import { countWords } from '../../stores/exchange.ts';

/** What of a discovery is ticked: candidates by their names, farms by {@link farmKey}. */
export interface Choice {
  readonly candidates: ReadonlySet<string>;
  readonly farms: ReadonlySet<string>;
}

/** What is here already, which a discovery is held against. */
export interface Here {
  readonly connections: readonly Connection[];
  readonly farms: readonly Farm[];
  readonly hasDefault: boolean;
}

/** Two tools may know farms of the same name. */
export function farmKey({ source, name }: FarmCandidate): string {
  return `${source} ${name}`;
}

/** The connection that leads to a candidate's engine already. */
export function knownAs(
  { connection, uri }: Candidate,
  { connections }: Pick<Here, 'connections'>,
): string | undefined {
  return connections.find((each) => each.name === connection || each.uri === uri)?.name;
}

/** Is there nothing in a farm that the farm of the same name here lacks? */
export function isFarmHere(farm: FarmCandidate, { candidates }: Discovery, here: Here): boolean {
  const same = here.farms.find(({ name }) => name === (farm.farm ?? farm.name));
  return (
    same !== undefined &&
    candidates
      .filter(({ name }) => farm.connections.includes(name))
      .every((candidate) => {
        const known = knownAs(candidate, here);
        return known !== undefined && same.connections.includes(known);
      })
  );
}

/**
 * What is ticked until a person says otherwise. Whoever told podman or docker of an engine, or gave us a file, means to build
 * there; most hosts of an SSH configuration are there for something else.
 */
export function startChoice(discovery: Discovery, here: Here): Choice {
  const farms = discovery.farms.filter((farm) => !isFarmHere(farm, discovery, here));
  const members = new Set(farms.flatMap(({ connections }) => connections));
  const candidates = discovery.candidates.filter(
    (candidate) =>
      knownAs(candidate, here) === undefined && (candidate.source !== 'ssh-config' || members.has(candidate.name)),
  );
  return { candidates: new Set(candidates.map(({ name }) => name)), farms: new Set(farms.map(farmKey)) };
}

/** Ticks candidates or takes their ticks away. A farm of which nothing is left is not ticked any more. */
export function tick(
  choice: Choice,
  names: readonly string[],
  isOn: boolean,
  discovery: Discovery,
  here: Here,
): Choice {
  const candidates = new Set([...choice.candidates].filter((name) => isOn || !names.includes(name)));
  for (const name of isOn ? names : []) {
    candidates.add(name);
  }
  const farms = discovery.farms.filter(
    (farm) => choice.farms.has(farmKey(farm)) && membersOf(farm, { ...choice, candidates }, discovery, here).length > 0,
  );
  return { candidates, farms: new Set(farms.map(farmKey)) };
}

/** Ticks a farm with all its members, or takes the tick of the farm alone away. */
export function tickFarm(
  choice: Choice,
  farm: FarmCandidate,
  isOn: boolean,
  { candidates }: Discovery,
  here: Here,
): Choice {
  const others = [...choice.farms].filter((key) => key !== farmKey(farm));
  const members = candidates.filter(
    (candidate) => farm.connections.includes(candidate.name) && knownAs(candidate, here) === undefined,
  );
  return isOn
    ? {
        candidates: new Set([...choice.candidates, ...members.map(({ name }) => name)]),
        farms: new Set([...others, farmKey(farm)]),
      }
    : { ...choice, farms: new Set(others) };
}

/** The members that a farm would have: those that are ticked, and those that are connections already. */
export function membersOf(
  farm: FarmCandidate,
  choice: Choice,
  { candidates }: Discovery,
  here: Here,
): readonly Candidate[] {
  return candidates.filter(
    (candidate) =>
      farm.connections.includes(candidate.name) &&
      (choice.candidates.has(candidate.name) || knownAs(candidate, here) !== undefined),
  );
}

/** What an import of a choice does, in numbers. */
export interface Amount {
  readonly connections: number;
  readonly farms: number;
}

export interface ImportPlan extends Amount {
  readonly input: CallInput<'connections.import'>;
}

/** What is asked of the app for a choice. Members of farms that are connections already go with it: the app finds them by it. */
export function planOf(discovery: Discovery, choice: Choice, here: Here): ImportPlan {
  const farms = discovery.farms
    .filter((farm) => choice.farms.has(farmKey(farm)) && !isFarmHere(farm, discovery, here))
    .map((farm) => ({ farm, members: membersOf(farm, choice, discovery, here) }));
  const added = discovery.candidates.filter(
    (candidate) => choice.candidates.has(candidate.name) && knownAs(candidate, here) === undefined,
  );
  const all = new Set([...added, ...farms.flatMap(({ members }) => members)]);
  return {
    connections: added.length,
    farms: farms.length,
    input: {
      connections: discovery.candidates
        .filter((candidate) => all.has(candidate))
        .map(({ name, uri, identity }) => ({ name, uri, ...(identity === undefined ? {} : { identity }) })),
      farms: farms.map(({ farm, members }) => ({
        name: farm.name,
        connections: members.map(({ name }) => name),
        // where a farm builds by default already, a person has decided that here
        isDefault: farm.isDefault && !here.hasDefault,
      })),
    },
  };
}

/** Is there nothing that could be imported? */
export function isAllHere(discovery: Discovery, here: Here): boolean {
  return (
    discovery.candidates.every((candidate) => knownAs(candidate, here) !== undefined) &&
    discovery.farms.every((farm) => isFarmHere(farm, discovery, here))
  );
}

/** What the button does: `Import 5 connections and 1 farm`. */
export function importWords({ connections, farms }: Amount): string {
  return connections + farms === 0 ? 'Import' : `Import ${countWords(connections, farms)}`;
}

/** In which order what was found is shown: what is most likely meant comes first, the longest list last. */
export const sourceOrder: readonly DiscoverySource[] = [
  'file',
  'local',
  'podman',
  'containers-conf',
  'docker',
  'ssh-config',
];

export interface FoundGroup {
  readonly source: DiscoverySource;
  readonly candidates: readonly Candidate[];
  readonly farms: readonly FarmCandidate[];
}

/** What was found, by where, and of that what a filter lets through. */
export function groupsOf({ candidates, farms }: Discovery, filter = ''): readonly FoundGroup[] {
  const wanted = filter.trim().toLowerCase();
  const isWanted = (...texts: readonly string[]): boolean =>
    wanted === '' || texts.some((text) => text.toLowerCase().includes(wanted));
  return sourceOrder
    .map((source) => ({
      source,
      candidates: candidates.filter((each) => each.source === source && isWanted(each.name, each.uri)),
      farms: farms.filter((each) => each.source === source && isWanted(each.name, ...each.connections)),
    }))
    .filter((group) => group.candidates.length + group.farms.length > 0);
}

const titles: Readonly<Record<DiscoverySource, string>> = {
  local: 'This computer',
  podman: 'podman’s connections',
  'containers-conf': 'containers.conf',
  docker: 'Docker contexts',
  'ssh-config': 'SSH hosts',
  file: 'In the file',
};

/** Where something was found, as a heading. */
export function sourceTitle(source: DiscoverySource): string {
  return titles[source];
}

/** `3 of 12 chosen`, `all 4 are here already`: what the heading of a group says about it. */
export function groupWords({ candidates }: FoundGroup, choice: Choice, here: Here): string {
  const open = candidates.filter((candidate) => knownAs(candidate, here) === undefined);
  const chosen = open.filter(({ name }) => choice.candidates.has(name)).length;
  if (open.length === 0) {
    return candidates.length === 0
      ? ''
      : candidates.length === 1
        ? 'here already'
        : `all ${candidates.length} here already`;
  }
  return chosen === 0 ? formatCount(open.length, 'new', 'new') : `${chosen} of ${open.length} chosen`;
}
