import type { BuildRequest, ImageFormat, PullPolicy, Retention } from '../../../shared/build.ts';
import type { CallInput } from '../../../shared/contract.ts';
import { formatList } from '../../../shared/format.ts';
import { type Platform, parsePlatform } from '../../../shared/platform.ts';
import type { ProblemActionId } from '../../../shared/problem-action.ts';

/** A build argument or label in the form. Names may be equal or empty while they are edited, so `id` identifies it. */
export interface KeyValue {
  readonly id: number;
  readonly name: string;
  readonly value: string;
  /** True if its name was entered and not taken from an ARG of the Containerfile. */
  readonly isCustom?: boolean;
}

/** Whether the image is pushed when it is built. */
export interface PushDraft {
  readonly isOn: boolean;
  readonly destination: string;
  /** Plain HTTP and certificates that are not trusted are allowed. */
  readonly insecure: boolean;
  /** Nodes push their images themselves. */
  readonly direct: boolean;
}

/** What was chosen of it. The rest is as proposed. */
export interface PushChoice extends Partial<PushDraft> {
  /** The reference for which the destination was entered. */
  readonly enteredFor?: string;
}

/** The values of the form. An undefined value has a default that depends on the project and the nodes. */
export interface BuildDraft {
  readonly context: string | undefined;
  /** The Containerfile, relative to the context or absolute. The default is the first one that is found. */
  readonly file: string | undefined;
  /** The content of a Containerfile that is in no file, of a build that is repeated. Used if there is no `file`. */
  readonly containerfile: string | undefined;
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
  /** Whether platforms are skipped in which nothing has changed. */
  readonly skip: boolean;
  readonly allowPlatformMismatch: boolean;
  readonly format: ImageFormat;
  readonly pull: PullPolicy;
  readonly retention: Retention;
  readonly push: PushChoice;
}

export const emptyDraft: BuildDraft = {
  context: undefined,
  file: undefined,
  containerfile: undefined,
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
  skip: true,
  allowPlatformMismatch: false,
  format: 'oci',
  pull: 'missing',
  retention: 'cache',
  push: {},
};

/** What actions of problems change, by their id. */
const draftChanges: Readonly<Partial<Record<ProblemActionId, Partial<BuildDraft>>>> = {
  'allow-emulation': { emulate: true },
  'allow-platform-mismatch': { allowPlatformMismatch: true },
  'use-docker-format': { format: 'docker' },
};

/** What an action changes. Nothing if it is none that changes a draft. @param id as a route has it */
export function draftChangeOf(id: string | undefined): Partial<BuildDraft> {
  return Object.entries(draftChanges).find(([key]) => key === id)?.[1] ?? {};
}

/** The draft that repeats a build. */
export function toDraft(request: BuildRequest): BuildDraft {
  return {
    context: request.context,
    file: request.file === undefined ? undefined : toRelativePath(request.context, request.file),
    containerfile: request.containerfile,
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
    skip: request.skip ?? true,
    allowPlatformMismatch: request.allowPlatformMismatch ?? false,
    format: request.format ?? 'oci',
    pull: request.pull,
    retention: request.retention,
    push: request.push
      ? {
          isOn: true,
          destination: request.push.destination ?? request.reference,
          enteredFor: request.reference,
          insecure: !request.push.tlsVerify,
          direct: request.push.direct ?? false,
        }
      : { isOn: false },
  };
}

/** The part of a build request that says what is built. */
export function toProjectRequest(
  { file, containerfile, target, format }: Pick<BuildDraft, 'file' | 'containerfile' | 'target' | 'format'>,
  context: string,
): CallInput<'projects.inspect'> {
  return {
    context,
    ...(file !== undefined
      ? { file: toAbsolutePath(context, file) }
      : containerfile === undefined
        ? {}
        : { containerfile }),
    ...(target ? { target } : {}),
    ...(format === 'docker' ? { format } : {}),
  };
}

/** @param reference @param platforms @param push the effective values, including defaults */
export function toBuildRequest(
  draft: BuildDraft,
  context: string,
  reference: string,
  platforms: readonly Platform[],
  push: PushDraft = { isOn: false, destination: '', insecure: false, direct: false },
): CallInput<'builds.start'> {
  const pinned = Object.entries(draft.pins).filter(([platform]) => platforms.some((other) => other === platform));
  return {
    ...toProjectRequest(draft, context),
    reference,
    ...(draft.connections ? { connections: [...draft.connections] } : draft.farm ? { farm: draft.farm } : {}),
    ...(platforms.length > 0 ? { platforms: [...platforms] } : {}),
    pins: Object.fromEntries(pinned),
    emulate: draft.emulate,
    buildArgs: toRecord(draft.buildArgs),
    labels: toRecord(draft.labels),
    noCache: draft.noCache,
    ...(draft.skip ? {} : { skip: false }),
    ...(draft.allowPlatformMismatch ? { allowPlatformMismatch: true } : {}),
    pull: draft.pull,
    retention: draft.retention,
    ...(push.isOn
      ? {
          push: {
            destination: push.destination.trim(),
            tlsVerify: !push.insecure,
            ...(push.direct ? { direct: true } : {}),
          },
        }
      : {}),
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
      !draft.skip,
      draft.pull !== 'missing',
      !draft.emulate,
      draft.allowPlatformMismatch,
      draft.format !== 'oci',
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
  /** The valid platforms that are not selected yet. */
  readonly platforms: readonly Platform[];
  /** What is not valid, to be corrected. */
  readonly rest: string;
  readonly error?: string;
}

/** Parses platforms that were typed or pasted, separated by commas, spaces or line ends. */
export function parsePlatformEntry(text: string, selected: readonly Platform[]): PlatformEntry {
  const words = text.split(/[\s,;]+/).filter(Boolean);
  const invalid = words.filter((word) => !parsePlatform(word));
  const valid = [...new Set(words.flatMap((word) => parsePlatform(word) ?? []))];
  const platforms = valid.filter((platform) => !selected.includes(platform));
  const rest = invalid.join(', ');
  if (rest !== '') {
    const verb = invalid.length === 1 ? 'is not a valid platform' : 'are not valid platforms';
    return {
      platforms,
      rest,
      error: `“${rest}” ${verb}. Enter os/arch or os/arch/variant, for example linux/arm/v7.`,
    };
  }
  return platforms.length === 0 && valid.length > 0
    ? { platforms, rest, error: `${formatList(valid)} ${valid.length === 1 ? 'is' : 'are'} already selected.` }
    : { platforms, rest };
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

/** The path of a file relative to the context if it is in there. */
export function toRelativePath(context: string, file: string): string {
  const folder = `${context.replace(/[/\\]$/, '')}/`;
  return file.startsWith(folder) ? file.slice(folder.length) : file;
}
