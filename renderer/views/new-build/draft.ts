import type { BuildRequest, PullPolicy, Retention } from '../../../shared/build.ts';
import type { CallInput } from '../../../shared/contract.ts';
import { type Platform, parsePlatform } from '../../../shared/platform.ts';

/** A name with its value, as a person writes them one after the other; `id` tells two with the same name apart. */
export interface Pair {
  readonly id: number;
  readonly name: string;
  readonly value: string;
  /** A person writes its name too. */
  readonly isOwn?: boolean;
}

/** What a person has settled on so far. What is undefined follows from the project and the nodes. */
export interface Draft {
  readonly context: string | undefined;
  /** The Containerfile, relative to the context or absolute; undefined is the one that is found. */
  readonly file: string | undefined;
  readonly reference: string | undefined;
  readonly farm: string | undefined;
  /** Nodes by name instead of a farm, as a build from the terminal may have had. */
  readonly connections: readonly string[] | undefined;
  readonly platforms: readonly Platform[] | undefined;
  readonly pins: Readonly<Record<string, string>>;
  readonly emulate: boolean;
  readonly buildArgs: readonly Pair[];
  readonly labels: readonly Pair[];
  readonly target: string | undefined;
  readonly noCache: boolean;
  readonly pull: PullPolicy;
  readonly residue: Retention;
}

export const emptyDraft: Draft = {
  context: undefined,
  file: undefined,
  reference: undefined,
  farm: undefined,
  connections: undefined,
  platforms: undefined,
  pins: {},
  emulate: true,
  buildArgs: [],
  labels: [],
  target: undefined,
  noCache: false,
  pull: 'missing',
  residue: 'cache',
};

/** The draft that would build the same once more. */
export function draftOf(request: BuildRequest): Draft {
  return {
    context: request.context,
    file: request.file === undefined ? undefined : relativeTo(request.context, request.file),
    reference: request.reference,
    farm: request.farm,
    connections: request.connections,
    platforms: request.platforms,
    pins: request.pins,
    emulate: request.emulate,
    buildArgs: pairsOf(request.buildArgs),
    labels: pairsOf(request.labels),
    target: request.target,
    noCache: request.noCache,
    pull: request.pull,
    residue: request.residue,
  };
}

/** The request that a draft stands for. @param reference and @param platforms as they are shown */
export function requestOf(
  draft: Draft,
  context: string,
  reference: string,
  platforms: readonly Platform[],
): CallInput<'builds.start'> {
  const pinned = Object.entries(draft.pins).filter(([platform]) => platforms.some((each) => each === platform));
  return {
    context,
    ...(draft.file === undefined ? {} : { file: absoluteIn(context, draft.file) }),
    reference,
    ...(draft.connections ? { connections: [...draft.connections] } : draft.farm ? { farm: draft.farm } : {}),
    ...(platforms.length > 0 ? { platforms: [...platforms] } : {}),
    pins: Object.fromEntries(pinned),
    emulate: draft.emulate,
    buildArgs: recordOf(draft.buildArgs),
    labels: recordOf(draft.labels),
    ...(draft.target ? { target: draft.target } : {}),
    noCache: draft.noCache,
    pull: draft.pull,
    residue: draft.residue,
  };
}

/** How many of the folded options are not as they come. */
export function changedOptions(draft: Draft): number {
  return (
    Object.keys(recordOf(draft.buildArgs)).length +
    Object.keys(recordOf(draft.labels)).length +
    [
      draft.target !== undefined,
      draft.noCache,
      draft.pull !== 'missing',
      !draft.emulate,
      draft.residue !== 'cache',
    ].filter(Boolean).length
  );
}

/** What is wrong with a build argument or label, in a sentence; undefined where nothing is. */
export function pairError({ id, name, value }: Pair, all: readonly Pair[]): string | undefined {
  if (name === '') {
    return value === '' ? undefined : 'It needs a name.';
  }
  if (/[\s=]/.test(name)) {
    return 'A name has no spaces and no equals sign.';
  }
  return all.some((other) => other.id !== id && other.name === name) ? `${name} is there twice.` : undefined;
}

/** Sets a pair by its name, where a person fills in one that is known; undefined takes it out. */
export function withPair(pairs: readonly Pair[], name: string, value: string | undefined): Pair[] {
  if (value === undefined) {
    return pairs.filter((pair) => pair.name !== name);
  }
  return pairs.some((pair) => pair.name === name)
    ? pairs.map((pair) => (pair.name === name ? { ...pair, value } : pair))
    : [...pairs, { id: nextId(pairs), name, value }];
}

export function nextId(pairs: readonly Pair[]): number {
  return Math.max(0, ...pairs.map(({ id }) => id)) + 1;
}

/** A pin more, or with undefined one less. */
export function withPin(pins: Draft['pins'], platform: Platform, node: string | undefined): Draft['pins'] {
  const { [platform]: _, ...others } = pins;
  return node === undefined ? others : { ...others, [platform]: node };
}

export interface Entry {
  readonly platform?: Platform;
  readonly error?: string;
}

/** The platform that a person has written, or what is wrong with it. */
export function readPlatform(text: string, chosen: readonly Platform[]): Entry {
  const platform = parsePlatform(text);
  if (!platform) {
    return { error: `“${text.trim()}” is no platform. Write os/arch or os/arch/variant, as in linux/arm/v7.` };
  }
  return chosen.includes(platform) ? { error: `${platform} is chosen already.` } : { platform };
}

function pairsOf(record: Readonly<Record<string, string>>): Pair[] {
  return Object.entries(record).map(([name, value], index) => ({ id: index + 1, name, value }));
}

function recordOf(pairs: readonly Pair[]): Record<string, string> {
  return Object.fromEntries(pairs.filter(({ name }) => name !== '').map(({ name, value }) => [name, value]));
}

const isAbsolute = (path: string): boolean => /^([/\\]|[A-Za-z]:[/\\])/.test(path);

export function absoluteIn(context: string, file: string): string {
  return isAbsolute(file) ? file : `${context.replace(/[/\\]$/, '')}/${file}`;
}

function relativeTo(context: string, file: string): string {
  const folder = `${context.replace(/[/\\]$/, '')}/`;
  return file.startsWith(folder) ? file.slice(folder.length) : file;
}
