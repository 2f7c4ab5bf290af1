/** Formats numbers, times and names for people, the same in every front end. */

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
  return `${value.toFixed(digits)} ${byteUnits[unit] ?? 'B'}`;
}

/**
 * A part of a whole in the unit of the whole, so that the unit does not change while the part grows: `8.1 of 12.4 MB`.
 */
export function formatBytesOf(part: number, whole: number): string {
  const total = formatBytes(whole);
  const unit = byteUnits.findIndex((name) => total.endsWith(` ${name}`));
  const digits = total.includes('.') ? 1 : 0;
  return `${(Math.min(part, whole) / 1000 ** Math.max(0, unit)).toFixed(digits)} of ${total}`;
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
    return `${seconds.toFixed(1)} s`;
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
    return 'yesterday';
  }
  return days < 14 ? `${days} days ago` : time.toISOString().slice(0, 10);
}

/** A count with its noun: `1 file`, `1,204 files`, `2 boxes`. */
export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}

/** A whole number with commas between thousands, in every locale. */
export function formatNumber(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',');
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

/** A list of names in a sentence: `a`, `a and b`, `a, b and c`. */
export function formatList(names: readonly string[]): string {
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
