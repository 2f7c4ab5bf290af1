/**
 * Content of files that others have written, looked at piece by piece: one entry that is wrong does not take the others with it,
 * which a schema of the whole would do. `__proto__` is a key like any other.
 */
export function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

/** A field of an object. Go, in which podman and docker are written, takes JSON's keys in any case. */
export function field(value: unknown, name: string): unknown {
  const entries = entriesOf(value);
  const exact = entries.find(([key]) => key === name);
  return (exact ?? entries.find(([key]) => key.toLowerCase() === name.toLowerCase()))?.[1];
}

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** How long a text from a file may be in a sentence. */
const maxQuoted = 64;

/** A text from a file in a sentence: on one line, and not for ever. */
export function quote(text: string): string {
  const line = text.slice(0, maxQuoted * 2).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�');
  return `"${line.length > maxQuoted || text.length > maxQuoted * 2 ? `${line.slice(0, maxQuoted)}…` : line}"`;
}
