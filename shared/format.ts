/** Formats numbers, times and names for people, the same in every front end, as the language of the texts has them. */
import { isEnglish, locale } from './locale.ts';

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Bytes in decimal units with at most three significant digits: `812 B`, `12.4 MB`, `212 MB`. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  // 999.5 and more would be rounded to 1000, so the next unit starts there
  while (value >= (unit === 0 ? 1000 : 999.5) && unit < byteUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${formatDecimal(value, digits)} ${byteUnits[unit] ?? 'B'}`;
}

/**
 * A part of a whole in the unit of the whole, so that the unit does not change while the part grows: `8.1 of 12.4 MB`.
 */
export function formatBytesOf(part: number, whole: number): string {
  const total = formatBytes(whole);
  const unit = byteUnits.findIndex((name) => total.endsWith(` ${name}`));
  const digits = /\d\D\d /.test(total) ? 1 : 0;
  return `${formatDecimal(Math.min(part, whole) / 1000 ** Math.max(0, unit), digits)} of ${total}`;
}

/** What was sent of a context, and of how much if the node had the rest already: `12.4 MB`, `12.0 kB of 51.0 MB`. */
export function formatSent({
  bytesSent,
  bytesReused = 0,
}: {
  bytesSent: number;
  bytesReused?: number | undefined;
}): string {
  return bytesReused === 0
    ? formatBytes(bytesSent)
    : `${formatBytes(bytesSent)} of ${formatBytes(bytesSent + bytesReused)}`;
}

/** A duration in milliseconds: `20 ms`, `0.4 s`, `12 s`, `4:12`, `1:04:09`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 0.095) {
    return `${Math.round(seconds * 1000)} ms`;
  }
  if (seconds < 9.95) {
    return `${formatDecimal(seconds, 1)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return `${whole} s`;
  }
  return formatClock(whole * 1000);
}

/** A running clock in milliseconds, with the full seconds that have passed: `0:07`, `4:12`, `1:04:09`. */
export function formatClock(milliseconds: number): string {
  const seconds = Math.floor(Math.max(0, milliseconds) / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0
    ? `${hours}:${twoDigits(minutes)}:${twoDigits(seconds % 60)}`
    : `${minutes}:${twoDigits(seconds % 60)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** @texts */
const yesterday = 'yesterday';

/**
 * How long ago a time was: `just now`, `5 min ago`, `3 h ago`, `yesterday`, `4 days ago`, then the date as
 * `2026-02-28`.
 */
export function formatAgo(time: Date, now: Date): string {
  const seconds = (now.getTime() - time.getTime()) / 1000;
  if (seconds < 45) {
    return 'just now';
  }
  if (seconds < 3570) {
    return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  }
  if (seconds < 23.5 * 3600) {
    return `${Math.round(seconds / 3600)} h ago`;
  }
  const days = Math.round(seconds / 86_400);
  if (days <= 1) {
    return yesterday;
  }
  return days < 14 ? formatCount(days, 'day ago', 'days ago') : time.toISOString().slice(0, 10);
}

/** The forms of a text by the plural category of a count, as a translation has them. A null character stands for the count. */
export type PluralForms = { readonly [category in Intl.LDMLPluralRule]?: string };

let rules: Intl.PluralRules | undefined;

/**
 * One of two texts, by a count: `pluralText(n, 'its image', 'its images')`. Translations have the forms of their languages in
 * place of the texts. The only place that chooses a form.
 */
export function pluralText(count: number, one: string | PluralForms, many = ''): string {
  if (typeof one === 'string') {
    return count === 1 ? one : many;
  }
  // made when it is needed: it takes a terminal long to load
  rules ??= new Intl.PluralRules(locale);
  return one[rules.select(count)] ?? one.other ?? '';
}

/** A count with its noun, or with what is said of it: `1 file`, `1,204 files`, `2 boxes`, `3 images are damaged`. */
export function formatCount(count: number, one: string | PluralForms, many?: string): string {
  const number = formatNumber(count);
  return typeof one === 'string'
    ? `${number} ${pluralText(count, one, many ?? `${one}s`)}`
    : pluralText(count, one).replace('\0', () => number);
}

/** A whole number with its thousands separated, in English with commas: `1,204`. */
export function formatNumber(value: number): string {
  return isEnglish
    ? String(Math.round(value)).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',')
    : formatDecimal(Math.round(value), 0, true);
}

const decimals = new Map<string, Intl.NumberFormat>();

/** A number with so many digits after the decimal separator. */
function formatDecimal(value: number, digits: number, useGrouping = false): string {
  if (isEnglish) {
    return value.toFixed(digits);
  }
  const key = `${digits}${useGrouping}`;
  const format =
    decimals.get(key) ??
    new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping });
  decimals.set(key, format);
  return format.format(value);
}

/** A platform without `linux/`: `amd64`, `arm/v7`, but `windows/amd64`. */
export function formatPlatform(platform: string): string {
  return platform.replace(/^linux\//, '');
}

/** The last part of a reference, for narrow columns: `registry.example.com/team/api:1.4` becomes `api:1.4`. */
export function formatReferenceShort(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1);
}

/** The last part of a path of any system: `/home/anna/api` and `C:\\projects\\api` become `api`. */
export function formatPathShort(path: string): string {
  // only paths of Windows have backslashes between their parts
  return (
    path
      .split(path.startsWith('/') ? '/' : /[\\/]/)
      .filter(Boolean)
      .at(-1) ?? path
  );
}

/** The first 12 characters of a digest: `sha256:1f0c…` becomes `1f0c8a22b9d4`. */
export function formatDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}

let lists: Intl.ListFormat | undefined;

/** A list of names in a sentence: `a`, `a and b`, `a, b and c`. */
export function formatList(names: readonly string[]): string {
  if (!isEnglish) {
    lists ??= new Intl.ListFormat(locale);
    return lists.format(names);
  }
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

/** Where something is in a file: `Containerfile:7`. */
export function formatSource({ file, firstLine }: { readonly file: string; readonly firstLine: number }): string {
  return `${file}:${firstLine}`;
}

/** `14:03:59`, in the time zone of this computer. @param time in milliseconds since 1970 */
export function formatTimeOfDay(time: number): string {
  // not by Intl, which takes a terminal long to load
  const at = new Date(time);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(':');
}

/** What is wrong with an image that a build has allowed: `Programs for another platform: arm64`. Undefined if nothing is. */
export function formatMismatched(mismatched: readonly string[] = []): string | undefined {
  return mismatched.length === 0
    ? undefined
    : `Programs for another platform: ${formatList(mismatched.map(formatPlatform))}`;
}

/** What an image lacks: `Incomplete: no arm64 and s390x`, `Without riscv64 (optional)`. Undefined if it is complete. */
export function formatMissing({
  missing = [],
  optional = [],
}: {
  readonly missing?: readonly string[] | undefined;
  readonly optional?: readonly string[] | undefined;
}): string | undefined {
  const lacking = missing.filter((platform) => !optional.includes(platform));
  const texts = [
    ...(lacking.length > 0 ? [`Incomplete: no ${formatList(lacking.map(formatPlatform))}`] : []),
    ...(optional.length > 0 ? [`Without ${formatList(optional.map(formatPlatform))} (optional)`] : []),
  ];
  return texts.length === 0 ? undefined : texts.join('. ');
}

/** Compares versions such as `5.4.2` and `26.1.5+dfsg1` by their first three numbers. Negative if the first is older. */
export function compareVersions(one: string, other: string): number {
  const [first, second] = [one, other].map((version) => (version.match(/\d+/g) ?? []).slice(0, 3).map(Number));
  return (
    [0, 1, 2].map((part) => (first?.[part] ?? 0) - (second?.[part] ?? 0)).find((difference) => difference !== 0) ?? 0
  );
}
