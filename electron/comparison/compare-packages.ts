import { maxListedDifferences, type PlatformComparison } from '../../shared/compare.ts';
import type { ImagePackages } from '../../shared/packages.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { compareValues } from './compare-config.ts';

type Packages = Pick<ImagePackages, 'packages' | 'problems'>;

/** Which packages were added and removed, and whose versions differ. */
export function comparePackages(a: Packages, b: Packages): NonNullable<PlatformComparison['packages']> {
  const differences = compareValues(versionsOf(a), versionsOf(b));
  const added = differences.filter((each) => each.a === undefined).length;
  const removed = differences.filter((each) => each.b === undefined).length;
  return {
    ...{ added, removed, changed: differences.length - added - removed },
    entries: differences.slice(0, maxListedDifferences),
    problems: a.problems.length + b.problems.length,
  };
}

/** The versions of each package, of which npm may have several, by its kind and name. */
function versionsOf({ packages }: Packages): Map<string, string> {
  const versions = new Map<string, string[]>();
  for (const { kind, name, version = 'no version' } of packages) {
    const key = `${kind} ${sanitizeLine(name, 300)}`;
    const known = versions.get(key) ?? [];
    const text = sanitizeLine(version, 200);
    versions.set(key, known.includes(text) ? known : [...known, text]);
  }
  return new Map([...versions].map(([key, known]) => [key, known.join(', ')]));
}
