/** Chooses targets as buildx does: groups, patterns, what they inherit, what `--set` changes, and the targets that they depend on. */
import { suggestKnownName } from '../../shared/closest.ts';
import { fail } from '../../shared/problem.ts';
import type { Environment } from './bake-file.ts';
import { invalidAt } from './located.ts';
import {
  type BakeConfig,
  decodeField,
  type Field,
  type FieldName,
  fieldName,
  mergeFields,
  type Target,
  targetFields,
} from './target.ts';

/** A target with everything that it inherits. */
export interface SelectedTarget extends Target {
  /** Name of the context → name of the target. */
  readonly depends: ReadonlyMap<string, string>;
}

export interface Selection {
  /** What a target depends on is before it. */
  readonly targets: readonly SelectedTarget[];
  /** What was chosen, as names of targets. */
  readonly chosen: readonly string[];
}

const maxDepth = 50;

/**
 * @param names of targets and groups, and patterns with `*`. Empty: `default`
 * @param overrides texts of `--set`: `PATTERN.FIELD=VALUE`; an argument without a value has that of the environment
 * @throws Failure `recipe.invalid`, `input.invalid`
 */
export function selectTargets(
  config: BakeConfig,
  names: readonly string[],
  overrides: readonly string[] = [],
  environment: Environment = () => undefined,
): Selection {
  const changes = overridesOf(config, overrides, environment);
  const chosen = [...new Set((names.length === 0 ? ['default'] : names).flatMap((name) => expandName(config, name)))];
  const resolved = new Map<string, Target>();
  const selected = new Map<string, SelectedTarget>();
  const add = (name: string, trail: readonly string[]): void => {
    if (selected.has(name)) {
      return;
    }
    const target = resolve(config, name, changes, resolved, []);
    const depends = dependencies(target);
    for (const [context, other] of depends) {
      const field = target.fields.get('contexts');
      const at = field?.at ?? target.at;
      if (other === name || trail.includes(other)) {
        throw invalidAt(at, `The target ${name} depends on itself: ${[...trail, name, other].join(' → ')}.`);
      }
      if (!config.targets.has(other)) {
        throw invalidAt(at, `There is no target "${other}", which ${name} uses as ${context}.`, known(config, other));
      }
      if (trail.length > maxDepth) {
        throw invalidAt(at, `Targets depend on each other more than ${maxDepth} times.`);
      }
      add(other, [...trail, name]);
    }
    selected.set(name, { ...target, depends });
  };
  for (const name of chosen) {
    add(name, []);
  }
  return { targets: [...selected.values()], chosen };
}

function known(config: BakeConfig, name: string): string {
  return suggestKnownName(name, [...config.groups.keys(), ...config.targets.keys()], 'The files describe no target.');
}

/** The targets of a name, a group or a pattern. */
function expandName(config: BakeConfig, name: string, visited: readonly string[] = []): string[] {
  const group = config.groups.get(name);
  if (group) {
    // groups may contain each other; each is read once
    return visited.includes(name) || visited.length > maxDepth
      ? []
      : [...new Set(group.targets.flatMap((each) => expandName(config, each, [...visited, name])))];
  }
  if (config.targets.has(name)) {
    return [name];
  }
  const matching = /[*?[]/.test(name)
    ? [...config.groups.keys(), ...config.targets.keys()].filter((each) => matches(name, each))
    : [];
  if (matching.length === 0) {
    const [parent] = visited.slice(-1);
    throw fail(
      'recipe.invalid',
      parent === undefined
        ? `There is no target "${name}".`
        : `There is no target "${name}", which the group ${parent} names.`,
      known(config, name),
    );
  }
  return matching.flatMap((each) => (visited.includes(each) ? [] : expandName(config, each, [...visited, name])));
}

/** `*`, `?` and `[…]`, as patterns of file names have them. */
function matches(pattern: string, name: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll(/\*+/g, '.*')
    .replaceAll('?', '.');
  try {
    return pattern.length <= 200 && new RegExp(`^${source}$`).test(name);
  } catch {
    return false;
  }
}

function resolve(
  config: BakeConfig,
  name: string,
  changes: ReadonlyMap<string, readonly Override[]>,
  resolved: Map<string, Target>,
  trail: readonly string[],
): Target {
  const done = resolved.get(name);
  if (done) {
    return done;
  }
  const target = config.targets.get(name);
  if (!target) {
    throw fail('recipe.invalid', `There is no target "${name}".`, known(config, name));
  }
  if (trail.includes(name) || trail.length > maxDepth) {
    throw invalidAt(target.at, `The target ${name} inherits itself: ${[...trail, name].join(' → ')}.`);
  }
  const inherits = target.fields.get('inherits');
  let fields: ReadonlyMap<FieldName, Field> = new Map();
  for (const parent of Array.isArray(inherits?.value) ? inherits.value : []) {
    if (!config.targets.has(parent)) {
      throw invalidAt(
        inherits?.at ?? target.at,
        `There is no target "${parent}", which ${name} inherits.`,
        known(config, parent),
      );
    }
    fields = mergeFields(fields, resolve(config, parent, changes, resolved, [...trail, name]).fields);
  }
  const merged = applyOverrides(mergeFields(fields, target.fields), changes.get(name) ?? []);
  merged.delete('inherits');
  const result = { ...target, fields: merged };
  resolved.set(name, result);
  return result;
}

function dependencies({ fields }: Target): Map<string, string> {
  const contexts = fields.get('contexts')?.value;
  const entries = contexts instanceof Map ? [...contexts] : [];
  return new Map(
    entries.flatMap(([name, value]): [string, string][] =>
      value.startsWith('target:') ? [[name, value.slice('target:'.length)]] : [],
    ),
  );
}

interface Override {
  readonly field: FieldName;
  readonly key?: string;
  readonly value: string;
  readonly adds: boolean;
  readonly text: string;
}

/** Names of `--set` that differ from those of the fields. */
const otherNames: Readonly<Record<string, FieldName>> = { platform: 'platforms', secrets: 'secret' };

function overridesOf(config: BakeConfig, texts: readonly string[], environment: Environment): Map<string, Override[]> {
  const all = new Map<string, Override[]>();
  for (const text of texts) {
    const [, pattern = '', path = '', plus, given] = /^([^.=]+)\.([^=]+?)(\+?)(?:=(.*))?$/s.exec(text) ?? [];
    const [, argument] = /^args\.(.+)$/s.exec(path) ?? [];
    const value = given ?? (argument === undefined ? undefined : environment(argument));
    if (value === undefined && argument !== undefined) {
      continue;
    }
    if (value === undefined) {
      throw fail(
        'input.invalid',
        `--set "${text}" changes nothing.`,
        'Use TARGET.FIELD=VALUE, for example app.args.VERSION=1.4.',
      );
    }
    const targets = [...config.targets.keys()].filter((name) => name === pattern || matches(pattern, name));
    if (targets.length === 0) {
      throw fail('input.invalid', `--set "${text}": there is no target "${pattern}".`, known(config, pattern));
    }
    const [name = '', ...rest] = path.split('.');
    const field = otherNames[name] ?? fieldName(name, { file: `--set ${text}`, line: 1 });
    if ((targetFields[field].kind === 'map') !== rest.length > 0 || field === 'inherits') {
      throw fail(
        'input.invalid',
        `--set "${text}" is not valid.`,
        `Use TARGET.${field}${targetFields[field].kind === 'map' ? '.KEY' : ''}=VALUE.`,
      );
    }
    const override: Override = {
      field,
      ...(rest.length > 0 ? { key: rest.join('.') } : {}),
      value,
      adds: plus === '+',
      text,
    };
    for (const target of targets) {
      all.set(target, [...(all.get(target) ?? []), override]);
    }
  }
  return all;
}

function applyOverrides(fields: ReadonlyMap<FieldName, Field>, overrides: readonly Override[]): Map<FieldName, Field> {
  const result = new Map(fields);
  const replaced = new Set<FieldName>();
  for (const { field, key, value, adds, text } of overrides) {
    const at = { file: `--set ${text}`, line: 1 };
    const before = result.get(field)?.value;
    if (key !== undefined) {
      result.set(field, { value: new Map([...(before instanceof Map ? before : []), [key, value]]), at });
      continue;
    }
    const { kind } = targetFields[field];
    if (kind !== 'list' && kind !== 'entries') {
      const decoded = decodeField(field, value, at);
      if (decoded) {
        result.set(field, decoded);
      }
      continue;
    }
    // several texts for one list are its items
    const keeps = adds || replaced.has(field);
    replaced.add(field);
    const items = field === 'platforms' ? value.split(',') : [value];
    result.set(field, { value: [...new Set([...(keeps && Array.isArray(before) ? before : []), ...items])], at });
  }
  return result;
}
