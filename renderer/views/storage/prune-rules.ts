import { formatBytes } from '../../../shared/format.ts';
import { defaultParts, type PrunePart, pruneOrder } from '../../../shared/storage-kinds.ts';
import { formatAge, parseSize } from '../../../shared/storage-limits.ts';
import type { PruneRules } from '../../../shared/storage-use.ts';

/** What a form has of the rules of a prune. */
export interface RulesDraft {
  readonly parts: ReadonlySet<PrunePart>;
  /** In milliseconds, as a text. Empty: any age. */
  readonly age: string;
  readonly keep: string;
}

const dayMs = 24 * 3600 * 1000;

export const ages = [
  { value: '', label: 'Any age' },
  { value: String(dayMs), label: 'Older than a day' },
  { value: String(7 * dayMs), label: 'Older than 7 days' },
  { value: String(30 * dayMs), label: 'Older than 30 days' },
];

/** The ages to choose from, with the one that is chosen, which the terminal may have set. */
export function agesWith(age: string): typeof ages {
  return ages.some(({ value }) => value === age)
    ? ages
    : [...ages, { value: age, label: `Older than ${formatAge(Number(age))}` }];
}

export function draftOf({ parts = defaultParts, olderThanMs, keepBytes }: Partial<PruneRules> = {}): RulesDraft {
  return {
    parts: new Set(parts),
    age: olderThanMs === undefined ? '' : String(olderThanMs),
    keep: keepBytes === undefined ? '' : formatBytes(keepBytes),
  };
}

/** What is wrong with the size to keep. */
export function keepError({ keep }: RulesDraft): string | undefined {
  return keep.trim() !== '' && parseSize(keep) === undefined ? 'Enter a size, such as 20 GB.' : undefined;
}

/** Nothing is kept if the size is not valid. */
export function rulesOf({ parts, age, keep }: RulesDraft): PruneRules {
  const keepBytes = keep.trim() === '' ? undefined : parseSize(keep);
  return {
    parts: pruneOrder.filter((part) => parts.has(part)),
    ...(age === '' ? {} : { olderThanMs: Number(age) }),
    ...(keepBytes === undefined ? {} : { keepBytes }),
  };
}
