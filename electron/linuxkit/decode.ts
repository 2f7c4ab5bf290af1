/** YAML as Go's programs read it into their structures (`gopkg.in/yaml.v3`): unknown keys are refused, and types decide values. */
import { closest } from '../../shared/closest.ts';
import type { JsonNode } from '../recipes/hcl/syntax.ts';
import { invalidAt } from '../recipes/located.ts';

/** What a value is read as. `any`: what it looks like. */
export type Shape =
  | 'text'
  | 'switch'
  | 'number'
  | 'any'
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly fields: readonly Field[] };

/**
 * A field of a structure, in the order of its JSON. `presence`: it is in the JSON if it was given (`given`), if it is not empty
 * (`filled`), or always.
 */
export interface Field {
  readonly key: string;
  readonly shape: Shape;
  readonly presence: 'given' | 'filled' | 'always';
  /** Its name in JSON, if that is another one. */
  readonly name: string;
}

export function field(key: string, shape: Shape, presence: Field['presence'] = 'given', name = key): Field {
  return { key, shape, presence, name };
}

/** @param path what it is called in messages @throws Failure `recipe.invalid` with the line */
export function decode(node: JsonNode, shape: Shape, path: string): unknown {
  if (typeof shape === 'string') {
    return decodeScalar(node, shape, path);
  }
  if ('list' in shape) {
    if (node.kind !== 'list') {
      throw wrongKind(node, path, 'a list');
    }
    return node.items.map((item) => decode(item, shape.list, path));
  }
  if (node.kind !== 'object') {
    throw wrongKind(node, path, 'an object with keys');
  }
  if ('map' in shape) {
    const entries = node.entries.map(([key, value]): [string, unknown] => [
      key,
      decode(value, shape.map, `${path}.${key}`),
    ]);
    return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
  }
  return decodeFields(node, shape.fields, path);
}

function decodeFields(
  { entries }: Extract<JsonNode, { kind: 'object' }>,
  fields: readonly Field[],
  path: string,
): Record<string, unknown> {
  const known = fields.map(({ key }) => key);
  for (const [key, { at }] of entries) {
    if (!known.includes(key)) {
      const meant = closest(key, known);
      throw invalidAt(
        at,
        `${path === '' ? 'A LinuxKit package' : path} has no field "${key}".`,
        meant === undefined ? `Its fields are ${known.join(', ')}.` : `Did you mean ${meant}?`,
      );
    }
  }
  const decoded: [string, unknown][] = [];
  for (const { key, shape, presence, name } of fields) {
    const node = entries.find(([each]) => each === key)?.[1];
    const isGiven = node !== undefined && !(node.kind === 'scalar' && node.value === null);
    const value = isGiven ? decode(node, shape, path === '' ? key : `${path}.${key}`) : undefined;
    if (presence === 'always') {
      decoded.push([name, value ?? zeroOf(shape)]);
    } else if (value !== undefined && !(presence === 'filled' && isEmpty(value))) {
      decoded.push([name, value]);
    }
  }
  return Object.fromEntries(decoded);
}

function zeroOf(shape: Shape): unknown {
  switch (shape) {
    case 'text':
      return '';
    case 'number':
      return 0;
    case 'switch':
      return false;
    default:
      return typeof shape === 'object' && 'fields' in shape
        ? decodeFields({ kind: 'object', entries: [], at }, shape.fields, '')
        : null;
  }
}

const at = { file: '', line: 1 };

function isEmpty(value: unknown): boolean {
  return (
    value === '' ||
    value === 0 ||
    value === false ||
    (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
  );
}

function decodeScalar(node: JsonNode, shape: Extract<Shape, string>, path: string): unknown {
  if (node.kind !== 'scalar' || node.value === null) {
    if (shape === 'any' && node.kind === 'scalar') {
      return null;
    }
    throw wrongKind(node, path, shape === 'number' ? 'a number' : shape === 'switch' ? 'true or false' : 'a text');
  }
  const { value, source = String(value) } = node;
  switch (shape) {
    case 'text':
      // `0666` is a text where a text is wanted
      return typeof value === 'string' ? value : source;
    case 'switch': {
      const isOn = typeof value === 'boolean' ? value : switchWords.get(source.toLowerCase());
      if (isOn === undefined) {
        throw wrongKind(node, path, 'true or false');
      }
      return isOn;
    }
    case 'number': {
      const number = numberOf(source);
      if (number === undefined) {
        throw wrongKind(node, path, 'a number');
      }
      return number;
    }
    case 'any':
      return typeof value === 'number' ? (numberOf(source) ?? value) : value;
  }
}

/** The words of YAML 1.1. */
const switchWords: ReadonlyMap<string, boolean> = new Map([
  ...['y', 'yes', 'on', 'true'].map((word) => [word, true] as const),
  ...['n', 'no', 'off', 'false'].map((word) => [word, false] as const),
]);

function numberOf(source: string): number | undefined {
  const text = source.replaceAll('_', '');
  const [, sign = '', digits = ''] = /^([-+]?)(\d\w*)$/.exec(text) ?? [];
  const number = /^0[0-7]+$/.test(digits)
    ? Number(`0o${digits.slice(1)}`)
    : digits === ''
      ? Number.NaN
      : Number(digits);
  return Number.isSafeInteger(number) ? (sign === '-' ? -number : number) : undefined;
}

function wrongKind(node: JsonNode, path: string, wanted: string) {
  return invalidAt(node.at, `${path} must be ${wanted}.`);
}

/** As Go writes JSON: `<`, `>`, `&` and two line separators are escaped. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
