/** The functions of HCL that bake files may call, as buildx has them. What is missing is refused by its name. */
import { createHash, randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import { runInNewContext } from 'node:vm';
import { isEqual, isList, isObject, jsonOf, kindOf, textOf, type Value, valueOfJson } from './value.ts';

/** What is wrong with the arguments of a call. */
export class ArgumentError extends Error {}

type Arguments = readonly Value[];
type HclFunction = (args: Arguments, budget: PatternBudget) => Value;

/** Lists that functions make may have as many items. */
const maxItems = 10_000;
const maxTextLength = 1024 * 1024;
/** Patterns come from the project; some would take forever. In milliseconds, for one. */
const maxPatternMs = 200;

/** The time for all patterns of the files that are read as one. */
export class PatternBudget {
  leftMs = 2_000;
}

function text(args: Arguments, index: number): string {
  const found = args[index];
  const value = found === undefined ? undefined : textOf(found);
  if (value === undefined) {
    throw new ArgumentError(`argument ${index + 1} has to be a text, not ${kindOf(found ?? null)}`);
  }
  return value;
}

function number(args: Arguments, index: number): number {
  const value = args[index];
  const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof parsed !== 'number' || !Number.isFinite(parsed)) {
    throw new ArgumentError(`argument ${index + 1} has to be a number, not ${kindOf(value ?? null)}`);
  }
  return parsed;
}

function boolean(args: Arguments, index: number): boolean {
  const value = args[index];
  if (typeof value === 'boolean') {
    return value;
  }
  if (value === 'true' || value === 'false') {
    return value === 'true';
  }
  throw new ArgumentError(`argument ${index + 1} has to be true or false, not ${kindOf(value ?? null)}`);
}

function list(args: Arguments, index: number): readonly Value[] {
  const value = args[index] ?? null;
  if (!isList(value)) {
    throw new ArgumentError(`argument ${index + 1} has to be a list, not ${kindOf(value)}`);
  }
  return value;
}

function object(args: Arguments, index: number): ReadonlyMap<string, Value> {
  const value = args[index] ?? null;
  if (!isObject(value)) {
    throw new ArgumentError(`argument ${index + 1} has to be an object, not ${kindOf(value)}`);
  }
  return value;
}

function sortedKeys(value: ReadonlyMap<string, Value>): string[] {
  return [...value.keys()].sort();
}

function distinct(values: readonly Value[]): Value[] {
  const seen = new Set<string>();
  return values.filter((value) => {
    const key = jsonOf(value);
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}

function flatten(values: readonly Value[]): Value[] {
  return values.flatMap((value) => (isList(value) ? flatten(value) : [value]));
}

function limited<T>(items: T[]): T[] {
  if (items.length > maxItems) {
    throw new ArgumentError(`it makes more than ${maxItems} items`);
  }
  return items;
}

function hash(algorithm: string): HclFunction {
  return (args) => createHash(algorithm).update(text(args, 0)).digest('hex');
}

/** All matches of a pattern in Go's syntax. */
function matches(args: Arguments, budget: PatternBudget): RegExpMatchArray[] {
  return runPattern(text(args, 0), '[...input.matchAll(pattern)]', { input: text(args, 1) }, budget);
}

function runPattern<T>(
  pattern: string,
  code: string,
  context: Readonly<Record<string, unknown>>,
  budget: PatternBudget,
): T {
  const startMs = performance.now();
  const [, flags = '', body = ''] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(pattern) ?? [];
  try {
    const compiled = new RegExp(body.replaceAll('(?P<', '(?<'), `g${flags}`);
    const timeout = Math.max(1, Math.min(maxPatternMs, Math.floor(budget.leftMs)));
    if (budget.leftMs <= 0) {
      throw new Error('all patterns of the file together take too long');
    }
    return runInNewContext(code, { ...context, pattern: compiled }, { timeout });
  } catch (error) {
    throw new ArgumentError(
      `the pattern ${pattern.slice(0, 200)} is not valid or takes too long: ${String(error).slice(0, 200)}`,
    );
  } finally {
    budget.leftMs -= performance.now() - startMs;
  }
}

/** What `regex` returns of a match: the whole, the groups as a list, or the named groups as an object. */
function groupsOf(match: RegExpMatchArray): Value {
  if (match.groups) {
    return new Map(Object.entries(match.groups).map(([name, value]): [string, Value] => [name, value ?? null]));
  }
  return match.length === 1 ? match[0] : match.slice(1).map((group): Value => group ?? null);
}

/** Verbs of Go's formatting: %s %d %v %q %f %t %x %j %%, with a width and precision. */
function format(args: Arguments): string {
  let next = 1;
  return text(args, 0).replace(
    /%([-+ 0#]*)(\d{0,3})(?:\.(\d{0,3}))?(?:\[(\d+)\])?([a-zA-Z%])/g,
    (_, flags, width, precision, position, verb) => {
      if (verb === '%') {
        return '%';
      }
      const index = position === undefined ? next : Number(position);
      next = index + 1;
      const plain = formatted(args, index, verb, precision);
      const signed = flags.includes('+') && /^\d/.test(plain) ? `+${plain}` : plain;
      const size = Number(width || 0);
      return flags.includes('-') ? signed.padEnd(size) : signed.padStart(size, flags.includes('0') ? '0' : ' ');
    },
  );
}

function formatted(args: Arguments, index: number, verb: string, precision: string | undefined): string {
  const value = args[index];
  if (value === undefined) {
    throw new ArgumentError(`%${verb} has no argument`);
  }
  switch (verb) {
    case 'd':
      return String(Math.trunc(number(args, index)));
    case 'f':
      return number(args, index).toFixed(Math.min(Number(precision ?? 6), 20));
    case 'x':
      return typeof value === 'number' ? value.toString(16) : Buffer.from(text(args, index)).toString('hex');
    case 't':
      return String(boolean(args, index));
    case 'q':
      return JSON.stringify(text(args, index));
    case 's':
      return precision === undefined ? text(args, index) : text(args, index).slice(0, Number(precision));
    case 'v':
      return textOf(value) ?? jsonOf(value);
    case 'j':
      return jsonOf(value);
    default:
      throw new ArgumentError(`%${verb} is not supported`);
  }
}

function formatList(args: Arguments): Value {
  const length = Math.max(0, ...args.slice(1).map((arg) => (isList(arg) ? arg.length : 0)));
  let total = 0;
  return Array.from({ length }, (_, row) => {
    const line = format(args.map((arg, index) => (index > 0 && isList(arg) ? (arg[row] ?? null) : arg)));
    total += line.length;
    if (total > maxTextLength) {
      throw new ArgumentError('the texts get too long');
    }
    return line;
  });
}

function range(args: Arguments): Value {
  const [start, end] = args.length === 1 ? [0, number(args, 0)] : [number(args, 0), number(args, 1)];
  const step = args.length > 2 ? number(args, 2) : end < start ? -1 : 1;
  const length = step === 0 ? Number.POSITIVE_INFINITY : Math.max(0, Math.ceil((end - start) / step));
  if (length > maxItems) {
    throw new ArgumentError(`it makes more than ${maxItems} items`);
  }
  return Array.from({ length }, (_, index) => start + index * step);
}

function setProduct(args: Arguments): Value {
  const length = args.reduce<number>((product, _, index) => product * list(args, index).length, 1);
  if (length > maxItems) {
    throw new ArgumentError(`it makes more than ${maxItems} items`);
  }
  return args.reduce<Value[][]>(
    (rows, _, index) => rows.flatMap((row) => list(args, index).map((item) => [...row, item])),
    [[]],
  );
}

function slice(args: Arguments): Value {
  return list(args, 0).slice(number(args, 1), number(args, 2));
}

function substring(args: Arguments): string {
  const letters = [...text(args, 0)];
  const offset = number(args, 1);
  const start = offset < 0 ? letters.length + offset : offset;
  const length = number(args, 2);
  return letters.slice(start, length < 0 ? undefined : start + length).join('');
}

function trimOf(value: string, letters: string): string {
  const set = new Set(letters);
  const all = [...value];
  const start = all.findIndex((letter) => !set.has(letter));
  const end = all.findLastIndex((letter) => !set.has(letter));
  return start < 0 ? '' : all.slice(start, end + 1).join('');
}

function jsonDecode(args: Arguments): Value {
  try {
    return valueOfJson(JSON.parse(text(args, 0)));
  } catch (error) {
    throw error instanceof ArgumentError ? error : new ArgumentError('the text is not JSON');
  }
}

function length(args: Arguments): Value {
  const [value = null] = args;
  return isObject(value) ? value.size : list(args, 0).length;
}

function replace(args: Arguments): string {
  const input = text(args, 0);
  const parts = input.split(text(args, 1));
  const by = text(args, 2);
  if (input.length + parts.length * by.length > maxTextLength) {
    throw new ArgumentError('the text gets too long');
  }
  return parts.join(by);
}

function replacePattern(args: Arguments, budget: PatternBudget): string {
  const by = text(args, 2).replace(/\$\{(\w+)\}/g, (_, name: string) =>
    /^\d+$/.test(name) ? `$${name}` : `$<${name}>`,
  );
  return runPattern(text(args, 1), 'input.replace(pattern, by)', { input: text(args, 0), by }, budget);
}

function lookup(args: Arguments): Value {
  const found = object(args, 0).get(text(args, 1));
  if (found === undefined && args.length < 3) {
    throw new ArgumentError(`there is no key "${text(args, 1)}"`);
  }
  return found ?? args[2] ?? null;
}

function element(args: Arguments): Value {
  const items = list(args, 0);
  if (items.length === 0) {
    throw new ArgumentError('the list is empty');
  }
  const index = Math.trunc(number(args, 1));
  return items[((index % items.length) + items.length) % items.length] ?? null;
}

function indexOf(args: Arguments): Value {
  const searched = args[1] ?? null;
  const found = list(args, 0).findIndex((item) => isEqual(item, searched));
  if (found < 0) {
    throw new ArgumentError('the item is not in the list');
  }
  return found;
}

function hasIndex(args: Arguments): Value {
  const [value = null, key = null] = args;
  return isList(value)
    ? typeof key === 'number' && key >= 0 && key < value.length
    : object(args, 0).has(textOf(key) ?? '');
}

function chunk(args: Arguments): Value {
  const items = list(args, 0);
  const size = Math.max(1, number(args, 1));
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

function indent(args: Arguments): string {
  const spaces = ' '.repeat(Math.min(Math.max(0, number(args, 0)), 1000));
  return text(args, 1).replaceAll('\n', `\n${spaces}`);
}

function firstOf(args: Arguments): Value {
  const found = args.find((value) => value !== null);
  if (found === undefined) {
    throw new ArgumentError('all arguments are null');
  }
  return found;
}

const isIn = (values: readonly Value[], searched: Value): boolean => values.some((value) => isEqual(value, searched));
const comparable = (args: Arguments, compare: (one: number, other: number) => boolean): Value =>
  compare(number(args, 0), number(args, 1));

// cspell:disable
const functions: ReadonlyMap<string, HclFunction> = new Map<string, HclFunction>(
  Object.entries({
    absolute: (args) => Math.abs(number(args, 0)),
    add: (args) => number(args, 0) + number(args, 1),
    and: (args) => boolean(args, 0) && boolean(args, 1),
    base64decode: (args) => Buffer.from(text(args, 0), 'base64').toString('utf8'),
    base64encode: (args) => Buffer.from(text(args, 0)).toString('base64'),
    basename: (args) => posix.basename(text(args, 0)),
    byteslen: (args) => Buffer.byteLength(text(args, 0)),
    ceil: (args) => Math.ceil(number(args, 0)),
    chomp: (args) => {
      const value = text(args, 0);
      let end = value.length;
      while (end > 0 && '\r\n'.includes(value[end - 1] ?? ' ')) {
        end -= 1;
      }
      return value.slice(0, end);
    },
    chunklist: chunk,
    coalesce: firstOf,
    coalescelist: (args) => args.find((value) => isList(value) && value.length > 0) ?? [],
    compact: (args) => list(args, 0).filter((value) => value !== '' && value !== null),
    concat: (args) => limited(args.flatMap((_, index) => [...list(args, index)])),
    contains: (args) => isIn(list(args, 0), args[1] ?? null),
    dirname: (args) => posix.dirname(text(args, 0)),
    distinct: (args) => distinct(list(args, 0)),
    divide: (args) => {
      if (number(args, 1) === 0) {
        throw new ArgumentError('it divides by zero');
      }
      return number(args, 0) / number(args, 1);
    },
    element,
    equal: (args) => isEqual(args[0] ?? null, args[1] ?? null),
    flatten: (args) => limited(flatten(list(args, 0))),
    floor: (args) => Math.floor(number(args, 0)),
    format,
    formatlist: formatList,
    greaterthan: (args) => comparable(args, (one, other) => one > other),
    greaterthanorequalto: (args) => comparable(args, (one, other) => one >= other),
    hasindex: hasIndex,
    indent,
    index: (args) => (isList(args[0] ?? null) ? element(args) : lookup(args)),
    indexof: indexOf,
    int: (args) => Math.trunc(number(args, 0)),
    join: (args) =>
      args
        .slice(1)
        .flatMap((_, index) => list(args, index + 1))
        .map((_, index, all) => text(all, index))
        .join(text(args, 0)),
    jsondecode: jsonDecode,
    jsonencode: (args) => jsonOf(args[0] ?? null),
    keys: (args) => sortedKeys(object(args, 0)),
    length,
    lessthan: (args) => comparable(args, (one, other) => one < other),
    lessthanorequalto: (args) => comparable(args, (one, other) => one <= other),
    lookup,
    lower: (args) => text(args, 0).toLowerCase(),
    max: (args) => Math.max(...args.map((_, index) => number(args, index))),
    md5: hash('md5'),
    merge: (args) => new Map(args.flatMap((arg, index) => (arg === null ? [] : [...object(args, index)]))),
    min: (args) => Math.min(...args.map((_, index) => number(args, index))),
    modulo: (args) => number(args, 0) % number(args, 1),
    multiply: (args) => number(args, 0) * number(args, 1),
    negate: (args) => -number(args, 0),
    not: (args) => !boolean(args, 0),
    notequal: (args) => !isEqual(args[0] ?? null, args[1] ?? null),
    or: (args) => boolean(args, 0) || boolean(args, 1),
    parseint: (args) => Number.parseInt(text(args, 0), number(args, 1)),
    pow: (args) => number(args, 0) ** number(args, 1),
    range,
    regex: (args, budget) => {
      const [match] = matches(args, budget);
      if (!match) {
        throw new ArgumentError('the pattern does not match');
      }
      return groupsOf(match);
    },
    regex_replace: replacePattern,
    regexall: (args, budget) => limited(matches(args, budget).map(groupsOf)),
    replace,
    reverse: (args) => [...text(args, 0)].reverse().join(''),
    reverselist: (args) => [...list(args, 0)].reverse(),
    sanitize: (args) => text(args, 0).replaceAll(/[^a-zA-Z0-9_-]/g, '_'),
    sethaselement: (args) => isIn(list(args, 0), args[1] ?? null),
    setintersection: (args) => {
      const sets = args.map((_, index) => new Set(list(args, index).map(jsonOf)));
      return distinct(list(args, 0)).filter((item) => sets.every((set) => set.has(jsonOf(item))));
    },
    setproduct: setProduct,
    setsubtract: (args) => {
      const others = new Set(list(args, 1).map(jsonOf));
      return distinct(list(args, 0)).filter((item) => !others.has(jsonOf(item)));
    },
    setunion: (args) => distinct(args.flatMap((_, index) => [...list(args, index)])),
    sha1: hash('sha1'),
    sha256: hash('sha256'),
    sha512: hash('sha512'),
    signum: (args) => Math.sign(number(args, 0)),
    slice,
    sort: (args) =>
      list(args, 0)
        .map((_, index, all) => text(all, index))
        .sort(),
    split: (args) => limited(text(args, 1).split(text(args, 0))),
    strlen: (args) => [...text(args, 0)].length,
    substr: substring,
    subtract: (args) => number(args, 0) - number(args, 1),
    timestamp: () => new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    title: (args) =>
      text(args, 0).replace(/(^|\s)(\S)/g, (_, space: string, letter: string) => space + letter.toUpperCase()),
    trim: (args) => trimOf(text(args, 0), text(args, 1)),
    trimprefix: (args) =>
      text(args, 0).startsWith(text(args, 1)) ? text(args, 0).slice(text(args, 1).length) : text(args, 0),
    trimspace: (args) => text(args, 0).trim(),
    trimsuffix: (args) =>
      text(args, 1) !== '' && text(args, 0).endsWith(text(args, 1))
        ? text(args, 0).slice(0, -text(args, 1).length)
        : text(args, 0),
    upper: (args) => text(args, 0).toUpperCase(),
    urlencode: (args) => encodeURIComponent(text(args, 0)).replaceAll('%20', '+'),
    uuidv4: () => randomUUID(),
    values: (args) => sortedKeys(object(args, 0)).map((key) => object(args, 0).get(key) ?? null),
    zipmap: (args) =>
      new Map(list(args, 0).map((_, index, all): [string, Value] => [text(all, index), list(args, 1)[index] ?? null])),
  } satisfies Record<string, HclFunction>),
);

/** Functions of buildx that are not computed here. */
export const missingFunctions: ReadonlySet<string> = new Set(
  'bcrypt bytesslice cidrhost cidrnetmask cidrsubnet cidrsubnets convert csvdecode formatdate formattimestamp homedir log rsadecrypt semvercmp setsymmetricdifference timeadd unixtimestampparse uuidv5'.split(
    ' ',
  ),
);

// cspell:enable

export const functionNames: readonly string[] = [...functions.keys(), 'try', 'can'];

/** @throws ArgumentError; undefined if there is no such function */
export function callFunction(name: string, args: Arguments, budget: PatternBudget): Value | undefined {
  try {
    return functions.get(name)?.(args, budget);
  } catch (error) {
    throw error instanceof RangeError ? new ArgumentError('it makes more than a build can use') : error;
  }
}
