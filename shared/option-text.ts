/** Reads the values of options from texts that people write. */
import { type BuildOption, choicesOf, type OptionName, optionRow, problemOf } from './build-options.ts';
import { parsePlatform } from './platform.ts';
import { fail } from './problem.ts';

const units: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** `64m`, `1.5 GiB`, `-1` or a number of bytes → bytes. Undefined if it is not a size. */
export function parseBytes(text: string): number | undefined {
  const [, number = '', unit = 'b'] = /^\s*(-?\d+(?:\.\d+)?)\s*(?:([bkmgt])(?:i?b)?)?\s*$/i.exec(text) ?? [];
  return number === '' ? undefined : Math.round(Number(number) * (units[unit.toLowerCase()] ?? 1));
}

/** The shortest text that {@link parseBytes} reads as this number. */
export function bytesText(bytes: number): string {
  const unit = ['t', 'g', 'm', 'k'].find((each) => bytes > 0 && bytes % (units[each] ?? 1) === 0);
  return unit === undefined ? String(bytes) : `${bytes / (units[unit] ?? 1)}${unit}`;
}

export interface TextContext {
  /** The flag or field that the text was given to, as problems name it. */
  readonly name: string;
  /** The value of a pair without one. Undefined leaves the pair out. */
  readonly environment?: (key: string) => string | undefined;
}

/**
 * The value of an option after one more text was given for it. Lists and pairs grow.
 * @throws Failure `input.invalid`
 */
export function readOptionText(
  option: OptionName,
  text: string,
  previous: unknown,
  { name, environment = () => undefined }: TextContext,
): unknown {
  const row = optionRow(option);
  switch (row.kind) {
    case 'switch':
      return readOneOf(['true', 'false'], text, name) === 'true';
    case 'choice':
      return readOneOf(choicesOf(option), text, name);
    case 'number':
      return readNumber(row, /^\s*-?\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined, text, name);
    case 'bytes':
      return readNumber(row, parseBytes(text), text, name);
    case 'list': {
      const words = row.separator === undefined ? [text] : text.split(row.separator).map((word) => word.trim());
      const items = words.filter((word) => word !== '').map((word) => checkText(row, word, name));
      return [...new Set([...(Array.isArray(previous) ? previous : []), ...items])];
    }
    case 'pairs':
      return { ...(isRecord(previous) ? previous : {}), ...readPair(row, text, { name, environment }) };
    default:
      return checkText(row, text, name);
  }
}

function readOneOf(words: readonly string[], text: string, name: string): string {
  if (!words.includes(text)) {
    throw fail(
      'input.invalid',
      `"${text}" is not a valid value of ${name}.`,
      words.length === 2 ? `Use ${words.join(' or ')}.` : `Use one of: ${words.join(', ')}.`,
    );
  }
  return text;
}

function readNumber({ rule, kind }: BuildOption, value: number | undefined, text: string, name: string): number {
  const { min, max = Number.MAX_SAFE_INTEGER, hasFractions } = rule && 'min' in rule ? rule : { min: 0 };
  if (value === undefined || !(value >= min && value <= max) || !(hasFractions || Number.isInteger(value))) {
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    throw fail(
      'input.invalid',
      `"${text}" is not a valid value of ${name}.`,
      kind === 'bytes' ? 'Use a size, for example 512m or 2g.' : `Use a number ${range}.`,
    );
  }
  return value;
}

function checkText({ rule }: BuildOption, text: string, name: string): string {
  const found = rule && !('min' in rule) ? problemOf(rule, text) : undefined;
  if (found) {
    throw fail('input.invalid', `${name}: "${text}" ${found.problem}.`, found.fix);
  }
  return text;
}

function readPair(
  row: BuildOption,
  text: string,
  { name, environment }: Required<TextContext>,
): Record<string, string> {
  const equals = text.indexOf('=');
  const key = equals < 0 ? text : text.slice(0, equals);
  if (key === '') {
    throw fail('input.invalid', `${name} "${text}" has no key.`, `Use ${usage(row, name)}.`);
  }
  if (equals < 0 && row.bareValue === undefined) {
    throw fail('input.invalid', `${name} "${text}" has no value.`, `Use ${usage(row, name)}.`);
  }
  const value = equals >= 0 ? text.slice(equals + 1) : row.bareValue === 'empty' ? '' : environment(key);
  return value === undefined ? {} : { [row.keys === 'platform' ? readPlatform(key, name) : key]: value };
}

function readPlatform(text: string, name: string): string {
  const platform = parsePlatform(text);
  if (!platform) {
    throw fail('input.invalid', `${name}: "${text}" is not a platform.`, 'Use os/arch, for example linux/arm64.');
  }
  return platform;
}

/** `--build-arg KEY[=VALUE]` */
function usage({ flag = '' }: BuildOption, name: string): string {
  const [value = 'VALUE'] = /(?<=[<[]).*(?=[>\]]$)/.exec(flag) ?? [];
  return `${name} ${value}`.trim();
}

function isRecord(value: unknown): value is Record<string, string> {
  return typeof value === 'object' && value !== null;
}
