import type { BuildRequest, PullPolicy, Retention } from '../../../shared/build.ts';
import type { CallInput } from '../../../shared/contract.ts';
import { type Platform, parsePlatform } from '../../../shared/platform.ts';

/** A build argument or label in the form. Names may be equal or empty while they are edited, so `id` identifies it. */
export interface KeyValue {
  readonly id: number;
  readonly name: string;
  readonly value: string;
  /** True if its name was entered and not taken from an ARG of the Containerfile. */
  readonly isCustom?: boolean;
}

/** The values of the form. An undefined value has a default that depends on the project and the nodes. */
export interface BuildDraft {
  readonly context: string | undefined;
  /** The Containerfile, relative to the context or absolute. The default is the first one that is found. */
  readonly file: string | undefined;
  readonly reference: string | undefined;
  readonly farm: string | undefined;
  /** A list of nodes instead of a farm. Builds started in the terminal may have one. */
  readonly connections: readonly string[] | undefined;
  readonly platforms: readonly Platform[] | undefined;
  readonly pins: Readonly<Record<string, string>>;
  readonly emulate: boolean;
  readonly buildArgs: readonly KeyValue[];
  readonly labels: readonly KeyValue[];
  readonly target: string | undefined;
  readonly noCache: boolean;
  readonly pull: PullPolicy;
  readonly retention: Retention;
}

export const emptyDraft: BuildDraft = {
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
  retention: 'cache',
};

/** The draft that repeats a build. */
export function toDraft(request: BuildRequest): BuildDraft {
  return {
    context: request.context,
    file: request.file === undefined ? undefined : toRelativePath(request.context, request.file),
    reference: request.reference,
    farm: request.farm,
    connections: request.connections,
    platforms: request.platforms,
    pins: request.pins,
    emulate: request.emulate,
    buildArgs: toKeyValues(request.buildArgs),
    labels: toKeyValues(request.labels),
    target: request.target,
    noCache: request.noCache,
    pull: request.pull,
    retention: request.retention,
  };
}

/** @param reference @param platforms the effective values, including defaults */
export function toBuildRequest(
  draft: BuildDraft,
  context: string,
  reference: string,
  platforms: readonly Platform[],
): CallInput<'builds.start'> {
  const pinned = Object.entries(draft.pins).filter(([platform]) => platforms.some((other) => other === platform));
  return {
    context,
    ...(draft.file === undefined ? {} : { file: toAbsolutePath(context, draft.file) }),
    reference,
    ...(draft.connections ? { connections: [...draft.connections] } : draft.farm ? { farm: draft.farm } : {}),
    ...(platforms.length > 0 ? { platforms: [...platforms] } : {}),
    pins: Object.fromEntries(pinned),
    emulate: draft.emulate,
    buildArgs: toRecord(draft.buildArgs),
    labels: toRecord(draft.labels),
    ...(draft.target ? { target: draft.target } : {}),
    noCache: draft.noCache,
    pull: draft.pull,
    retention: draft.retention,
  };
}

/** How many options differ from their defaults. */
export function countChangedOptions(draft: BuildDraft): number {
  return (
    Object.keys(toRecord(draft.buildArgs)).length +
    Object.keys(toRecord(draft.labels)).length +
    [
      draft.target !== undefined,
      draft.noCache,
      draft.pull !== 'missing',
      !draft.emulate,
      draft.retention !== 'cache',
    ].filter(Boolean).length
  );
}

/** @returns why a build argument or label is not valid, as a sentence; undefined if it is valid */
export function keyValueError({ id, name, value }: KeyValue, all: readonly KeyValue[]): string | undefined {
  if (name === '') {
    return value === '' ? undefined : 'Enter a name.';
  }
  if (/[\s=]/.test(name)) {
    return 'A name cannot contain spaces or equals signs.';
  }
  return all.some((other) => other.id !== id && other.name === name) ? `${name} is listed twice.` : undefined;
}

/** Sets the value for a name; undefined removes it. */
export function setKeyValue(pairs: readonly KeyValue[], name: string, value: string | undefined): KeyValue[] {
  if (value === undefined) {
    return pairs.filter((pair) => pair.name !== name);
  }
  return pairs.some((pair) => pair.name === name)
    ? pairs.map((pair) => (pair.name === name ? { ...pair, value } : pair))
    : [...pairs, { id: nextId(pairs), name, value }];
}

export function nextId(pairs: readonly KeyValue[]): number {
  return Math.max(0, ...pairs.map(({ id }) => id)) + 1;
}

/** Pins a platform to a node; undefined removes the pin. */
export function setPin(pins: BuildDraft['pins'], platform: Platform, node: string | undefined): BuildDraft['pins'] {
  const { [platform]: _, ...others } = pins;
  return node === undefined ? others : { ...others, [platform]: node };
}

export interface PlatformEntry {
  readonly platform?: Platform;
  readonly error?: string;
}

/** Parses a platform that was typed. */
export function parsePlatformEntry(text: string, selected: readonly Platform[]): PlatformEntry {
  const platform = parsePlatform(text);
  if (!platform) {
    return {
      error: `“${text.trim()}” is not a valid platform. Enter os/arch or os/arch/variant, for example linux/arm/v7.`,
    };
  }
  return selected.includes(platform) ? { error: `${platform} is already selected.` } : { platform };
}

function toKeyValues(record: Readonly<Record<string, string>>): KeyValue[] {
  return Object.entries(record).map(([name, value], index) => ({ id: index + 1, name, value }));
}

function toRecord(pairs: readonly KeyValue[]): Record<string, string> {
  return Object.fromEntries(pairs.filter(({ name }) => name !== '').map(({ name, value }) => [name, value]));
}

const isAbsolute = (path: string): boolean => /^([/\\]|[A-Za-z]:[/\\])/.test(path);

export function toAbsolutePath(context: string, file: string): string {
  return isAbsolute(file) ? file : `${context.replace(/[/\\]$/, '')}/${file}`;
}

function toRelativePath(context: string, file: string): string {
  const folder = `${context.replace(/[/\\]$/, '')}/`;
  return file.startsWith(folder) ? file.slice(folder.length) : file;
}
