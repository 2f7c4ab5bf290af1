/** The options of a build while they are edited. Nothing here changes what it gets. */
import {
  defaultOf,
  isChanged,
  type OptionValues,
  optionRow,
  type RequestOptionName,
  requestOptionNames,
} from '../../../../shared/build-options.ts';
import { bytesText, readOptionText } from '../../../../shared/option-text.ts';
import { problemOf } from '../../../../shared/problem.ts';
import { optionLabel } from '../../../parts/option-words.ts';
import {
  isSourceOption,
  type SourceKind,
  type SourceOption,
  sourceErrors,
  sourceOf,
  toSourceRows,
} from './source-rows.ts';

/** A pair in the form. Names may be equal or empty while they are edited, so `id` identifies it. */
export interface KeyValue {
  readonly id: number;
  readonly name: string;
  readonly value: string;
  /** True if its name was entered and not taken from an ARG of the Containerfile. */
  readonly isCustom?: boolean;
  /** Of a secret or an SSH agent: where it comes from. */
  readonly source?: SourceKind;
}

/** What is typed for an option: a text, which has a line for each value of a list, or the rows of pairs or sources. */
export type OptionEntry = string | readonly KeyValue[];

export interface OptionDraft {
  /** The valid values that differ from the defaults. */
  readonly options: OptionValues;
  /** What was typed, as it was typed. Values that are not valid are only here. */
  readonly entries: Readonly<Partial<Record<RequestOptionName, OptionEntry>>>;
}

export const noOptions: OptionDraft = { options: {}, entries: {} };

/** The options that the form has. */
export const formOptions: readonly RequestOptionName[] = requestOptionNames.filter(
  (name) => !optionRow(name).isElsewhere,
);

/** The value of an option, or its default. */
export function optionValue(options: OptionValues, name: RequestOptionName): unknown {
  return options[name] ?? defaultOf(name);
}

/** Sets the value of an option. */
export function setOption({ options, entries }: OptionDraft, name: RequestOptionName, value: unknown): OptionDraft {
  const { [name]: _, ...otherEntries } = entries;
  return { options: withValue(options, name, value), entries: otherEntries };
}

export function setOptions(draft: OptionDraft, values: OptionValues): OptionDraft {
  return requestOptionNames
    .filter((name) => Object.hasOwn(values, name))
    .reduce((rest, name) => setOption(rest, name, values[name]), draft);
}

/** Sets what is typed for an option, and its value if that is valid. */
export function enterOption(
  { options, entries }: OptionDraft,
  name: RequestOptionName,
  entry: OptionEntry,
): OptionDraft {
  return { options: withValue(options, name, readEntry(name, entry).value), entries: { ...entries, [name]: entry } };
}

function withValue(options: OptionValues, name: RequestOptionName, value: unknown): OptionValues {
  const { [name]: _, ...others } = options;
  return isChanged(name, value) ? { ...others, [name]: value } : others;
}

/** What the field of an option has. */
export function entryOf({ options, entries }: OptionDraft, name: RequestOptionName): OptionEntry {
  return entries[name] ?? toEntry(name, options[name]);
}

/** The rows of pairs, secrets or SSH agents. */
export function rowsOf(draft: OptionDraft, name: RequestOptionName): readonly KeyValue[] {
  const entry = entryOf(draft, name);
  return typeof entry === 'string' ? [] : entry;
}

function toEntry(name: RequestOptionName, value: unknown): OptionEntry {
  const { kind } = optionRow(name);
  if (isSourceOption(kind)) {
    return toSourceRows(Array.isArray(value) ? value : []);
  }
  if (kind === 'pairs' || kind === 'mappings') {
    return toPairs(value).map(([key, text], index) => ({ id: index + 1, name: key, value: text }));
  }
  if (Array.isArray(value)) {
    return value.join('\n');
  }
  return value === undefined ? '' : kind === 'bytes' ? bytesText(Number(value)) : String(value);
}

/** Mappings are a list, since a folder can be mapped more than once. */
function toPairs(value: unknown): [string, string][] {
  return Array.isArray(value)
    ? value.map(({ from, to }: { from: string; to: string }) => [from, to])
    : Object.entries(value ?? {}).map(([key, text]) => [key, String(text)]);
}

export interface ReadEntry {
  /** Undefined if nothing is entered, or if it is not valid. */
  readonly value?: unknown;
  /** Why it is not valid, as sentences. */
  readonly error?: string;
  /** The rows that are not valid, by their ids. */
  readonly rowErrors?: ReadonlyMap<number, string>;
}

export function readEntry(name: RequestOptionName, entry: OptionEntry): ReadEntry {
  const { kind } = optionRow(name);
  if (typeof entry !== 'string') {
    return isSourceOption(kind) ? readSources(kind, entry) : readRows(name, entry);
  }
  const texts = kind === 'list' ? entry.split('\n') : [entry];
  let value: unknown;
  try {
    for (const text of texts.map((each) => each.trim()).filter(Boolean)) {
      value = readOptionText(name, text, value, { name: optionLabel(name) });
    }
    return { value };
  } catch (error) {
    return { error: errorText(name, error) };
  }
}

function readRows(name: RequestOptionName, rows: readonly KeyValue[]): ReadEntry {
  const isMapping = optionRow(name).kind === 'mappings';
  const rowErrors = new Map<number, string>();
  let value: unknown;
  for (const row of rows) {
    const error = keyValueError(row, rows, !isMapping);
    if (error !== undefined) {
      rowErrors.set(row.id, error);
    } else if (row.name !== '') {
      try {
        value = isMapping
          ? [...(Array.isArray(value) ? value : []), { from: row.name, to: row.value }]
          : readOptionText(name, `${row.name}=${row.value}`, value, { name: optionLabel(name) });
      } catch (problem) {
        rowErrors.set(row.id, errorText(name, problem));
      }
    }
  }
  const [error] = rowErrors.values();
  return error === undefined ? { value } : { error, rowErrors };
}

function readSources(kind: SourceOption, rows: readonly KeyValue[]): ReadEntry {
  const rowErrors = new Map(
    rows.flatMap((row) => {
      const { name, value } = sourceErrors(kind, row, rows);
      const error = name ?? value;
      return error === undefined ? [] : [[row.id, error] as const];
    }),
  );
  const [error] = rowErrors.values();
  if (error !== undefined) {
    return { error, rowErrors };
  }
  const sources = rows.flatMap((row) => sourceOf(kind, row) ?? []);
  return sources.length > 0 ? { value: sources } : {};
}

/** The message names the option, below whose field it is. */
function errorText(name: RequestOptionName, error: unknown): string {
  const { message, fix } = problemOf(error);
  const label = `${optionLabel(name)}: `;
  return `${message.startsWith(label) ? message.slice(label.length) : message} ${fix}`.trim();
}

/** @returns why a pair is not valid, as a sentence; undefined if it is valid */
export function keyValueError(
  { id, name, value }: KeyValue,
  all: readonly KeyValue[],
  isKey = true,
): string | undefined {
  if (name === '') {
    return value === '' ? undefined : 'Enter a name.';
  }
  if (!isKey) {
    return value === '' ? `Enter where ${name} is in the context.` : undefined;
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

/** The options of the form whose entries are not valid. */
export function invalidOptions({ entries }: OptionDraft): RequestOptionName[] {
  return formOptions.filter((name) => {
    const entry = entries[name];
    return entry !== undefined && readEntry(name, entry).error !== undefined;
  });
}

/** The options of the form that differ from their defaults, with those that are not valid. */
export function changedOptions(draft: OptionDraft): RequestOptionName[] {
  const invalid = invalidOptions(draft);
  return formOptions.filter((name) => isChanged(name, draft.options[name]) || invalid.includes(name));
}

/** Options and their entries as they were in another draft. */
export function restoreOptions(
  draft: OptionDraft,
  names: readonly RequestOptionName[],
  from: OptionDraft,
): OptionDraft {
  const pick = <T extends object>(before: T, now: T): T =>
    ({
      ...Object.fromEntries(Object.entries(now).filter(([name]) => !names.some((each) => each === name))),
      ...Object.fromEntries(Object.entries(before).filter(([name]) => names.some((each) => each === name))),
    }) as T;
  return { options: pick(from.options, draft.options), entries: pick(from.entries, draft.entries) };
}
