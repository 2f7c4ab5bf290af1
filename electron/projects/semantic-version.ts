/** A version as https://semver.org defines it, with or without a `v` before it. */
export interface SemanticVersion {
  readonly text: string;
  readonly numbers: readonly [major: bigint, minor: bigint, patch: bigint];
  /** Its parts. Empty for a release. */
  readonly preRelease: readonly string[];
  /** Whether it begins with `v`, as versions of Go modules do. */
  readonly hasPrefix: boolean;
}

const maxLength = 128;
const pattern =
  /^(v?)(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:[0-9A-Za-z-]+)(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?$/;

export function parseSemanticVersion(text: string): SemanticVersion | undefined {
  const [, prefix, major, minor, patch, preRelease] = (text.length <= maxLength && pattern.exec(text)) || [];
  return major === undefined || minor === undefined || patch === undefined
    ? undefined
    : {
        text,
        numbers: [BigInt(major), BigInt(minor), BigInt(patch)],
        preRelease: preRelease?.split('.') ?? [],
        hasPrefix: prefix === 'v',
      };
}

/** Negative if `one` is the lower version. What follows a `+` does not count. */
export function compareVersions(one: SemanticVersion, other: SemanticVersion): number {
  for (const index of [0, 1, 2] as const) {
    if (one.numbers[index] !== other.numbers[index]) {
      return one.numbers[index] < other.numbers[index] ? -1 : 1;
    }
  }
  if (one.preRelease.length === 0 || other.preRelease.length === 0) {
    return other.preRelease.length - one.preRelease.length;
  }
  for (let index = 0; index < Math.max(one.preRelease.length, other.preRelease.length); index++) {
    const order = comparePart(one.preRelease[index], other.preRelease[index]);
    if (order !== 0) {
      return order;
    }
  }
  return 0;
}

/** Numbers are lower than words, and fewer parts lower than more. */
function comparePart(one: string | undefined, other: string | undefined): number {
  if (one === undefined || other === undefined) {
    return one === other ? 0 : one === undefined ? -1 : 1;
  }
  const numbers = [one, other].map((part) => (/^\d+$/.test(part) ? BigInt(part) : undefined));
  const [first, second] = numbers;
  if (first !== undefined && second !== undefined) {
    return first < second ? -1 : Number(first > second);
  }
  if (first !== undefined || second !== undefined) {
    return first === undefined ? 1 : -1;
  }
  return one < other ? -1 : Number(one > other);
}

export function highestVersion(versions: readonly SemanticVersion[]): SemanticVersion | undefined {
  return [...versions].sort((one, other) => compareVersions(other, one))[0];
}

/**
 * The version that Go gives to a commit without a tag.
 * @param base the highest version before it. @param seconds the time of the commit, since 1970
 * @see https://go.dev/ref/mod#pseudo-versions
 */
export function pseudoVersion(base: SemanticVersion | undefined, seconds: number, commit: string): string {
  const time = new Date(seconds * 1000).toISOString().replaceAll(/\D/g, '').slice(0, 14);
  const suffix = `${time}-${commit.slice(0, 12)}`;
  if (!base) {
    return `v0.0.0-${suffix}`;
  }
  const [major, minor, patch] = base.numbers;
  return base.preRelease.length > 0
    ? `v${major}.${minor}.${patch}-${base.preRelease.join('.')}.0.${suffix}`
    : `v${major}.${minor}.${patch + 1n}-0.${suffix}`;
}
