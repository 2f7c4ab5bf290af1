/**
 * Fields of JSON that other programs wrote, read as Go's decoder does, with which most of those programs read it
 * themselves: null is the same as a missing field, and the case of a name does not matter. A value of another type is
 * missing, too, so that a mistake in one field does not hide the others.
 */

/** An object by the names of its fields. Empty for any other value. */
export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {};
}

/** The value of a field: undefined if it is missing or null. The exact name comes before its other spellings. */
export function fieldOf(object: unknown, name: string): unknown {
  const fields = fieldsOf(object);
  const key = Object.hasOwn(fields, name)
    ? name
    : Object.keys(fields).find((other) => other.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : (fields[key] ?? undefined);
}

/** Undefined also for an empty text, which Go's programs write for "none". */
export function textOf(object: unknown, name: string): string | undefined {
  const value = fieldOf(object, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A number, also if it is written as a text. */
export function numberOf(object: unknown, name: string): number | undefined {
  const value = fieldOf(object, name);
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** The fields of an object in a field. */
export function objectOf(object: unknown, name: string): Fields {
  return fieldsOf(fieldOf(object, name));
}
