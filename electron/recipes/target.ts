/** Targets and groups of bake files, as buildx has them: their fields, how they are merged and what they are called. */
import { closest } from '../../shared/closest.ts';
import { isList, isObject, jsonOf, kindOf, textOf, type Value } from './hcl/value.ts';
import { invalidAt, type Location } from './located.ts';

/** `entries` are lists of `key=value,…`; each may also be an object with these keys. */
type Kind = 'text' | 'switch' | 'list' | 'map' | 'entries';

/** Every field of a target: its kind, and whether a later value is added to the earlier ones. Maps are always merged. */
export const targetFields = {
  description: { kind: 'text' },
  inherits: { kind: 'list', adds: true },
  context: { kind: 'text' },
  contexts: { kind: 'map' },
  dockerfile: { kind: 'text' },
  'dockerfile-inline': { kind: 'text' },
  args: { kind: 'map' },
  labels: { kind: 'map' },
  annotations: { kind: 'list', adds: true },
  tags: { kind: 'list' },
  target: { kind: 'text' },
  platforms: { kind: 'list' },
  'cache-from': { kind: 'entries', adds: true },
  'cache-to': { kind: 'entries' },
  secret: { kind: 'entries', adds: true },
  ssh: { kind: 'entries', adds: true },
  output: { kind: 'entries' },
  attest: { kind: 'entries', adds: true },
  pull: { kind: 'switch' },
  'no-cache': { kind: 'switch' },
  'no-cache-filter': { kind: 'list', adds: true },
  network: { kind: 'text' },
  'shm-size': { kind: 'text' },
  ulimits: { kind: 'list', adds: true },
  'extra-hosts': { kind: 'map' },
  entitlements: { kind: 'list', adds: true },
  call: { kind: 'text' },
  resources: { kind: 'map' },
  policy: { kind: 'entries', adds: true },
} as const satisfies Readonly<Record<string, { readonly kind: Kind; readonly adds?: true }>>;

export type FieldName = keyof typeof targetFields;
export type FieldValue = string | boolean | readonly string[] | ReadonlyMap<string, string>;

export interface Field {
  readonly value: FieldValue;
  readonly at: Location;
}

export interface Target {
  readonly name: string;
  readonly at: Location;
  readonly fields: ReadonlyMap<FieldName, Field>;
}

export interface Group {
  readonly name: string;
  readonly targets: readonly string[];
}

export interface BakeConfig {
  readonly targets: ReadonlyMap<string, Target>;
  readonly groups: ReadonlyMap<string, Group>;
}

/** A matrix or a list of services may make as many. */
export const maxTargets = 200;

export function isFieldName(name: string): name is FieldName {
  return Object.hasOwn(targetFields, name);
}

/** @throws Failure that names the closest field */
export function fieldName(name: string, at: Location, more: readonly string[] = []): FieldName {
  if (isFieldName(name)) {
    return name;
  }
  const known = [...Object.keys(targetFields), ...more];
  const meant = closest(name, known);
  throw invalidAt(
    at,
    `A target has no field "${name}".`,
    meant === undefined ? `Its fields are ${known.join(', ')}.` : `Did you mean ${meant}?`,
  );
}

/** @throws Failure if the name has other characters than those of buildx */
export function assertTargetName(name: string, at: Location): void {
  if (!/^[a-zA-Z0-9_-]{1,128}$/.test(name)) {
    throw invalidAt(at, `"${name}" is not a name of a target.`, 'Use letters, digits, - and _, up to 128.');
  }
}

/** A value as the field has it. @returns undefined for null @throws Failure if it is of another kind */
export function decodeField(name: FieldName, value: Value, at: Location): Field | undefined {
  if (value === null) {
    return undefined;
  }
  const wrong = (needed: string): Error => invalidAt(at, `${name} has to be ${needed}, not ${kindOf(value)}.`);
  switch (targetFields[name].kind) {
    case 'switch': {
      const text = textOf(value);
      if (text !== 'true' && text !== 'false') {
        throw wrong('true or false');
      }
      return { value: text === 'true', at };
    }
    case 'text': {
      const text = textOf(value);
      if (text === undefined) {
        throw wrong('a text');
      }
      return { value: text, at };
    }
    case 'map': {
      if (!isObject(value)) {
        throw wrong('an object of texts');
      }
      const entries = [...value].flatMap(([key, item]): [string, string][] => {
        const text = textOf(item);
        if (text === undefined && item !== null) {
          throw invalidAt(at, `${name}.${key} has to be a text, not ${kindOf(item)}.`);
        }
        return text === undefined ? [] : [[key, text]];
      });
      return { value: new Map(entries), at };
    }
    case 'list':
    case 'entries': {
      if (!isList(value)) {
        throw wrong('a list');
      }
      const items = value.flatMap((item) => (item === null ? [] : [itemText(name, item, at)]));
      return { value: [...new Set(items)], at };
    }
  }
}

function itemText(name: FieldName, item: Value, at: Location): string {
  const text = textOf(item);
  if (text !== undefined) {
    return text;
  }
  if (targetFields[name].kind === 'entries' && isObject(item)) {
    return [...item]
      .filter(([, value]) => value !== null)
      .map(
        ([key, value]) =>
          `${key}=${csvValue(isList(value) ? value.map((each) => textOf(each) ?? '').join(',') : (textOf(value) ?? jsonOf(value)))}`,
      )
      .join(',');
  }
  throw invalidAt(at, `An item of ${name} has to be a text, not ${kindOf(item)}.`);
}

function csvValue(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The fields of an earlier target with those of a later one. */
export function mergeFields(earlier: Target['fields'], later: Target['fields']): Map<FieldName, Field> {
  const merged = new Map(earlier);
  for (const [name, field] of later) {
    const before = merged.get(name);
    merged.set(name, before ? { value: mergeValues(name, before.value, field.value), at: field.at } : field);
  }
  return merged;
}

function mergeValues(name: FieldName, before: FieldValue, after: FieldValue): FieldValue {
  if (before instanceof Map && after instanceof Map) {
    return new Map([...before, ...after]);
  }
  const adds = 'adds' in targetFields[name];
  return adds && Array.isArray(before) && Array.isArray(after) ? [...new Set([...before, ...after])] : after;
}

/** All configurations as one; later ones win. */
export function mergeConfigs(configs: readonly BakeConfig[]): BakeConfig {
  const targets = new Map<string, Target>();
  const groups = new Map<string, Group>();
  for (const config of configs) {
    for (const target of config.targets.values()) {
      const before = targets.get(target.name);
      targets.set(target.name, before ? { ...target, fields: mergeFields(before.fields, target.fields) } : target);
    }
    for (const group of config.groups.values()) {
      groups.set(group.name, { ...group, targets: [...new Set(group.targets)] });
    }
  }
  return { targets, groups };
}
