/** Every combination of fault, phase and engine that is tried, and what is to come of it. */
import type { FaultName } from './fault-table.ts';
import type { PhaseName } from './phases.ts';

export const engines = {
  'amd-a': 'podman 4.3',
  'amd-b': 'podman 5.4',
  'arm-a': 'podman 5.4, arm64',
  'docker-a': 'docker, BuildKit',
  'docker-arm': 'docker, BuildKit, arm64',
  'docker-classic': 'docker, classic builder',
  'buildkit-a': 'BuildKit daemon',
} as const;

export type NodeName = keyof typeof engines;

export const outcomes = {
  moves: 'done: the other node takes over',
  stays: 'done on the same node',
  done: 'done on either node',
  fails: 'failed, without a list; the other platform is built',
  'fails here': 'failed, without a list',
  killed: 'interrupted, with the whole list or none',
} as const;

export type OutcomeName = keyof typeof outcomes;

export interface Row {
  readonly fault: FaultName;
  readonly phase: PhaseName;
  readonly node: NodeName;
  readonly outcome: OutcomeName;
  /** No other node can take over. */
  readonly alone?: true;
  /** What the engine leaves of itself, for any of its clients: lines of what is on the node begin so. */
  readonly leaves?: string;
}

const [podman4, podman5, docker, classic, buildkit] = [
  'amd-a',
  'amd-b',
  'docker-a',
  'docker-classic',
  'buildkit-a',
] as const;
const all = [podman4, podman5, docker, classic, buildkit] as const;
/** Those that keep images. */
const keeping = [podman4, podman5, docker, classic] as const;

function cross(
  fault: FaultName,
  outcome: OutcomeName,
  phases: Partial<Record<PhaseName, readonly NodeName[]>>,
  more: Pick<Row, 'alone' | 'leaves'> = {},
): Row[] {
  return Object.entries(phases).flatMap(([phase, nodes]) =>
    nodes.map((node) => ({ fault, phase: phase as PhaseName, node, outcome, ...more })),
  );
}

export const rows: readonly Row[] = [
  ...cross('session killed', 'done', { 'sign-in': [podman5, docker] }),
  ...cross('session killed', 'moves', { context: all, pull: all, building: all, transfer: all }),
  ...cross('session killed', 'moves', { building: ['arm-a', 'docker-arm'] }),
  ...cross('session killed', 'fails', { building: [podman5, docker] }, { alone: true }),
  ...cross('session killed', 'stays', { cleaning: keeping }),
  ...cross('sshd killed', 'moves', { context: [podman5], building: [podman4, docker, buildkit], transfer: [classic] }),
  ...cross('engine missing', 'done', { all: [podman5, docker, buildkit] }),
  ...cross('engine killed', 'done', { probe: [podman4, docker, buildkit] }),
  ...cross('engine killed', 'moves', {
    context: [podman4, docker, classic, buildkit],
    pull: [podman5, docker],
    building: [docker, buildkit],
    transfer: [podman5, docker, classic, buildkit],
  }),
  ...cross('engine killed', 'moves', { building: [podman4, podman5] }, { leaves: 'file /var/tmp/buildah' }),
  ...cross('engine killed', 'moves', { building: [classic] }, { leaves: 'container' }),
  ...cross('engine killed', 'stays', { cleaning: [podman5, docker] }),
  ...cross('app killed', 'killed', {
    context: [podman5, docker],
    pull: [docker],
    building: all,
    transfer: [podman4, docker, classic, buildkit],
    list: [podman5],
    push: [podman5],
    'push of the list': [docker],
    cleaning: [podman5, docker],
  }),
  ...cross('front end killed', 'killed', { building: [podman5], transfer: [docker] }),
  ...cross('silence', 'done', { 'sign-in': [podman5] }),
  ...cross('silence', 'moves', { context: [podman4, docker], building: all, transfer: [podman5, buildkit] }),
  ...cross('node frozen', 'moves', { building: [podman5, docker], transfer: [classic] }),
  ...cross('pause', 'stays', { context: [docker], building: [podman5], transfer: [buildkit] }),
  ...cross('line reset', 'moves', { context: [docker], transfer: [podman5] }),
  ...cross('lossy line', 'stays', { all: [podman5, docker, buildkit] }),
  ...cross('forward reset', 'done', { transfer: all }),
  ...cross('garbage', 'done', { probe: [podman5, docker, buildkit] }),
  ...cross('garbage', 'moves', { context: [podman5, docker], building: [podman4, docker, classic, buildkit] }),
  ...cross('garbage', 'stays', { cleaning: [podman5, docker] }),
  // the whole context is sent, and the image is exported
  ...cross('half a stream', 'stays', { context: [podman5], transfer: [podman5, docker] }),
  ...cross('half a stream', 'moves', { building: all, transfer: [buildkit] }),
  ...cross('wrong architecture', 'moves', { all: [podman4, podman5, docker, buildkit] }),
  // the image is for the platform, and its programs are not: that comes from the Containerfile
  ...cross('wrong architecture', 'fails', { all: [classic] }),
  ...cross('node full', 'moves', { context: [podman5], building: [podman4, docker, classic, buildkit] }),
  ...cross('disk here full', 'fails here', { context: [podman5], transfer: [docker], list: [buildkit] }),
  ...cross('registry reset', 'stays', { push: [podman5], 'push of the list': [docker] }),
];

/** What distinguishes the rows. */
export function nameOf({ fault, phase, node, alone }: Row): string {
  return [fault, phase, engines[node], ...(alone ? ['alone'] : [])].join(' / ');
}

/** Rows with different faults, phases and engines, for `npm test`. */
const sample = [
  'session killed / transfer / docker, BuildKit',
  'app killed / building / podman 5.4',
  'half a stream / building / BuildKit daemon',
  'registry reset / push / podman 5.4',
];

/** @param words `sample`, or those that the names of the rows have. Without any: all rows. */
export function chooseRows(words: readonly string[]): Row[] {
  return rows.filter((row) => {
    const name = nameOf(row);
    return words[0] === 'sample' ? sample.includes(name) : words.every((word) => name.includes(word));
  });
}
