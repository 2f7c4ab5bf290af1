/** The values of HCL's expressions. Objects are maps, so that no key of a file can reach a prototype. */
export type Value = null | boolean | number | string | readonly Value[] | ReadonlyMap<string, Value>;

export function isObject(value: Value): value is ReadonlyMap<string, Value> {
  return value instanceof Map;
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** What a value is called in messages. */
export function kindOf(value: Value): string {
  if (value === null) {
    return 'null';
  }
  return isList(value) ? 'a list' : isObject(value) ? 'an object' : `a ${typeof value}`;
}

/** As HCL converts to text; undefined for null, lists and objects. */
export function textOf(value: Value): string | undefined {
  return value === null || typeof value === 'object' ? undefined : String(value);
}

/** A JSON value as a value. */
export function valueOfJson(json: unknown): Value {
  if (Array.isArray(json)) {
    return json.map(valueOfJson);
  }
  if (typeof json === 'object' && json !== null) {
    return new Map(Object.entries(json).map(([key, item]) => [key, valueOfJson(item)]));
  }
  return typeof json === 'string' || typeof json === 'number' || typeof json === 'boolean' ? json : null;
}

/** As JSON, with the keys of objects in order, as HCL has them. */
export function jsonOf(value: Value): string {
  if (isList(value)) {
    return `[${value.map(jsonOf).join(',')}]`;
  }
  if (isObject(value)) {
    const entries = [...value].sort(([one], [other]) => (one < other ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${jsonOf(item)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** Ends at the first difference. */
export function isEqual(one: Value, other: Value): boolean {
  if (one === other || one === null || other === null) {
    return one === other;
  }
  if (isList(one)) {
    return (
      isList(other) && one.length === other.length && one.every((item, index) => isEqual(item, other[index] ?? null))
    );
  }
  if (isObject(one)) {
    return (
      isObject(other) &&
      one.size === other.size &&
      [...one].every(([key, item]) => other.has(key) && isEqual(item, other.get(key) ?? null))
    );
  }
  return false;
}

interface Measure {
  /** Characters, items and keys, as often as they are in the value. */
  readonly weight: number;
  readonly depth: number;
}

const measures = new WeakMap<object, Measure>();

/** Values share their parts, so that a short file can describe one that is larger than any memory. */
export function measure(value: Value): Measure {
  if (value === null || typeof value !== 'object') {
    return { weight: typeof value === 'string' ? value.length : 1, depth: 0 };
  }
  const known = measures.get(value);
  if (known) {
    return known;
  }
  let weight = 1;
  let depth = 0;
  for (const part of isList(value) ? value : [...value.keys(), ...value.values()]) {
    const inner = measure(part);
    weight += inner.weight + 1;
    depth = Math.max(depth, inner.depth);
  }
  const measured = { weight, depth: depth + 1 };
  measures.set(value, measured);
  return measured;
}
