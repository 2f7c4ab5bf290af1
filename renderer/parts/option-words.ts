/** How the window names an option and shows its value, from the table of options. */

import { isChanged, type OptionValues, optionRow, type RequestOptionName } from '../../shared/build-options.ts';
import { bytesText } from '../../shared/option-text.ts';
import { wordOf } from '../../shared/words.ts';

export function optionLabel(name: RequestOptionName): string {
  const row = optionRow(name);
  return row.label ?? asSentence(row.name);
}

/** What is below its field. */
export function optionHint(name: RequestOptionName): string {
  const { hint, help } = optionRow(name);
  return hint ?? `${asSentence(help)}.`;
}

/** The flag that says the same in the terminal, such as `--shm-size`. Some choices have one each. */
export function optionFlag(name: RequestOptionName, value?: unknown): string | undefined {
  const { flag, choices } = optionRow(name);
  const text = flag ?? choices?.find((choice) => choice.value === value)?.flag;
  return text && /--[a-z-]+/.exec(text)?.[0];
}

function asSentence(text: string): string {
  return text.replace(/^./, (letter) => letter.toUpperCase());
}

/** A value as lines to read. Lists, pairs, secrets and SSH agents have one for each entry. */
export function optionValueLines(name: RequestOptionName, value: unknown): string[] {
  const { kind, choices } = optionRow(name);
  if (kind === 'switch') {
    return [wordOf(value ? 'on' : 'off')];
  }
  if (kind === 'bytes' && typeof value === 'number') {
    return [bytesText(value)];
  }
  if (Array.isArray(value)) {
    return value.map(entryText);
  }
  if (isRecord(value)) {
    return Object.entries(value).map(([key, text]) => `${key}=${text}`);
  }
  return [choices?.find((choice) => choice.value === value)?.label ?? String(value)];
}

/** An entry of a list: text, a mapped folder, a secret or an SSH agent. */
function entryText(entry: unknown): string {
  if (!isRecord(entry)) {
    return String(entry);
  }
  const { id, source, from, to } = entry;
  return id === undefined ? `${from}:${to}` : `${id} ${sourceText(source)}`;
}

function sourceText(source: unknown): string {
  const { kind, path, name, socket, paths } = isRecord(source) ? source : {};
  switch (kind) {
    case 'file':
      return `from ${path}`;
    case 'env':
      return `from the variable ${name}`;
    case 'typed':
      return wordOf('typed');
    case 'keys':
      return `with ${Array.isArray(paths) ? paths.join(', ') : 'keys'}`;
    default:
      return socket === undefined ? 'with the SSH agent' : `with the SSH agent at ${socket}`;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

export interface NamedOption {
  readonly name: RequestOptionName;
  readonly label: string;
  readonly flag: string | undefined;
  readonly lines: readonly string[];
}

/** The values that differ from the defaults, in the order of the table. */
export function changedValues(values: OptionValues, names: readonly RequestOptionName[]): NamedOption[] {
  return names
    .filter((name) => isChanged(name, values[name]))
    .map((name) => ({
      name,
      label: optionLabel(name),
      flag: optionFlag(name, values[name]),
      lines: optionValueLines(name, values[name]),
    }));
}
