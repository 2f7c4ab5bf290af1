/** The limits of a prune as people write them. */

const hourMs = 3_600_000;
const ageUnits: Readonly<Record<string, number>> = { m: 60_000, h: hourMs, d: 24 * hourMs, w: 7 * 24 * hourMs };

/** `90m`, `12h`, `7d`, `4w` in milliseconds. Undefined if it is none. */
export function parseAge(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,5})([a-z])$/.exec(text.trim().toLowerCase()) ?? [];
  const unitMs = ageUnits[unit ?? ''];
  return unitMs === undefined ? undefined : Number(digits) * unitMs;
}

/** `4w`, `7d`, `12h`, `90m`: what {@link parseAge} reads. */
export function formatAge(ms: number): string {
  const [unit, size] = Object.entries(ageUnits).findLast(([, size]) => ms % size === 0) ?? ['m', 60_000];
  return `${Math.round(ms / size)}${unit}`;
}

/** The exponents of the units. */
const sizeUnits: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** `20GB`, `1.5 TB`, `500m`: decimal units as sizes are shown in; `20GiB` is binary. In bytes. Undefined if it is none. */
export function parseSize(text: string): number | undefined {
  const [, digits, unit = '', binary] =
    /^(\d{1,9}(?:\.\d{1,3})?)\s*([ac-z]?)(i?)b?$/.exec(text.trim().toLowerCase()) ?? [];
  const bytes = Number(digits) * (binary ? 1024 : 1000) ** (sizeUnits[unit] ?? 0);
  return digits === undefined || !(unit in sizeUnits) || (binary && unit === '') || bytes > Number.MAX_SAFE_INTEGER
    ? undefined
    : Math.round(bytes);
}
